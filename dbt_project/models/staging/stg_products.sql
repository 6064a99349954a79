{{ current_rows('products') }}

select * from current_rows
