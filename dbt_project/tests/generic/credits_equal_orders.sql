{# Each model's credits sum exactly to the orders that count and to their sales. #}
{% test credits_equal_orders(model) %}
with

credits as (
    select
        attribution_model,
        order_id,
        sum(credited_orders) as credited_orders,
        sum(credited_amount) as credited_amount
    from {{ model }}
    group by attribution_model, order_id
),

orders as (
    select order_id, sales_amount from {{ ref('fct_orders') }} where is_counted and ordered_date is not null
)

select orders.order_id, credits.credited_orders, credits.credited_amount
from orders
full outer join credits
    on orders.order_id = credits.order_id
where credits.order_id is null
    or orders.order_id is null
    or credits.credited_orders <> 1
    or credits.credited_amount <> orders.sales_amount
{% endtest %}
