{{ current_rows('reported_figures') }}

select * from current_rows
