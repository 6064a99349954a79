-- one row a month planned, region, segment and value of a breakdown
{%- set breakdowns = {'total': "'all'", 'department': 'department', 'product': 'product_id'} %}
{%- set cell = 'month_start, region, segment, breakdown, breakdown_value' %}
with

plans as (
    select * from {{ ref('fct_sales_plans') }}
),

parts as (
    {{ broken_down('plans', breakdowns) }}
),

counted as (
    select
        {{ cell }},
        coalesce(sum(case when plan_kind = 'monthly' then planned_quantity end), 0) as plan_quantity,
        coalesce(sum(case when plan_kind = 'change' then abs(planned_quantity) end), 0) as changed_quantity,
        coalesce(sum(case when plan_kind = 'urgent' then planned_quantity end), 0) as urgent_quantity,
        coalesce(sum(planned_quantity), 0) as final_quantity,
        count(case when plan_kind = 'change' then 1 end) as change_count,
        count(case when plan_kind = 'urgent' then 1 end) as urgent_count
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
        cast(plan_quantity as decimal(18, 4)) as plan_quantity,
        cast(change_count as bigint) as change_count,
        cast(changed_quantity as decimal(18, 4)) as changed_quantity,
        cast({{ safe_divide('changed_quantity', 'plan_quantity') }} as double) as plan_change_rate,
        cast(urgent_count as bigint) as urgent_count,
        cast(urgent_quantity as decimal(18, 4)) as urgent_quantity,
        cast(final_quantity as decimal(18, 4)) as final_quantity,
        cast({{ safe_divide('urgent_quantity', 'final_quantity') }} as double) as urgent_share
    from counted
)

select * from final
