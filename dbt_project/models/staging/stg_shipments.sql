{{ current_rows('shipments') }}

select * from current_rows
