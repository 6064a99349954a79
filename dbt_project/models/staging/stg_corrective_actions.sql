{{ current_rows('corrective_actions') }}

select * from current_rows
