-- one row a month of the promised date, region, segment and value of a breakdown
{%- set breakdowns = {'total': "'all'", 'channel': 'channel', 'department': 'department'} %}
{%- set cell = 'month_start, region, segment, breakdown, breakdown_value' %}
with

orders as (
    select * from {{ ref('fct_promised_orders') }}
),

parts as (
    {{ broken_down('orders', breakdowns) }}
),

counted as (
    select
        {{ cell }},
        count(*) as promised_count,
        count(case when fulfilment_status = 'in_time' then 1 end) as fulfilled_count,
        count(case when fulfilment_status = 'late' then 1 end) as late_count,
        count(case when fulfilment_status = 'overdue' then 1 end) as overdue_count,
        count(case when fulfilment_status = 'not_yet_due' then 1 end) as not_yet_due_count,
        count(case when fulfilment_status = 'undated' then 1 end) as undated_count,
        {{ percentile('days_late', 0.5) }} as median_days_late
    from {{ with_totals('parts', ['region', 'segment']) }} as totals
    group by {{ cell }}
),

due as (
    select *, fulfilled_count + late_count + overdue_count as due_count from counted
),

final as (
    select
        cast(month_start as date) as month_start,
        cast(region as string) as region,
        cast(segment as string) as segment,
        cast(breakdown as string) as breakdown,
        cast(breakdown_value as string) as breakdown_value,
        cast(promised_count as bigint) as promised_count,
        cast(due_count as bigint) as due_count,
        cast(fulfilled_count as bigint) as fulfilled_count,
        cast(late_count as bigint) as late_count,
        cast(overdue_count as bigint) as overdue_count,
        cast(not_yet_due_count as bigint) as not_yet_due_count,
        cast(undated_count as bigint) as undated_count,
        cast({{ safe_divide('fulfilled_count', 'due_count') }} as double) as fulfilment_rate,
        cast({{ wilson_low('fulfilled_count', 'due_count') }} as double) as fulfilment_rate_low,
        cast({{ wilson_high('fulfilled_count', 'due_count') }} as double) as fulfilment_rate_high,
        cast({{ threshold('fulfilment_target') }} as double) as fulfilment_target,
        cast(median_days_late as double) as median_days_late
    from due
)

select * from final
