{{ current_rows('warranty_claims') }}

select * from current_rows
