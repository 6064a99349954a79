{{ current_rows('campaign_costs') }}

select * from current_rows
