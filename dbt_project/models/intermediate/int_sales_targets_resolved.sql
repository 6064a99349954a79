-- one row per month and cell of the sales report that has a target: the version valid at the start of the month, and the latest
{%- set breakdowns = sales_breakdowns() %}
{%- set dimensions = ['region', 'channel', 'segment', 'product_category', 'product_id'] %}
with

targets as (
    select
        {{ month_start('target_month') }} as month_start,
        {{ dimensions | join(', ') }},
        target_amount,
        coalesce(version, 0) as version,
        valid_from,
        coalesce(valid_from, target_month) <= {{ month_start('target_month') }} as is_valid_at_month_start,
        ledger_record_key
    from {{ ref('stg_sales_targets') }}
),

versions as (
    select
        *,
        row_number() over (
            partition by month_start, {{ dimensions | join(', ') }}
            order by version desc, valid_from desc nulls last, ledger_record_key desc
        ) as latest_rank,
        row_number() over (
            partition by month_start, {{ dimensions | join(', ') }}, is_valid_at_month_start
            order by version desc, valid_from desc nulls last, ledger_record_key desc
        ) as valid_rank
    from targets
),

resolved as (
    select
        month_start,
        {{ dimensions | join(', ') }},
        case when is_valid_at_month_start and valid_rank = 1 then target_amount end as target_amount,
        case when latest_rank = 1 then target_amount end as latest_target_amount,
        {{ stated_dimensions(dimensions) }} as stated_dimensions
    from versions
),

broken_down as (
    {%- for breakdown, column in breakdowns.items() %}
    select *, '{{ breakdown }}' as breakdown, {{ column }} as breakdown_value
    from resolved
    where {{ column }} is not null
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

stated_cells as (
    select
        month_start,
        region,
        segment,
        breakdown,
        breakdown_value,
        stated_dimensions,
        sum(target_amount) as target_amount,
        sum(latest_target_amount) as latest_target_amount
    from {{ with_totals('broken_down', ['region', 'segment']) }} as cells
    -- A target for all regions says nothing about one of them.
    where region <> 'unknown' and segment <> 'unknown'
    group by month_start, region, segment, breakdown, breakdown_value, stated_dimensions
),

-- Where a total is stated as such it counts; else the sum of the coarsest parts that were stated.
coarsest as (
    select
        *,
        row_number() over (
            partition by month_start, region, segment, breakdown, breakdown_value
            order by length(stated_dimensions), stated_dimensions
        ) as preference
    from stated_cells
),

final as (
    select
        cast(month_start as date) as month_start,
        cast(region as string) as region,
        cast(segment as string) as segment,
        cast(breakdown as string) as breakdown,
        cast(breakdown_value as string) as breakdown_value,
        cast(target_amount as decimal(18, 2)) as target_amount,
        cast(latest_target_amount as decimal(18, 2)) as latest_target_amount
    from coarsest
    where preference = 1
)

select * from final
