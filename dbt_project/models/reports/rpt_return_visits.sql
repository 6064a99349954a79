-- one row a month planned, region, segment and value of a breakdown: visits against plan, cost against budget
{%- set counts = {
    'planned_count': "true",
    'done_count': "return_visit_status = 'done'",
    'overdue_count': "return_visit_status = 'overdue'",
    'due_count': "return_visit_status <> 'planned'",
    'over_budget_count': "return_visit_cost > return_visit_budget",
    'rated_count': "return_visit_rating is not null",
    'poor_count': "return_visit_rating <= 2",
    'issue_count': "has_issue",
    'open_issue_count': "is_issue_open",
} %}
with return_visits as (

    select * from {{ ref('fct_return_visits') }}

),

parts as (

    select *, 'total' as breakdown, 'all' as breakdown_value
    from return_visits
    union all
    select *, 'department' as breakdown, department as breakdown_value
    from return_visits

),

counted as (

    select
        month_start,
        region,
        segment,
        breakdown,
        breakdown_value,
        -- cost is held against the budget of the visits that tell both
        sum(case when return_visit_cost is not null and return_visit_budget is not null then return_visit_budget end)
            as budget_amount,
        sum(case when return_visit_cost is not null and return_visit_budget is not null then return_visit_cost end)
            as cost_amount,
        avg(return_visit_rating) as mean_rating
        {%- for name, condition in counts.items() %},
        count(case when {{ condition }} then 1 end) as {{ name }}
        {%- endfor %}
    from {{ with_totals('parts', ['region', 'segment']) }} as totals
    group by month_start, region, segment, breakdown, breakdown_value

),

final as (

    select
        cast(month_start as date) as month_start,
        cast(region as string) as region,
        cast(segment as string) as segment,
        cast(breakdown as string) as breakdown,
        cast(breakdown_value as string) as breakdown_value,
        cast(planned_count as bigint) as planned_count,
        cast(due_count as bigint) as due_count,
        cast(done_count as bigint) as done_count,
        cast(overdue_count as bigint) as overdue_count,
        cast({{ safe_divide('done_count', 'due_count') }} as double) as done_rate,
        cast({{ wilson_low('done_count', 'due_count') }} as double) as done_rate_low,
        cast({{ wilson_high('done_count', 'due_count') }} as double) as done_rate_high,
        cast(budget_amount as decimal(18, 2)) as budget_amount,
        cast(cost_amount as decimal(18, 2)) as cost_amount,
        cast({{ safe_divide('cost_amount', 'budget_amount') }} as double) as cost_ratio,
        cast(over_budget_count as bigint) as over_budget_count,
        cast(rated_count as bigint) as rated_count,
        cast(mean_rating as double) as mean_rating,
        cast(poor_count as bigint) as poor_count,
        cast(issue_count as bigint) as issue_count,
        cast(open_issue_count as bigint) as open_issue_count
    from counted

)

select * from final
