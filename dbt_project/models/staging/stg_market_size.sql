{{ current_rows('market_size') }}

select * from current_rows
