{{ current_rows('sales_targets') }}

select * from current_rows
