{{ current_rows('samples') }}

select * from current_rows
