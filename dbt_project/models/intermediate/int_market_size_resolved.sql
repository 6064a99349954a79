-- one row per month, region and segment with a known size of the market, totals included
with

market as (
    select
        {{ month_start('market_month') }} as month_start,
        region,
        segment,
        market_customers_count,
        market_units,
        market_amount,
        {{ stated_dimensions(['region', 'segment']) }} as stated_dimensions
    from {{ ref('stg_market_size') }}
),

stated_cells as (
    select
        month_start,
        region,
        segment,
        stated_dimensions,
        sum(market_customers_count) as market_customer_count,
        sum(market_units) as market_units,
        sum(market_amount) as market_amount
    from {{ with_totals('market', ['region', 'segment']) }} as cells
    where region <> 'unknown' and segment <> 'unknown'
    group by month_start, region, segment, stated_dimensions
),

-- Where a total is stated as such it counts; else the sum of the coarsest parts that were stated.
coarsest as (
    select
        *,
        row_number() over (
            partition by month_start, region, segment
            order by length(stated_dimensions), stated_dimensions
        ) as preference
    from stated_cells
),

final as (
    select
        cast(month_start as date) as month_start,
        cast(region as string) as region,
        cast(segment as string) as segment,
        cast(market_customer_count as bigint) as market_customer_count,
        cast(market_units as decimal(18, 4)) as market_units,
        cast(market_amount as decimal(18, 2)) as market_amount
    from coarsest
    where preference = 1
)

select * from final
