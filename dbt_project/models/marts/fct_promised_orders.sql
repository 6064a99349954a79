-- one row an order that counts and has a promised date, under the month of that date: fully delivered by it or not
with

-- a house that writes no promised date on its orders has it in the flow of the order, as the delivery's limit
agreed as (
    select order_id, max(step_due_date) as agreed_date
    from {{ ref('stg_order_events') }}
    where order_step = 'delivery'
    group by order_id
),

orders as (
    select
        orders.* except (promised_date),
        coalesce(orders.promised_date, agreed.agreed_date) as promised_date
    from {{ ref('fct_orders') }} as orders
    left join agreed
        on orders.order_id = agreed.order_id
),

today as (
    select as_of_date from {{ ref('stg_run_day') }}
),

final as (
    select
        cast(orders.order_id as string) as order_id,
        {{ month_start('orders.promised_date') }} as month_start,
        cast(orders.ordered_date as date) as ordered_date,
        cast(orders.promised_date as date) as promised_date,
        cast(orders.delivered_date as date) as delivered_date,
        cast(orders.region as string) as region,
        cast(orders.segment as string) as segment,
        cast(orders.channel as string) as channel,
        cast(orders.department as string) as department,
        cast(orders.customer_key as string) as customer_key,
        cast(case
            when orders.delivered_date <= orders.promised_date then 'in_time'
            when orders.delivered_date > orders.promised_date then 'late'
            -- delivered by its status, nobody says when
            when orders.is_delivered then 'undated'
            when orders.promised_date < today.as_of_date then 'overdue'
            else 'not_yet_due'
        end as string) as fulfilment_status,
        cast(case when orders.delivered_date > orders.promised_date
            then {{ days_between('orders.promised_date', 'orders.delivered_date') }}
        end as bigint) as days_late,
        cast(orders.sales_amount as decimal(18, 2)) as sales_amount,
        cast(orders.ledger_delivery_id as string) as ledger_delivery_id,
        cast(orders.ledger_row_number as bigint) as ledger_row_number
    from orders
    cross join today
    where orders.promised_date is not null
        and orders.is_counted
        and not orders.is_cancelled
)

select * from final
