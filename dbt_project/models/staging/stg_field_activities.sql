{{ current_rows('field_activities') }}

select * from current_rows
