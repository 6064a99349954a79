-- one row a month of occurrence, region, segment and class of quality information, 'all' classes included
with incidents as (

    select * from {{ ref('fct_quality_incidents') }}

),

counted as (

    select
        month_start,
        region,
        segment,
        quality_class,
        count(*) as incident_count,
        count(case when incident_type = 'complaint' then 1 end) as complaint_count,
        count(case when not is_solved then 1 end) as unsolved_count,
        count(case when is_escalated then 1 end) as escalated_count,
        count(case when is_recorded_too_low then 1 end) as recorded_too_low_count,
        sum(affected_units) as affected_units,
        {{ percentile('case when is_solved then open_days end', 0.5) }} as median_days_to_solve
    from {{ with_totals('incidents', ['region', 'segment', 'quality_class']) }} as totals
    group by month_start, region, segment, quality_class

),

final as (

    select
        cast(month_start as date) as month_start,
        cast(region as string) as region,
        cast(segment as string) as segment,
        cast(quality_class as string) as quality_class,
        cast(incident_count as bigint) as incident_count,
        cast(complaint_count as bigint) as complaint_count,
        cast(unsolved_count as bigint) as unsolved_count,
        cast(escalated_count as bigint) as escalated_count,
        cast(recorded_too_low_count as bigint) as recorded_too_low_count,
        cast(affected_units as bigint) as affected_units,
        cast(median_days_to_solve as double) as median_days_to_solve
    from counted

)

select * from final
