{{ current_rows('visits') }}

select * from current_rows
