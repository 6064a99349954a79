{{ current_rows('return_visits') }}

select * from current_rows
