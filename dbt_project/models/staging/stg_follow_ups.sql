{{ current_rows('follow_ups') }}

select * from current_rows
