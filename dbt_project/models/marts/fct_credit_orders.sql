-- one row an order of a customer given credit: what the customer owed that day, with the order, against the limit
with

credit as (
    select * from {{ ref('fct_credit_months') }}
),

orders as (
    select orders.*, credit.credit_limit, credit.customer_group_key
    from {{ ref('fct_orders') }} as orders
    inner join credit
        on orders.customer_key = credit.customer_key and orders.month_start = credit.month_start
    where orders.is_counted and not orders.is_cancelled
),

owed_before as (
    select
        orders.order_id,
        sum(instalments.instalment_amount) as owed_amount
    from orders
    inner join {{ ref('fct_instalments') }} as instalments
        on orders.customer_key = instalments.customer_key
        and instalments.order_id <> orders.order_id
        and instalments.ordered_date < orders.ordered_date
        and coalesce(instalments.paid_date, orders.ordered_date) >= orders.ordered_date
    group by orders.order_id
),

-- An approval is of somebody with authority over the limit who signed for nobody else on this order.
approvals as (
    select
        order_id,
        max(case when may_exceed_credit_limit and is_distinct then 1 else 0 end) = 1 as is_approved,
        max(case when may_exceed_credit_limit then 1 else 0 end) = 1 as is_signed_above,
        min(case when may_exceed_credit_limit and is_distinct then signer_surrogate end) as approver_key
    from {{ ref('int_order_signatures') }}
    where is_agreed
    group by order_id
),

final as (
    select
        cast(orders.order_id as string) as order_id,
        cast(orders.month_start as date) as month_start,
        cast(orders.ordered_date as date) as ordered_date,
        cast(orders.region as string) as region,
        cast(orders.segment as string) as segment,
        cast(orders.department as string) as department,
        cast(orders.customer_key as string) as customer_key,
        cast(orders.customer_group_key as string) as customer_group_key,
        cast(orders.sales_amount as decimal(18, 2)) as sales_amount,
        cast(coalesce(owed_before.owed_amount, 0) as decimal(18, 2)) as owed_amount,
        cast(orders.credit_limit as decimal(18, 2)) as credit_limit,
        cast(coalesce(owed_before.owed_amount, 0) + orders.sales_amount > orders.credit_limit as boolean) as is_over_limit,
        cast(coalesce(approvals.is_approved, false) as boolean) as is_approved,
        cast(case
            when approvals.is_approved then 'approved'
            when approvals.is_signed_above then 'not_distinct'
            when approvals.order_id is not null then 'not_high_enough'
            else 'none'
        end as string) as approval_status,
        cast(approvals.approver_key as string) as approver_key,
        cast(orders.ledger_delivery_id as string) as ledger_delivery_id,
        cast(orders.ledger_row_number as bigint) as ledger_row_number
    from orders
    left join owed_before
        on orders.order_id = owed_before.order_id
    left join approvals
        on orders.order_id = approvals.order_id
)

select * from final
