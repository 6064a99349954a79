-- one row a month, region, segment and pair of intent levels: from which level leads went to which
with

cells as (
    select month_start, region, segment, from_level, to_level, count(*) as transition_count
    from {{ ref('fct_level_transitions') }}
    group by 1, 2, 3, 4, 5
),

counted as (
    select month_start, region, segment, from_level, to_level, sum(transition_count) as transition_count
    from {{ with_totals('cells', ['region', 'segment']) }}
    group by month_start, region, segment, from_level, to_level
),

with_base as (
    select *, sum(transition_count) over (partition by month_start, region, segment, from_level) as from_count
    from counted
),

final as (
    select
        cast(month_start as date) as month_start,
        cast(region as string) as region,
        cast(segment as string) as segment,
        cast(from_level as string) as from_level,
        cast(to_level as string) as to_level,
        cast(transition_count as bigint) as transition_count,
        cast(from_count as bigint) as from_count,
        cast({{ safe_divide('transition_count', 'from_count') }} as double) as transition_rate,
        cast({{ wilson_low('transition_count', 'from_count') }} as double) as transition_rate_low,
        cast({{ wilson_high('transition_count', 'from_count') }} as double) as transition_rate_high
    from with_base
)

select * from final
