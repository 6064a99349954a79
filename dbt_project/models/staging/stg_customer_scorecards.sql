{{ current_rows('customer_scorecards') }}

select * from current_rows
