{{ current_rows('employees') }}

select * from current_rows
