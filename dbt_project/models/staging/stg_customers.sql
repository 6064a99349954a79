{{ current_rows('customers') }}

select * from current_rows
