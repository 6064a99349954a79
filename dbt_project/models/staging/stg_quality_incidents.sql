{{ current_rows('quality_incidents') }}

select * from current_rows
