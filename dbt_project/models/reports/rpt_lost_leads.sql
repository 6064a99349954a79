-- one row a month of loss, region, segment and value of a breakdown: leads lost, why, and how many came back
{%- set breakdowns = {'total': "'all'", 'lost_reason': 'lost_reason', 'department': 'department', 'consultant': 'employee_id'} %}
with

lost as (
    select * from {{ ref('fct_lead_stock') }} where lost_date is not null
),

cells as (
    {%- for breakdown, value in breakdowns.items() %}
    select
        lost_month as month_start, region, segment, days_to_loss, revived_date, lead_state,
        '{{ breakdown }}' as breakdown, coalesce({{ value }}, 'unknown') as breakdown_value
    from lost
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

counted as (
    select
        month_start, region, segment, breakdown, breakdown_value,
        count(*) as lost_count,
        count(revived_date) as revived_count,
        count(*) filter (where revived_date is not null and lead_state = 'ordered') as won_back_count,
        {{ percentile('days_to_loss', 0.5) }} as median_days_to_loss
    from {{ with_totals('cells', ['region', 'segment']) }}
    group by month_start, region, segment, breakdown, breakdown_value
),

with_base as (
    select
        *,
        max(case when breakdown = 'total' then lost_count end) over (partition by month_start, region, segment) as all_lost_count
    from counted
),

final as (
    select
        cast(month_start as date) as month_start,
        cast(region as string) as region,
        cast(segment as string) as segment,
        cast(breakdown as string) as breakdown,
        cast(breakdown_value as string) as breakdown_value,
        cast(lost_count as bigint) as lost_count,
        cast({{ safe_divide('lost_count', 'all_lost_count') }} as double) as lost_share,
        cast(revived_count as bigint) as revived_count,
        cast(won_back_count as bigint) as won_back_count,
        cast({{ safe_divide('revived_count', 'lost_count') }} as double) as revived_rate,
        cast({{ wilson_low('revived_count', 'lost_count') }} as double) as revived_rate_low,
        cast({{ wilson_high('revived_count', 'lost_count') }} as double) as revived_rate_high,
        cast(median_days_to_loss as double) as median_days_to_loss
    from with_base
)

select * from final
