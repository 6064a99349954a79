-- one row per payment or instalment awaited, with the order that it pays for; refunds are negative
{{ config(meta={'increment': {
    'key': ['payment_key'],
    'touched_by': {
        'stg_payments': "select ledger_record_key from changes.stg_payments",
        'fct_orders': "select ledger_record_key from stg_payments where order_id in (select order_id from " ~ changed_rows(
            'fct_orders', ['order_id', 'month_start', 'region', 'segment', 'channel', 'customer_key', 'person_key']
        ) ~ ")",
    }
}}) }}
with

payments as (
    select * from {{ ref('stg_payments') }} {{ only_touched('ledger_record_key') }}
),

orders as (
    select * from {{ ref('fct_orders') }}
),

final as (
    select
        cast(payments.ledger_record_key as string) as payment_key,
        cast(payments.order_id as string) as order_id,
        cast(payments.payment_sequence as bigint) as payment_sequence,
        -- The month of the order, so that sales and what was paid for them stand in one row of a report.
        cast(orders.month_start as date) as month_start,
        cast(payments.paid_date as date) as paid_date,
        {{ month_start('payments.paid_date') }} as paid_month,
        cast(payments.due_date as date) as due_date,
        cast(coalesce(orders.region, 'unknown') as string) as region,
        cast(coalesce(orders.segment, 'unknown') as string) as segment,
        cast(coalesce(orders.channel, 'unknown') as string) as channel,
        cast(orders.customer_key as string) as customer_key,
        cast(orders.person_key as string) as person_key,
        cast(payments.payment_method as string) as payment_method,
        cast(payments.payment_kind as string) as payment_kind,
        cast(
            case when {{ is_received('payments.') }} then {{ signed_payment('payments.') }} else 0 end as decimal(18, 2)
        ) as paid_amount,
        cast({{ signed_payment('payments.') }} as decimal(18, 2)) as instalment_amount,
        cast(payments.ledger_delivery_id as string) as ledger_delivery_id,
        cast(payments.ledger_row_number as bigint) as ledger_row_number
    from payments
    left join orders
        on payments.order_id = orders.order_id
)

select * from final
