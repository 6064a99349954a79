-- one row a customer and month end since the first purchase: what was bought so far, RFM scores, stage of life
with

run_context as (
    select as_of_date from {{ ref('stg_run_context') }}
),

customers as (
    select
        customer_key,
        min(person_key) as person_key,
        max(region) as region,
        max(segment) as segment
    from {{ ref('dim_customers') }}
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
    from {{ ref('fct_orders') }}
    where is_counted and ordered_date is not null and coalesce(customer_key, person_key) is not null
),

-- Numbers in the order of the keys: what follows sorts millions of rows, and numbers sort faster than texts.
customer_numbers as (
    select
        orders.customer_key,
        row_number() over (order by orders.customer_key) as customer_number,
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

-- A day counts once as a purchase for the gaps between purchases; every order counts as an order.
purchase_days as (
    select
        customer_numbers.customer_number,
        orders.ordered_date,
        min(orders.month_start) as month_start,
        count(*) as order_count,
        sum(orders.sales_amount) as sales_amount,
        max(orders.order_number) as last_order_number
    from orders
    inner join customer_numbers
        on orders.customer_key = customer_numbers.customer_key
    group by customer_numbers.customer_number, orders.ordered_date
),

purchase_gaps as (
    select
        customer_number,
        month_start,
        {{ days_between('lag(ordered_date) over (partition by customer_number order by ordered_date)', 'ordered_date') }}
            as gap_days
    from purchase_days
),

purchase_months as (
    select
        customer_number,
        month_start,
        sum(order_count) as order_count,
        sum(sales_amount) as sales_amount,
        max(ordered_date) as last_ordered_date,
        max(last_order_number) as last_order_number
    from purchase_days
    group by customer_number, month_start
),

months as (
    select distinct dim_dates.month_start
    from {{ ref('dim_dates') }} as dim_dates
    cross join run_context
    where dim_dates.month_start <= run_context.as_of_date
),

customer_months as (
    select
        customer_numbers.customer_number,
        customer_numbers.cohort_month,
        months.month_start,
        least({{ month_end('months.month_start') }}, run_context.as_of_date) as snapshot_date
    from customer_numbers
    inner join months
        on customer_numbers.cohort_month <= months.month_start
    cross join run_context
),

own_gaps as (
    select
        purchase_gaps.customer_number,
        months.month_start,
        {{ percentile('purchase_gaps.gap_days', 0.5) }} as median_gap_days
    from purchase_gaps
    inner join months
        on purchase_gaps.month_start <= months.month_start
    where purchase_gaps.gap_days is not null
    group by purchase_gaps.customer_number, months.month_start
),

so_far as (
    select
        customer_months.*,
        coalesce(purchase_months.order_count, 0) as order_count,
        coalesce(purchase_months.sales_amount, 0) as sales_amount,
        sum(purchase_months.order_count) over history as order_count_to_date,
        sum(purchase_months.sales_amount) over history as sales_amount_to_date,
        max(purchase_months.last_ordered_date) over history as last_ordered_date,
        max(purchase_months.last_order_number) over history as last_order_number
    from customer_months
    left join purchase_months
        on customer_months.customer_number = purchase_months.customer_number
        and customer_months.month_start = purchase_months.month_start
    window history as (
        partition by customer_months.customer_number
        order by customer_months.month_start
        rows between unbounded preceding and current row
    )
),

measured as (
    select
        so_far.*,
        {{ days_between('so_far.last_ordered_date', 'so_far.snapshot_date') }} as recency_days,
        own_gaps.median_gap_days,
        greatest(
            coalesce({{ threshold('churn_gap_multiple') }} * own_gaps.median_gap_days, 0),
            {{ threshold('churn_minimum_days') }}
        ) as churn_days
    from so_far
    left join own_gaps
        on so_far.customer_number = own_gaps.customer_number
        and so_far.month_start = own_gaps.month_start
),

scored as (
    select
        *,
        recency_days >= churn_days as is_churned,
        -- Quintiles of all customers so far: ranked, equal values in the order of the key, then cut into five.
        ntile(5) over (partition by month_start order by recency_days desc nulls last, customer_number) as recency_score,
        ntile(5) over (partition by month_start order by order_count_to_date nulls last, customer_number) as frequency_score,
        ntile(5) over (partition by month_start order by sales_amount_to_date nulls last, customer_number) as monetary_score
    from measured
),

staged as (
    select
        *,
        case
            when month_start = cohort_month then 'new'
            when order_count > 0
                and lag(is_churned) over (partition by customer_number order by month_start) then 'reactivated'
            when is_churned then 'churned'
            when recency_days >= churn_days * (
                select max(lifecycle_stages.share_of_churn_days)
                from {{ ref('lifecycle_stages') }} as lifecycle_stages
                where lifecycle_stages.lifecycle_stage = 'at_risk'
            ) then 'at_risk'
            else 'active'
        end as lifecycle_stage
    from scored
),

-- The first rule that fits, by its priority, for each of the 125 combinations of scores.
score_segments as (
    select
        recency.generated_number as recency_score,
        frequency.generated_number as frequency_score,
        monetary.generated_number as monetary_score,
        min_by(rules.rfm_segment, rules.priority) as rfm_segment
    from {{ numbers(5) }} as recency
    cross join {{ numbers(5) }} as frequency
    cross join {{ numbers(5) }} as monetary
    inner join {{ ref('rfm_segments') }} as rules
        on recency.generated_number between rules.recency_from and rules.recency_to
        and frequency.generated_number between rules.frequency_from and rules.frequency_to
        and monetary.generated_number between rules.monetary_from and rules.monetary_to
    group by 1, 2, 3
),

final as (
    select
        cast(customer_numbers.customer_key as string) as customer_key,
        cast(customer_numbers.person_key as string) as person_key,
        cast(staged.month_start as date) as month_start,
        cast(customer_numbers.region as string) as region,
        cast(customer_numbers.segment as string) as segment,
        cast(customer_numbers.cohort_month as date) as cohort_month,
        cast(staged.order_count as bigint) as order_count,
        cast(staged.sales_amount as decimal(18, 2)) as sales_amount,
        cast(staged.order_count_to_date as bigint) as order_count_to_date,
        cast(staged.sales_amount_to_date as decimal(18, 2)) as sales_amount_to_date,
        cast(staged.last_ordered_date as date) as last_ordered_date,
        cast(staged.recency_days as bigint) as recency_days,
        cast(staged.median_gap_days as double) as median_gap_days,
        cast(staged.churn_days as double) as churn_days,
        cast(staged.is_churned as boolean) as is_churned,
        cast(staged.recency_score as bigint) as recency_score,
        cast(staged.frequency_score as bigint) as frequency_score,
        cast(staged.monetary_score as bigint) as monetary_score,
        cast(coalesce(score_segments.rfm_segment, 'other') as string) as rfm_segment,
        cast(staged.lifecycle_stage as string) as lifecycle_stage,
        -- Where the last purchase was read from.
        cast(orders.ledger_delivery_id as string) as ledger_delivery_id,
        cast(orders.ledger_row_number as bigint) as ledger_row_number
    from staged
    inner join customer_numbers
        on staged.customer_number = customer_numbers.customer_number
    left join orders
        on staged.last_order_number = orders.order_number
    left join score_segments
        on staged.recency_score = score_segments.recency_score
        and staged.frequency_score = score_segments.frequency_score
        and staged.monetary_score = score_segments.monetary_score
)

select * from final
