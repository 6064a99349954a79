{{ current_rows('order_events') }}

select * from current_rows
