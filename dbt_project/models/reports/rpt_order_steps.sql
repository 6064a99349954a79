-- one row a month in which steps began, region, segment and value of a breakdown
{%- set breakdowns = {'total': "'all'", 'order_step': 'order_step', 'department': 'department'} %}
{%- set cell = 'month_start, region, segment, breakdown, breakdown_value' %}
with

steps as (
    select * from {{ ref('fct_order_steps') }}
),

parts as (
    {{ broken_down('steps', breakdowns) }}
),

counted as (
    select
        {{ cell }},
        count(*) as step_count,
        count(case when step_status = 'in_time' then 1 end) as in_time_count,
        count(case when step_status = 'breached' then 1 end) as breached_count,
        count(case when step_status = 'breached' and is_open then 1 end) as overdue_count,
        count(case when step_status = 'not_yet_due' then 1 end) as not_yet_due_count,
        count(case when step_status = 'no_limit' then 1 end) as no_limit_count,
        count(case when step_status = 'undeterminable' then 1 end) as undeterminable_count,
        {{ percentile('working_hours', 0.5) }} as median_working_hours,
        {{ percentile('working_hours', 0.9) }} as p90_working_hours,
        sum(charge_low) as charge_low,
        sum(charge_high) as charge_high,
        sum(case when step_status = 'breached' then decided_charge end) as decided_charge,
        count(case when decided_charge < charge_low or decided_charge > charge_high then 1 end) as charge_outside_range_count
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
        cast(step_count as bigint) as step_count,
        cast(in_time_count + breached_count as bigint) as due_count,
        cast(in_time_count as bigint) as in_time_count,
        cast(breached_count as bigint) as breached_count,
        cast(overdue_count as bigint) as overdue_count,
        cast(not_yet_due_count as bigint) as not_yet_due_count,
        cast(no_limit_count as bigint) as no_limit_count,
        cast(undeterminable_count as bigint) as undeterminable_count,
        cast({{ safe_divide('in_time_count', 'in_time_count + breached_count') }} as double) as in_time_rate,
        cast({{ wilson_low('in_time_count', '(in_time_count + breached_count)') }} as double) as in_time_rate_low,
        cast({{ wilson_high('in_time_count', '(in_time_count + breached_count)') }} as double) as in_time_rate_high,
        cast(median_working_hours as double) as median_working_hours,
        cast(p90_working_hours as double) as p90_working_hours,
        cast(coalesce(charge_low, 0) as decimal(18, 2)) as charge_low,
        cast(coalesce(charge_high, 0) as decimal(18, 2)) as charge_high,
        cast(coalesce(decided_charge, 0) as decimal(18, 2)) as decided_charge,
        cast(charge_outside_range_count as bigint) as charge_outside_range_count
    from counted
)

select * from final
