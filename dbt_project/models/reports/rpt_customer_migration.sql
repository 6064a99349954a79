-- one row a month, region, segment and pair of groups: from which group customers went to which; and who was lost
{%- set breakdowns = {
    'rfm_segment': ['from_rfm_segment', 'to_rfm_segment'],
    'lifecycle_stage': ['from_lifecycle_stage', 'to_lifecycle_stage'],
} %}
with

moves as (
    select * from {{ ref('int_customer_moves_counted') }}
),

cells as (
    {%- for breakdown, columns in breakdowns.items() %}
    select
        month_start,
        region,
        segment,
        '{{ breakdown }}' as breakdown,
        {{ columns[0] }} as from_group,
        {{ columns[1] }} as to_group,
        customer_count
    from moves
    union all
    {%- endfor %}
    -- Nobody lost is a rate of nought, not a row that is missing.
    {%- for to_group, condition in {'churned': "= 'churned'", 'not_churned': "<> 'churned'"}.items() %}
    select
        month_start,
        region,
        segment,
        'churn' as breakdown,
        'not_churned' as from_group,
        '{{ to_group }}' as to_group,
        case when to_lifecycle_stage {{ condition }} then customer_count else 0 end as customer_count
    from moves
    where from_lifecycle_stage <> 'churned'
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

counted as (
    select month_start, region, segment, breakdown, from_group, to_group, sum(customer_count) as customer_count
    from {{ with_totals('cells', ['region', 'segment']) }}
    group by month_start, region, segment, breakdown, from_group, to_group
),

with_base as (
    select *, sum(customer_count) over (partition by month_start, region, segment, breakdown, from_group) as from_count
    from counted
),

final as (
    select
        cast(month_start as date) as month_start,
        cast(region as string) as region,
        cast(segment as string) as segment,
        cast(breakdown as string) as breakdown,
        cast(from_group as string) as from_group,
        cast(to_group as string) as to_group,
        cast(customer_count as bigint) as customer_count,
        cast(from_count as bigint) as from_count,
        cast({{ safe_divide('customer_count', 'from_count') }} as double) as move_rate,
        cast({{ wilson_low('customer_count', 'from_count') }} as double) as move_rate_low,
        cast({{ wilson_high('customer_count', 'from_count') }} as double) as move_rate_high
    from with_base
)

select * from final
