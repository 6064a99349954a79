-- one row a month in which changes take effect, region and segment: whether customers were told in time
with notices as (

    select * from {{ ref('fct_notices') }}

),

counted as (

    select
        month_start,
        region,
        segment,
        count(*) as notice_count,
        count(case when notice_status = 'in_time' then 1 end) as in_time_count,
        count(case when notice_status = 'late' then 1 end) as late_count,
        count(case when notice_status = 'missing' then 1 end) as missing_count,
        count(case when notice_status <> 'not_yet_due' then 1 end) as due_count,
        min(lead_days) as shortest_lead_days,
        {{ percentile('lead_days', 0.5) }} as median_lead_days
    from {{ with_totals('notices', ['region', 'segment']) }} as totals
    group by month_start, region, segment

),

final as (

    select
        cast(month_start as date) as month_start,
        cast(region as string) as region,
        cast(segment as string) as segment,
        cast(notice_count as bigint) as notice_count,
        cast(due_count as bigint) as due_count,
        cast(in_time_count as bigint) as in_time_count,
        cast(late_count as bigint) as late_count,
        cast(missing_count as bigint) as missing_count,
        cast({{ safe_divide('in_time_count', 'due_count') }} as double) as notice_rate,
        cast({{ wilson_low('in_time_count', 'due_count') }} as double) as notice_rate_low,
        cast({{ wilson_high('in_time_count', 'due_count') }} as double) as notice_rate_high,
        cast(shortest_lead_days as bigint) as shortest_lead_days,
        cast(median_lead_days as double) as median_lead_days
    from counted

)

select * from final
