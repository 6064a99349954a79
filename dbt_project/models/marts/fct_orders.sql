-- one row per order: its header joined with what its lines and payments say; an order without a header is its lines
{%- set changed_customers = changed_rows(
    'dim_customers', ['customer_id', 'customer_key', 'person_key', 'region', 'segment', 'phone_surrogate']
) %}
{%- set known_person = 'coalesce(joined.phone_surrogate, joined.email_surrogate, customers.person_key, joined.line_person_key)' %}
{{ config(meta={'increment': {
    'key': ['order_id'],
    'touched_by': {
        'stg_orders': "select order_id from changes.stg_orders",
        'fct_sales_lines': "select order_id from changes.fct_sales_lines",
        'stg_payments': "select order_id from changes.stg_payments",
        'dim_customers': "select order_id from stg_orders where customer_id in (select customer_id from " ~ changed_customers
            ~ ") or phone_surrogate in (select phone_surrogate from " ~ changed_customers ~ ")",
        'int_names_linked_to_persons':
            'select order_id from ' ~ rows_of_changed_names('stg_orders', 'customer_name_surrogate'),
    }
}}) }}
with

headers as (
    select * from {{ ref('stg_orders') }} {{ only_touched('order_id') }}
),

lines as (
    select * from {{ ref('fct_sales_lines') }} {{ only_touched('order_id') }}
),

payments as (
    select * from {{ ref('stg_payments') }} {{ only_touched('order_id') }}
),

statuses as (
    select * from {{ ref('order_statuses') }}
),

customers as (
    select * from {{ ref('dim_customers') }}
),

phone_owners as (
    select
        phone_surrogate,
        min(customer_id) as customer_id
    from customers
    where phone_surrogate is not null
    group by phone_surrogate
),

order_lines as (
    select
        order_id,
        min(ordered_at) filter (where line_type <> 'refund') as ordered_at,
        min(ordered_date) filter (where line_type <> 'refund') as ordered_date,
        max(delivered_date) as delivered_date,
        min(line_key) as first_line_key,
        min_by(customer_key, line_key) filter (where customer_key is not null) as customer_key,
        min_by(person_key, line_key) filter (where person_key is not null) as person_key,
        min_by(lead_id, line_key) filter (where lead_id is not null) as lead_id,
        count(*) filter (where is_counted and line_type = 'sale') as counted_line_count,
        count(*) as line_count,
        sum(net_amount) filter (where is_counted) as sales_amount,
        sum(quantity) filter (where is_counted) as units_sold
    from lines
    group by order_id
),

first_lines as (
    select
        order_lines.*,
        lines.region,
        lines.segment,
        lines.channel,
        lines.department,
        lines.order_status,
        lines.ledger_delivery_id,
        lines.ledger_row_number
    from order_lines
    inner join lines
        on order_lines.first_line_key = lines.line_key
),

order_payments as (
    select
        order_id,
        min(paid_date) filter (where coalesce(payment_kind, 'full') <> 'refund') as paid_date,
        sum({{ signed_payment() }}) as paid_amount
    from payments
    where {{ is_received() }}
    group by order_id
),

joined as (
    select
        coalesce(headers.order_id, order_lines.order_id) as order_id,
        coalesce(headers.ordered_at, order_lines.ordered_at) as ordered_at,
        coalesce(headers.ordered_date, order_lines.ordered_date) as ordered_date,
        headers.approved_at,
        headers.shipped_at,
        headers.delivered_at,
        coalesce(headers.delivered_date, order_lines.delivered_date) as delivered_date,
        headers.promised_date,
        headers.paid_date as header_paid_date,
        headers.order_amount,
        coalesce(headers.order_status, order_lines.order_status, 'unknown') as order_status,
        headers.region as header_region,
        headers.segment as header_segment,
        headers.channel as header_channel,
        headers.department as header_department,
        coalesce(headers.lead_id, order_lines.lead_id) as lead_id,
        headers.phone_surrogate,
        headers.email_surrogate,
        headers.customer_name_surrogate,
        headers.company_name_surrogate,
        coalesce(headers.customer_id, phone_owners.customer_id) as known_customer_id,
        coalesce(headers.ledger_delivery_id, order_lines.ledger_delivery_id) as ledger_delivery_id,
        coalesce(headers.ledger_row_number, order_lines.ledger_row_number) as ledger_row_number,
        order_lines.region as line_region,
        order_lines.segment as line_segment,
        order_lines.channel as line_channel,
        order_lines.department as line_department,
        order_lines.customer_key as line_customer_key,
        order_lines.person_key as line_person_key,
        order_lines.counted_line_count,
        order_lines.line_count,
        order_lines.sales_amount,
        order_lines.units_sold
    from headers
    full outer join first_lines as order_lines
        on headers.order_id = order_lines.order_id
    left join phone_owners
        on headers.phone_surrogate = phone_owners.phone_surrogate
),

final as (
    select
        cast(joined.order_id as string) as order_id,
        {{ month_start('joined.ordered_date') }} as month_start,
        cast(joined.ordered_date as date) as ordered_date,
        cast(joined.ordered_at as timestamp) as ordered_at,
        cast(joined.approved_at as timestamp) as approved_at,
        cast(joined.shipped_at as timestamp) as shipped_at,
        cast(joined.delivered_at as timestamp) as delivered_at,
        cast(joined.delivered_date as date) as delivered_date,
        cast(joined.promised_date as date) as promised_date,
        cast(coalesce(order_payments.paid_date, joined.header_paid_date) as date) as paid_date,
        cast(joined.order_status as string) as order_status,
        -- An order whose lines are all samples, gifts or refunds is no sale.
        cast(
            coalesce(statuses.counts_as_sale, true) and coalesce(joined.counted_line_count, 1) > 0 as boolean
        ) as is_counted,
        cast(coalesce(statuses.is_cancelled, false) as boolean) as is_cancelled,
        cast(
            not coalesce(statuses.is_cancelled, false)
            and (coalesce(statuses.is_delivered, false) or joined.delivered_date is not null) as boolean
        ) as is_delivered,
        cast(coalesce(joined.header_region, joined.line_region, customers.region, 'unknown') as string) as region,
        cast(coalesce(joined.header_segment, joined.line_segment, customers.segment, 'unknown') as string) as segment,
        cast(coalesce(joined.header_channel, joined.line_channel, 'unknown') as string) as channel,
        cast(coalesce(joined.header_department, joined.line_department, 'unknown') as string) as department,
        cast(
            coalesce(
                customers.customer_key,
                joined.line_customer_key,
                case when {{ known_person }} is null then names.customer_key end
            ) as string
        ) as customer_key,
        cast(coalesce({{ known_person }}, names.person_key) as string) as person_key,
        cast(
            {{ identity_basis(
                'joined.phone_surrogate', 'joined.email_surrogate', 'coalesce(customers.person_key, joined.line_person_key)'
            ) }} as string
        ) as identity_basis,
        cast(case when {{ known_person }} is null then names.confidence end as double) as identity_confidence,
        cast(joined.lead_id as string) as lead_id,
        cast(coalesce(joined.line_count, 0) as bigint) as line_count,
        cast(coalesce(joined.units_sold, 0) as decimal(18, 4)) as units_sold,
        cast(coalesce(joined.sales_amount, 0) as decimal(18, 2)) as sales_amount,
        cast(joined.order_amount as decimal(18, 2)) as order_amount,
        cast(coalesce(order_payments.paid_amount, 0) as decimal(18, 2)) as paid_amount,
        cast(joined.ledger_delivery_id as string) as ledger_delivery_id,
        cast(joined.ledger_row_number as bigint) as ledger_row_number
    from joined
    left join customers
        on joined.known_customer_id = customers.customer_id
    left join {{ ref('int_names_linked_to_persons') }} as names
        on {{ same_name('joined', 'customer_name_surrogate') }}
    left join order_payments
        on joined.order_id = order_payments.order_id
    left join statuses
        on joined.order_status = statuses.order_status
)

select * from final
