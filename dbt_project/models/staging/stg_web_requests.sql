{{ current_rows('web_requests') }}

select * from current_rows
