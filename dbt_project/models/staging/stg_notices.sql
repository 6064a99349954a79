{{ current_rows('notices') }}

select * from current_rows
