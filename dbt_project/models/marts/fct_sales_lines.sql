-- one row per order line; what the line leaves out stands in the order's header, the product or the customer
{%- set changed_customers = changed_rows(
    'dim_customers', ['customer_id', 'customer_key', 'person_key', 'region', 'segment', 'phone_surrogate']
) %}
{%- set of_changed_customers = "customer_id in (select customer_id from " ~ changed_customers
    ~ ") or phone_surrogate in (select phone_surrogate from " ~ changed_customers ~ ")" %}
{{ config(meta={'increment': {
    'key': ['line_key'],
    'touched_by': {
        'stg_sales': "select ledger_record_key from changes.stg_sales",
        'stg_orders': "select ledger_record_key from stg_sales where order_id in (select order_id from changes.stg_orders)",
        'dim_customers': "select ledger_record_key from stg_sales where " ~ of_changed_customers
            ~ " or order_id in (select order_id from stg_orders where " ~ of_changed_customers ~ ")",
        'dim_products': "select ledger_record_key from stg_sales where coalesce(product_id, product_name, 'unknown') in"
            ~ " (select product_id from " ~ changed_rows(
                'dim_products', ['product_id', 'product_name', 'product_category', 'launch_date']
            ) ~ ")",
    }
}}) }}
with

lines as (
    select * from {{ ref('stg_sales') }} {{ only_touched('ledger_record_key') }}
),

orders as (
    select * from {{ ref('stg_orders') }}
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

products as (
    select * from {{ ref('dim_products') }}
),

-- The customer's number: the line's own, the header's, or that of the owner of the phone.
identified_lines as (
    select
        lines.*,
        orders.ordered_at as order_ordered_at,
        orders.ordered_date as order_ordered_date,
        orders.delivered_date as order_delivered_date,
        orders.order_status as header_status,
        orders.region as order_region,
        orders.channel as order_channel,
        orders.segment as order_segment,
        orders.department as order_department,
        orders.lead_id as order_lead_id,
        coalesce(lines.phone_surrogate, orders.phone_surrogate, orders.email_surrogate) as contact_surrogate,
        coalesce(
            lines.customer_id, orders.customer_id, line_phone_owners.customer_id, order_phone_owners.customer_id
        ) as known_customer_id,
        coalesce(lines.product_id, lines.product_name, 'unknown') as known_product_id,
        coalesce(lines.line_type, 'sale') as known_line_type
    from lines
    left join orders
        on lines.order_id = orders.order_id
    left join phone_owners as line_phone_owners
        on lines.phone_surrogate = line_phone_owners.phone_surrogate
    left join phone_owners as order_phone_owners
        on orders.phone_surrogate = order_phone_owners.phone_surrogate
),

final as (
    select
        cast(lines.ledger_record_key as string) as line_key,
        cast(lines.order_id as string) as order_id,
        cast(lines.line_number as bigint) as line_number,
        {{ month_start('coalesce(lines.ordered_date, lines.order_ordered_date)') }} as month_start,
        cast(coalesce(lines.ordered_date, lines.order_ordered_date) as date) as ordered_date,
        cast(coalesce(lines.ordered_at, lines.order_ordered_at) as timestamp) as ordered_at,
        cast(coalesce(lines.delivered_date, lines.order_delivered_date) as date) as delivered_date,
        cast(coalesce(lines.region, lines.order_region, customers.region, 'unknown') as string) as region,
        cast(coalesce(lines.segment, lines.order_segment, customers.segment, 'unknown') as string) as segment,
        cast(coalesce(lines.channel, lines.order_channel, 'unknown') as string) as channel,
        cast(coalesce(lines.department, lines.order_department, 'unknown') as string) as department,
        cast(customers.customer_key as string) as customer_key,
        cast(coalesce(lines.contact_surrogate, customers.person_key) as string) as person_key,
        cast(coalesce(lines.lead_id, lines.order_lead_id) as string) as lead_id,
        cast(lines.known_product_id as string) as product_id,
        cast(coalesce(lines.product_name, products.product_name, lines.known_product_id) as string) as product_name,
        cast(coalesce(lines.product_category, products.product_category, 'unknown') as string) as product_category,
        cast(products.launch_date as date) as launch_date,
        cast(lines.known_line_type as string) as line_type,
        cast(coalesce(lines.order_status, lines.header_status, 'unknown') as string) as order_status,
        -- A line counts when neither its own status nor its order's says otherwise; samples and gifts are no sales.
        cast(
            coalesce(line_statuses.counts_as_sale, true)
            and coalesce(order_statuses.counts_as_sale, true)
            and lines.known_line_type in ('sale', 'refund') as boolean
        ) as is_counted,
        cast(
            coalesce(line_statuses.is_delivered, false)
            or coalesce(order_statuses.is_delivered, false)
            or coalesce(lines.delivered_date, lines.order_delivered_date) is not null as boolean
        ) as is_delivered,
        cast(
            coalesce(
                coalesce(lines.ordered_date, lines.order_ordered_date)
                < {{ add_months('products.launch_date', 'cast(' ~ threshold('new_product_months') ~ ' as integer)') }},
                false
            ) as boolean
        ) as is_new_product,
        cast(
            case when lines.known_line_type = 'refund' then -abs(lines.quantity) else lines.quantity end
            as decimal(18, 4)
        ) as quantity,
        cast(lines.unit_price as decimal(18, 4)) as unit_price,
        cast(lines.discount_amount as decimal(18, 2)) as discount_amount,
        cast(
            case when lines.known_line_type = 'refund' then -abs(lines.amount) else lines.amount end
            as decimal(18, 2)
        ) as net_amount,
        cast(lines.profit_amount as decimal(18, 2)) as profit_amount,
        cast(lines.ledger_delivery_id as string) as ledger_delivery_id,
        cast(lines.ledger_row_number as bigint) as ledger_row_number
    from identified_lines as lines
    left join customers
        on lines.known_customer_id = customers.customer_id
    left join products
        on lines.known_product_id = products.product_id
    left join statuses as line_statuses
        on lines.order_status = line_statuses.order_status
    left join statuses as order_statuses
        on lines.header_status = order_statuses.order_status
)

select * from final
