{{ current_rows('customer_contacts') }}

select * from current_rows
