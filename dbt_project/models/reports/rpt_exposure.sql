-- one row a month and customer given credit, and one a group of such customers: what is owed against the limit
with

credit as (
    select * from {{ ref('fct_credit_months') }}
),

grades as (
    select * from {{ ref('credit_grades') }}
),

exposures as (
    select
        'customer' as scope, month_start, customer_key, customer_group_key, region, segment, credit_grade, valid_credit_grade,
        grade_a_year_ago, reason_codes, 1 as customer_count, credit_limit, owed_amount, overdue_amount, days_beyond_terms
    from credit
    union all
    -- a group is as bad as its worst member; companies of one group may be of several regions and segments
    select
        'customer_group' as scope, credit.month_start, credit.customer_group_key as customer_key, credit.customer_group_key,
        case when min(credit.region) = max(credit.region) then min(credit.region) else 'several' end as region,
        case when min(credit.segment) = max(credit.segment) then min(credit.segment) else 'several' end as segment,
        max_by(credit.credit_grade, grades.position) as credit_grade, cast(null as string) as valid_credit_grade,
        cast(null as string) as grade_a_year_ago, cast(null as string) as reason_codes,
        count(*) as customer_count, sum(credit.credit_limit) as credit_limit, sum(credit.owed_amount) as owed_amount,
        sum(credit.overdue_amount) as overdue_amount, cast(null as double) as days_beyond_terms
    from credit
    inner join grades
        on credit.credit_grade = grades.credit_grade
    group by credit.month_start, credit.customer_group_key
    having count(*) > 1
),

final as (
    select
        cast(month_start as date) as month_start,
        cast(scope as string) as scope,
        cast(customer_key as string) as customer_key,
        cast(customer_group_key as string) as customer_group_key,
        cast(region as string) as region,
        cast(segment as string) as segment,
        cast(credit_grade as string) as credit_grade,
        cast(valid_credit_grade as string) as valid_credit_grade,
        cast(grade_a_year_ago as string) as grade_a_year_ago,
        cast(reason_codes as string) as reason_codes,
        cast(customer_count as bigint) as customer_count,
        cast(credit_limit as decimal(18, 2)) as credit_limit,
        cast(owed_amount as decimal(18, 2)) as owed_amount,
        cast(overdue_amount as decimal(18, 2)) as overdue_amount,
        cast({{ safe_divide('owed_amount', 'credit_limit') }} as double) as limit_use,
        cast(days_beyond_terms as double) as days_beyond_terms
    from exposures
)

select * from final
