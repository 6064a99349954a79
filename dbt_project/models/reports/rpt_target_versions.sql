-- one row a month, region, segment and version of its target: how much, from when until when, and which one counted
{%- set dimensions = ['region', 'channel', 'segment', 'product_category', 'product_id'] %}
with

targets as (
    select
        {{ month_start('target_month') }} as month_start,
        {{ dimensions | join(', ') }},
        target_amount,
        coalesce(version, 0) as version,
        coalesce(valid_from, {{ month_start('target_month') }}) as valid_from,
        ledger_record_key
    from {{ ref('stg_sales_targets') }}
),

versions as (
    select month_start, version, min(valid_from) as valid_from
    from targets
    group by month_start, version
),

-- What a version leaves out stays as the versions before it said.
standing as (
    select
        versions.month_start,
        versions.version,
        targets.region,
        targets.segment,
        targets.target_amount,
        {{ stated_dimensions(dimensions) }} as stated_dimensions,
        row_number() over (
            partition by versions.month_start, versions.version, {{ dimensions | join(', ') }}
            order by targets.version desc, targets.valid_from desc nulls last, targets.ledger_record_key desc
        ) as place
    from versions
    inner join targets
        on versions.month_start = targets.month_start and versions.version >= targets.version
),

newest as (
    select * from standing where place = 1
),

stated_cells as (
    select
        month_start, version, region, segment, stated_dimensions,
        sum(target_amount) as target_amount
    from {{ with_totals('newest', ['region', 'segment']) }} as cells
    -- A target for all regions says nothing about one of them.
    where region <> 'unknown' and segment <> 'unknown'
    group by month_start, version, region, segment, stated_dimensions
),

-- Where a total is stated as such it counts; else the sum of the coarsest parts that were stated.
coarsest as (
    select
        *,
        row_number() over (
            partition by month_start, version, region, segment
            order by length(stated_dimensions), stated_dimensions
        ) as preference
    from stated_cells
),

ordered as (
    select
        coarsest.month_start,
        coarsest.region,
        coarsest.segment,
        coarsest.version,
        coarsest.target_amount,
        versions.valid_from,
        lead(versions.valid_from) over (
            partition by coarsest.month_start, coarsest.region, coarsest.segment order by coarsest.version
        ) as next_valid_from,
        lag(coarsest.target_amount) over (
            partition by coarsest.month_start, coarsest.region, coarsest.segment order by coarsest.version
        ) as previous_amount,
        max(case when versions.valid_from <= coarsest.month_start then coarsest.version end) over (
            partition by coarsest.month_start, coarsest.region, coarsest.segment
        ) as counted_version
    from coarsest
    inner join versions
        on coarsest.month_start = versions.month_start and coarsest.version = versions.version
    where coarsest.preference = 1
),

final as (
    select
        cast(ordered.month_start as date) as month_start,
        cast(ordered.region as string) as region,
        cast(ordered.segment as string) as segment,
        cast(ordered.version as bigint) as version,
        cast(ordered.valid_from as date) as valid_from,
        cast({{ add_days('ordered.next_valid_from', -1) }} as date) as valid_until,
        cast(ordered.target_amount as decimal(18, 2)) as target_amount,
        cast({{ growth_rate('ordered.target_amount', 'ordered.previous_amount') }} as double) as change_rate,
        cast(coalesce(ordered.version = ordered.counted_version, false) as boolean) as is_counted,
        cast(ordered.next_valid_from is null as boolean) as is_latest,
        cast({{ safe_divide('sales.sales_amount', 'ordered.target_amount') }} as double) as target_attainment_rate
    from ordered
    left join {{ ref('rpt_monthly_sales') }} as sales
        on ordered.month_start = sales.month_start
        and ordered.region = sales.region
        and ordered.segment = sales.segment
        and sales.breakdown = 'total'
)

select * from final
