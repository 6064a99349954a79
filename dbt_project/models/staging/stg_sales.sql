{{ current_rows('sales') }}

select * from current_rows
