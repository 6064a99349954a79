-- one row a month, region, segment and value of a breakdown: customers given credit, what they owe against their limits
{%- set breakdowns = {'total': "'all'", 'credit_grade': 'credit_grade'} %}
{%- set cell = 'month_start, region, segment, breakdown, breakdown_value' %}
with

graded as (
    select
        credit.*,
        grades.position,
        grades_a_year_ago.position as position_a_year_ago
    from {{ ref('fct_credit_months') }} as credit
    inner join {{ ref('credit_grades') }} as grades
        on credit.credit_grade = grades.credit_grade
    left join {{ ref('credit_grades') }} as grades_a_year_ago
        on credit.grade_a_year_ago = grades_a_year_ago.credit_grade
),

orders as (
    select
        orders.month_start, orders.region, orders.segment, orders.is_over_limit, orders.is_approved, graded.credit_grade
    from {{ ref('fct_credit_orders') }} as orders
    inner join graded
        on orders.customer_key = graded.customer_key and orders.month_start = graded.month_start
),

rows_of_both as (
    select
        month_start, region, segment, credit_grade, 1 as customers, credit_limit, owed_amount, overdue_amount,
        case when is_over_limit then 1 else 0 end as over_limit,
        case when position > position_a_year_ago then 1 else 0 end as worse,
        case when position < position_a_year_ago then 1 else 0 end as better,
        0 as credit_orders, 0 as orders_over_limit, 0 as unapproved
    from graded
    union all
    select
        month_start, region, segment, credit_grade, 0 as customers, 0 as credit_limit, 0 as owed_amount, 0 as overdue_amount,
        0 as over_limit, 0 as worse, 0 as better, 1 as credit_orders,
        case when is_over_limit then 1 else 0 end as orders_over_limit,
        case when is_over_limit and not is_approved then 1 else 0 end as unapproved
    from orders
),

parts as (
    {{ broken_down('rows_of_both', breakdowns) }}
),

counted as (
    select
        {{ cell }},
        {%- for name in ['customers', 'credit_limit', 'owed_amount', 'overdue_amount', 'over_limit', 'worse', 'better',
            'credit_orders', 'orders_over_limit', 'unapproved'] %}
        sum({{ name }}) as {{ name }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ with_totals('parts', ['region', 'segment']) }} as totals
    group by {{ cell }}
),

final as (
    select
        cast(month_start as date) as month_start,
        cast(region as string) as region,
        cast(segment as string) as segment,
        cast(breakdown as string) as breakdown,
        cast(breakdown_value as string) as breakdown_value,
        cast(customers as bigint) as customer_count,
        cast(worse as bigint) as worse_count,
        cast(better as bigint) as better_count,
        cast(credit_limit as decimal(18, 2)) as credit_limit,
        cast(owed_amount as decimal(18, 2)) as owed_amount,
        cast(overdue_amount as decimal(18, 2)) as overdue_amount,
        cast({{ safe_divide('owed_amount', 'credit_limit') }} as double) as limit_use,
        cast(over_limit as bigint) as over_limit_count,
        cast(credit_orders as bigint) as order_count,
        cast(orders_over_limit as bigint) as order_over_limit_count,
        cast(unapproved as bigint) as unapproved_count
    from counted
)

select * from final
