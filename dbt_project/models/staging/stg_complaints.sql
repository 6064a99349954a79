{{ current_rows('complaints') }}

select * from current_rows
