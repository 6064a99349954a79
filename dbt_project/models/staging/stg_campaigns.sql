{{ current_rows('campaigns') }}

select * from current_rows
