{{ current_rows('market_intelligence') }}

select * from current_rows
