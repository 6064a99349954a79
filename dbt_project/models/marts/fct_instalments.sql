-- one row a payment on terms: what was due when, and how many days beyond its terms it came or still waits
with

today as (
    select as_of_date from {{ ref('stg_run_day') }}
),

payments as (
    select * from {{ ref('fct_payments') }}
    where due_date is not null and coalesce(payment_kind, 'instalment') <> 'refund'
),

orders as (
    select * from {{ ref('fct_orders') }}
),

customer_groups as (
    select
        customer_key,
        max(coalesce(parent_customer_id, customer_key)) as customer_group_key
    from {{ ref('dim_customers') }}
    group by customer_key
),

final as (
    select
        cast(payments.payment_key as string) as instalment_key,
        {{ month_start('payments.due_date') }} as month_start,
        cast(payments.order_id as string) as order_id,
        cast(payments.payment_sequence as bigint) as payment_sequence,
        cast(payments.payment_kind as string) as payment_kind,
        cast(coalesce(orders.ordered_date, payments.due_date) as date) as ordered_date,
        cast(payments.due_date as date) as due_date,
        cast(payments.paid_date as date) as paid_date,
        cast(payments.paid_month as date) as paid_month,
        cast(payments.region as string) as region,
        cast(payments.segment as string) as segment,
        cast(payments.channel as string) as channel,
        cast(coalesce(orders.department, 'unknown') as string) as department,
        cast(payments.customer_key as string) as customer_key,
        cast(coalesce(customer_groups.customer_group_key, payments.customer_key) as string) as customer_group_key,
        cast(payments.instalment_amount as decimal(18, 2)) as instalment_amount,
        -- what is still awaited has waited until today
        cast(greatest(
            {{ days_between('payments.due_date', 'coalesce(payments.paid_date, today.as_of_date)') }}, 0
        ) as bigint) as days_beyond_terms,
        cast(case
            when payments.paid_date <= payments.due_date then 'in_time'
            when payments.paid_date > payments.due_date then 'late'
            when payments.due_date < today.as_of_date then 'overdue'
            else 'not_yet_due'
        end as string) as instalment_status,
        cast(payments.ledger_delivery_id as string) as ledger_delivery_id,
        cast(payments.ledger_row_number as bigint) as ledger_row_number
    from payments
    cross join today
    left join orders
        on payments.order_id = orders.order_id
    left join customer_groups
        on payments.customer_key = customer_groups.customer_key
    -- nobody dunns for an order that was called off
    where payments.paid_date is not null or not coalesce(orders.is_cancelled, false)
)

select * from final
