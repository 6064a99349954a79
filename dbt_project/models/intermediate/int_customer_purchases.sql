-- one row a customer and month with purchases: what the customer had bought up to its end
{{ config(meta={'increment': {
    'key': ['customer_key'],
    'touched_by': {
        'fct_orders': "select coalesce(customer_key, person_key) from " ~ changed_rows(
            'fct_orders',
            ['order_id', 'customer_key', 'person_key', 'ordered_date', 'is_counted', 'region', 'segment', 'sales_amount',
                'ledger_delivery_id', 'ledger_row_number']
        ) ~ " where coalesce(customer_key, person_key) is not null",
        'dim_customers': "select customer_key from " ~ changed_rows(
            'dim_customers', ['customer_key', 'person_key', 'region', 'segment']
        ),
    }
}}) }}
with

customers as (
    select
        customer_key,
        min(person_key) as person_key,
        max(region) as region,
        max(segment) as segment
    from {{ ref('dim_customers') }} {{ only_touched('customer_key') }}
    group by customer_key
),

orders as (
    select
        coalesce(customer_key, person_key) as customer_key,
        ordered_date,
        month_start,
        region,
        segment,
        sales_amount,
        ledger_delivery_id,
        ledger_row_number,
        row_number() over (order by ordered_date, ledger_delivery_id, ledger_row_number, order_id) as order_number
    from {{ ref('fct_orders') }} {{ only_touched('coalesce(customer_key, person_key)') }}
    where is_counted and ordered_date is not null and coalesce(customer_key, person_key) is not null
),

buyers as (
    select
        orders.customer_key,
        min(customers.person_key) as person_key,
        -- The customer's own place; else the one that its orders name (the alphabet decides between several).
        coalesce(min(customers.region), min(nullif(orders.region, 'unknown')), 'unknown') as region,
        coalesce(min(customers.segment), min(nullif(orders.segment, 'unknown')), 'unknown') as segment,
        min(orders.month_start) as cohort_month
    from orders
    left join customers
        on orders.customer_key = customers.customer_key
    group by orders.customer_key
),

purchase_months as (
    select
        customer_key,
        month_start,
        count(*) as order_count,
        sum(sales_amount) as sales_amount,
        max(ordered_date) as last_ordered_date,
        max_by(ledger_delivery_id, order_number) as ledger_delivery_id,
        max_by(ledger_row_number, order_number) as ledger_row_number
    from orders
    group by customer_key, month_start
),

-- A day counts once as a purchase for the gaps between purchases; every order counts as an order.
purchase_days as (
    select distinct customer_key, month_start, ordered_date from orders
),

purchase_gaps as (
    select
        customer_key,
        month_start,
        {{ days_between('lag(ordered_date) over (partition by customer_key order by ordered_date)', 'ordered_date') }}
            as gap_days
    from purchase_days
),

own_gaps as (
    select
        purchase_months.customer_key,
        purchase_months.month_start,
        {{ percentile('purchase_gaps.gap_days', 0.5) }} as median_gap_days
    from purchase_months
    inner join purchase_gaps
        on purchase_months.customer_key = purchase_gaps.customer_key
        and purchase_months.month_start >= purchase_gaps.month_start
    where purchase_gaps.gap_days is not null
    group by purchase_months.customer_key, purchase_months.month_start
),

final as (
    select
        cast(purchase_months.customer_key as string) as customer_key,
        cast(buyers.person_key as string) as person_key,
        cast(purchase_months.month_start as date) as month_start,
        cast(buyers.region as string) as region,
        cast(buyers.segment as string) as segment,
        cast(buyers.cohort_month as date) as cohort_month,
        cast(purchase_months.order_count as bigint) as order_count,
        cast(purchase_months.sales_amount as decimal(18, 2)) as sales_amount,
        cast(sum(purchase_months.order_count) over history as bigint) as order_count_to_date,
        cast(sum(purchase_months.sales_amount) over history as decimal(18, 2)) as sales_amount_to_date,
        cast(purchase_months.last_ordered_date as date) as last_ordered_date,
        cast(own_gaps.median_gap_days as double) as median_gap_days,
        cast(purchase_months.ledger_delivery_id as string) as ledger_delivery_id,
        cast(purchase_months.ledger_row_number as bigint) as ledger_row_number
    from purchase_months
    inner join buyers
        on purchase_months.customer_key = buyers.customer_key
    left join own_gaps
        on purchase_months.customer_key = own_gaps.customer_key
        and purchase_months.month_start = own_gaps.month_start
    window history as (
        partition by purchase_months.customer_key
        order by purchase_months.month_start
        rows between unbounded preceding and current row
    )
)

select * from final
