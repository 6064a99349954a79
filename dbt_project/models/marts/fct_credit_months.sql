-- one row a customer given credit and month with purchases or debts in the year up to it: limit, use, grade and reasons
{%- set months = 'cast(' ~ threshold('credit_period_months') ~ ' as integer)' %}
{%- set criteria = {
    'days_beyond_terms': 'most_days_beyond_terms', 'overdue_share': 'most_overdue_share', 'limit_use': 'most_limit_use'
} %}
with

today as (
    select as_of_date from {{ ref('stg_run_day') }}
),

month_starts as (
    select distinct dates.month_start
    from {{ ref('dim_dates') }} as dates
    cross join today
    where dates.month_start <= today.as_of_date
),

customers as (
    select
        customers.customer_key,
        max(coalesce(customers.parent_customer_id, customers.customer_key)) as customer_group_key,
        max(customers.region) as region,
        max(customers.segment) as segment
    from {{ ref('dim_customers') }} as customers
    inner join {{ ref('credit_segments') }} as segments
        on customers.segment = segments.segment and segments.is_graded
    group by customers.customer_key
),

sales as (
    select customer_key, month_start, sum(sales_amount) as sales_amount
    from {{ ref('fct_orders') }}
    where is_counted and customer_key is not null
    group by customer_key, month_start
),

received as (
    select
        customer_key,
        paid_month as month_start,
        sum(instalment_amount) as received_amount,
        sum(instalment_amount * days_beyond_terms) as amount_days
    from {{ ref('fct_instalments') }}
    where paid_date is not null
    group by customer_key, paid_month
),

owed as (
    select
        customer_key,
        month_start,
        sum(owed_amount) as owed_amount,
        sum(case when days_overdue > 0 then owed_amount else 0 end) as overdue_amount,
        sum(owed_amount * days_overdue) as amount_days
    from {{ ref('fct_receivable_months') }}
    group by customer_key, month_start
),

yearly as (
    select customer_key, month_start, sales_amount, 0 as received_amount, 0 as amount_days from sales
    union all
    select customer_key, month_start, 0 as sales_amount, received_amount, amount_days from received
),

-- the twelve months before this one: what is decided today may not rest on today's order
past_year as (
    select
        yearly.customer_key,
        month_starts.month_start,
        sum(yearly.sales_amount) as sales_amount,
        sum(yearly.received_amount) as received_amount,
        sum(yearly.amount_days) as amount_days
    from yearly
    inner join month_starts
        on yearly.month_start < month_starts.month_start
        and yearly.month_start >= {{ add_months('month_starts.month_start', '-' ~ months) }}
    group by yearly.customer_key, month_starts.month_start
),

known as (
    select customer_key, month_start from past_year
    union
    select customer_key, month_start from owed
),

measured as (
    select
        known.customer_key,
        known.month_start,
        customers.customer_group_key,
        coalesce(customers.region, 'unknown') as region,
        customers.segment,
        coalesce(past_year.sales_amount, 0) as year_sales_amount,
        coalesce(past_year.sales_amount, 0) / {{ months }} * {{ threshold('credit_limit_multiple') }} as credit_limit,
        coalesce(owed.owed_amount, 0) as owed_amount,
        coalesce(owed.overdue_amount, 0) as overdue_amount,
        -- what still waits has waited so long already: leaving it out would reward who never pays
        {{ safe_divide(
            'coalesce(past_year.amount_days, 0) + coalesce(owed.amount_days, 0)',
            'coalesce(past_year.received_amount, 0) + coalesce(owed.overdue_amount, 0)'
        ) }} as days_beyond_terms,
        case when owed.owed_amount > 0 then {{ safe_divide('owed.overdue_amount', 'owed.owed_amount') }} else 0 end as overdue_share
    from known
    inner join customers
        on known.customer_key = customers.customer_key
    left join past_year
        on known.customer_key = past_year.customer_key and known.month_start = past_year.month_start
    left join owed
        on known.customer_key = owed.customer_key and known.month_start = owed.month_start
),

used as (
    select
        *,
        case
            when owed_amount = 0 then 0
            when credit_limit > 0 then {{ safe_divide('owed_amount', 'credit_limit') }}
        end as limit_use
    from measured
),

-- The best grade whose bounds hold, criterion by criterion. Who owes without any limit is beyond every bound.
placed as (
    select
        used.customer_key,
        used.month_start,
        {%- for criterion, bound in criteria.items() %}
        min(case
            when grades.{{ bound }} is null
                or {{ "coalesce(used.limit_use, 1.0e9)" if criterion == 'limit_use' else "coalesce(used." ~ criterion ~ ", 0)" }}
                <= grades.{{ bound }}
                then grades.position
        end) as {{ criterion }}_position{{ ',' if not loop.last }}
        {%- endfor %}
    from used
    cross join {{ ref('credit_grades') }} as grades
    group by used.customer_key, used.month_start
),

judged as (
    select
        used.*,
        placed.days_beyond_terms_position,
        placed.overdue_share_position,
        placed.limit_use_position,
        greatest(placed.days_beyond_terms_position, placed.overdue_share_position, placed.limit_use_position) as position
    from used
    inner join placed
        on used.customer_key = placed.customer_key and used.month_start = placed.month_start
),

graded as (
    select
        judged.*,
        grades.credit_grade,
        -- the criteria that keep it from a better grade
        {%- for criterion in criteria %}
        case when judged.{{ criterion }}_position = judged.position and judged.position > 1 then '{{ criterion }} ' else '' end
        {{- ' || ' if not loop.last }}
        {%- endfor %} as reasons
    from judged
    inner join {{ ref('credit_grades') }} as grades
        on judged.position = grades.position
),

-- the customer's first row of the file: a grade rests on many rows, and one of them leads to the customer
origins as (
    select
        customer_key,
        min_by(ledger_delivery_id, customer_id) as ledger_delivery_id,
        min_by(ledger_row_number, customer_id) as ledger_row_number
    from {{ ref('dim_customers') }}
    group by customer_key
),

final as (
    select
        cast(graded.customer_key || '|' || cast(graded.month_start as string) as string) as credit_key,
        cast(graded.month_start as date) as month_start,
        cast(graded.customer_key as string) as customer_key,
        cast(graded.customer_group_key as string) as customer_group_key,
        cast(graded.region as string) as region,
        cast(graded.segment as string) as segment,
        cast(graded.year_sales_amount as decimal(18, 2)) as year_sales_amount,
        cast(graded.credit_limit as decimal(18, 2)) as credit_limit,
        cast(graded.owed_amount as decimal(18, 2)) as owed_amount,
        cast(graded.overdue_amount as decimal(18, 2)) as overdue_amount,
        cast(graded.limit_use as double) as limit_use,
        cast(graded.overdue_share as double) as overdue_share,
        cast(graded.days_beyond_terms as double) as days_beyond_terms,
        cast(graded.credit_grade as string) as credit_grade,
        cast(case when graded.reasons = '' then 'none' else trim(graded.reasons) end as string) as reason_codes,
        cast(year_before.credit_grade as string) as grade_a_year_ago,
        -- given at the start of the year for the year; the month's own grade is its preview
        cast(start_of_year.credit_grade as string) as valid_credit_grade,
        cast(graded.owed_amount > graded.credit_limit as boolean) as is_over_limit,
        cast(origins.ledger_delivery_id as string) as ledger_delivery_id,
        cast(origins.ledger_row_number as bigint) as ledger_row_number
    from graded
    inner join origins
        on graded.customer_key = origins.customer_key
    left join graded as start_of_year
        on graded.customer_key = start_of_year.customer_key
        and start_of_year.month_start = cast({{ dbt.date_trunc('year', 'graded.month_start') }} as date)
    left join graded as year_before
        on graded.customer_key = year_before.customer_key
        and year_before.month_start = {{ add_months('graded.month_start', '-' ~ months) }}
)

select * from final
