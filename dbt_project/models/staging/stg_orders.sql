{{ current_rows('orders') }}

select * from current_rows
