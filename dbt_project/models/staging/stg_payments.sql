{{ current_rows('payments') }}

select * from current_rows
