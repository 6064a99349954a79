{{ current_rows('order_reviews') }}

select * from current_rows
