{{ current_rows('sales_plans') }}

select * from current_rows
