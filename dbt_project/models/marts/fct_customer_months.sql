-- one row a customer and month end since the first purchase: what was bought so far, RFM scores, stage of life
-- What a customer has bought stands still between two purchases. Everything but the days since the last one is
-- therefore computed for these spans, which are few, and only then repeated for each month end.
{%- set measures = {
    'recency': 'last_ordered_date', 'frequency': 'order_count_to_date', 'monetary': 'sales_amount_to_date'
} %}
{{ config(meta={'increment': {
    'key': ['month_start'],
    'touched_by': {
        'int_customer_purchases': "select distinct month_start from dim_dates"
            ~ " where month_start >= (select min(month_start) from changes.int_customer_purchases)"
            ~ " and month_start <= (select as_of_date from stg_run_day)",
        'stg_run_day': months_between_runs(),
    }
}}) }}
with

run_context as (
    select as_of_date from {{ ref('stg_run_day') }}
),

customers as (
    select
        customer_key,
        row_number() over (order by customer_key) as customer_number
    from {{ ref('int_customer_purchases') }}
    where month_start = cohort_month
),

purchases as (
    select
        int_customer_purchases.*,
        customers.customer_number,
        greatest(
            coalesce({{ threshold('churn_gap_multiple') }} * int_customer_purchases.median_gap_days, 0),
            {{ threshold('churn_minimum_days') }}
        ) as churn_days
    from {{ ref('int_customer_purchases') }} as int_customer_purchases
    inner join customers
        on int_customer_purchases.customer_key = customers.customer_key
),

spans as (
    select
        *,
        lead(month_start) over history as next_month_start,
        {{ days_between('lag(last_ordered_date) over history', add_days('month_start', -1)) }}
        >= lag(churn_days) over history as was_churned,
        -- Ranked among all spans; equal values in the order of the customers' keys.
        {%- for measure, column in measures.items() %}
        row_number() over (order by {{ column }}, customer_number, month_start) as {{ measure }}_position{{ ',' if not loop.last }}
        {%- endfor %}
    from purchases
    window history as (partition by customer_number order by month_start)
),

months as (
    select
        dim_dates.month_start,
        min(least({{ month_end('dim_dates.month_start') }}, run_context.as_of_date)) as snapshot_date
    from {{ ref('dim_dates') }} as dim_dates
    cross join run_context
    where dim_dates.month_start <= run_context.as_of_date
    group by dim_dates.month_start
),

month_ends as (
    select * from months {{ only_touched('month_start') }}
),

-- Quintiles of all customers so far, as ntile(5) cuts them, without sorting all customers at each month end: the
-- spans are sorted once and counted in blocks of a thousand; only a block in which a fifth ends is looked into. The measures go
-- by number there: texts would be most of what is sorted.
positions as (
    {%- for measure in measures %}
    select
        {{ loop.index }} as measure,
        {{ measure }}_position as position,
        cast(floor({{ measure }}_position / 1000) as bigint) as block_number,
        month_start,
        next_month_start
    from spans
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

steps as (
    select
        measure,
        block_number,
        month_start,
        sum(step) as step
    from (
        select measure, block_number, month_start, 1 as step from positions
        union all
        select measure, block_number, next_month_start as month_start, -1 as step
        from positions
        where next_month_start is not null
    ) as beginnings_and_ends
    group by measure, block_number, month_start
),

blocks as (
    select
        steps.measure,
        steps.block_number,
        month_ends.month_start,
        sum(steps.step) as customer_count
    from steps
    inner join month_ends
        on steps.month_start <= month_ends.month_start
    group by steps.measure, steps.block_number, month_ends.month_start
),

counted_blocks as (
    select
        *,
        sum(customer_count) over (partition by measure, month_start order by block_number) as customer_count_so_far,
        sum(customer_count) over (partition by measure, month_start) as all_customer_count
    from blocks
),

-- The first fifths take one customer more each while there is a remainder.
fifths as (
    select
        counted_blocks.*,
        customer_count_so_far - customer_count as customer_count_before,
        fifth.generated_number as fifth,
        floor(all_customer_count / 5) * fifth.generated_number
            + least(fifth.generated_number, all_customer_count - floor(all_customer_count / 5) * 5) as last_rank
    from counted_blocks
    cross join {{ numbers(4) }} as fifth
),

ending_fifths as (
    select *
    from fifths
    where last_rank > customer_count_before and last_rank <= customer_count_so_far
),

ranked as (
    select
        ending_blocks.measure,
        ending_blocks.month_start,
        positions.position,
        ending_blocks.customer_count_before
            + row_number() over (
                partition by ending_blocks.measure, ending_blocks.month_start, ending_blocks.block_number
                order by positions.position
            ) as customer_rank
    from positions
    inner join (select distinct measure, month_start, block_number, customer_count_before from ending_fifths) as ending_blocks
        on positions.measure = ending_blocks.measure
        and positions.block_number = ending_blocks.block_number
        and positions.month_start <= ending_blocks.month_start
        and (positions.next_month_start is null or positions.next_month_start > ending_blocks.month_start)
),

boundaries as (
    select
        ranked.month_start
        {%- for measure in measures %}{% set number = loop.index %}{% for fifth in range(1, 5) %},
        max(case when ranked.measure = {{ number }} and ending_fifths.fifth = {{ fifth }} then ranked.position end)
            as {{ measure }}_end_{{ fifth }}
        {%- endfor %}{% endfor %}
    from ranked
    inner join ending_fifths
        on ranked.measure = ending_fifths.measure
        and ranked.month_start = ending_fifths.month_start
        and ranked.customer_rank = ending_fifths.last_rank
    group by ranked.month_start
),

customer_months as (
    select
        spans.customer_key,
        spans.person_key,
        month_ends.month_start,
        spans.region,
        spans.segment,
        spans.cohort_month,
        spans.month_start = month_ends.month_start as has_purchase,
        case when spans.month_start = month_ends.month_start then spans.order_count else 0 end as order_count,
        case when spans.month_start = month_ends.month_start then spans.sales_amount else 0 end as sales_amount,
        spans.order_count_to_date,
        spans.sales_amount_to_date,
        spans.last_ordered_date,
        {{ days_between('spans.last_ordered_date', 'month_ends.snapshot_date') }} as recency_days,
        spans.median_gap_days,
        spans.churn_days,
        spans.was_churned,
        {%- for measure in measures %}
        1{% for fifth in range(1, 5) %}
        + case when spans.{{ measure }}_position > boundaries.{{ measure }}_end_{{ fifth }} then 1 else 0 end
        {%- endfor %} as {{ measure }}_score,
        {%- endfor %}
        spans.ledger_delivery_id,
        spans.ledger_row_number
    from spans
    inner join month_ends
        on spans.month_start <= month_ends.month_start
        and (spans.next_month_start is null or spans.next_month_start > month_ends.month_start)
    inner join boundaries
        on month_ends.month_start = boundaries.month_start
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
        cast(customer_months.customer_key as string) as customer_key,
        cast(customer_months.person_key as string) as person_key,
        cast(customer_months.month_start as date) as month_start,
        cast(customer_months.region as string) as region,
        cast(customer_months.segment as string) as segment,
        cast(customer_months.cohort_month as date) as cohort_month,
        cast(customer_months.order_count as bigint) as order_count,
        cast(customer_months.sales_amount as decimal(18, 2)) as sales_amount,
        cast(customer_months.order_count_to_date as bigint) as order_count_to_date,
        cast(customer_months.sales_amount_to_date as decimal(18, 2)) as sales_amount_to_date,
        cast(customer_months.last_ordered_date as date) as last_ordered_date,
        cast(customer_months.recency_days as bigint) as recency_days,
        cast(customer_months.median_gap_days as double) as median_gap_days,
        cast(customer_months.churn_days as double) as churn_days,
        cast(customer_months.recency_days >= customer_months.churn_days as boolean) as is_churned,
        cast(customer_months.recency_score as bigint) as recency_score,
        cast(customer_months.frequency_score as bigint) as frequency_score,
        cast(customer_months.monetary_score as bigint) as monetary_score,
        cast(coalesce(score_segments.rfm_segment, 'other') as string) as rfm_segment,
        cast(
            case
                when customer_months.month_start = customer_months.cohort_month then 'new'
                when customer_months.has_purchase and customer_months.was_churned then 'reactivated'
                when customer_months.recency_days >= customer_months.churn_days then 'churned'
                when customer_months.recency_days >= customer_months.churn_days * (
                    select max(lifecycle_stages.share_of_churn_days)
                    from {{ ref('lifecycle_stages') }} as lifecycle_stages
                    where lifecycle_stages.lifecycle_stage = 'at_risk'
                ) then 'at_risk'
                else 'active'
            end as string
        ) as lifecycle_stage,
        -- Where the last purchase was read from.
        cast(customer_months.ledger_delivery_id as string) as ledger_delivery_id,
        cast(customer_months.ledger_row_number as bigint) as ledger_row_number
    from customer_months
    left join score_segments
        on customer_months.recency_score = score_segments.recency_score
        and customer_months.frequency_score = score_segments.frequency_score
        and customer_months.monetary_score = score_segments.monetary_score
)

select * from final
