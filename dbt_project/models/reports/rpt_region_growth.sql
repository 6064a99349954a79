-- one row a complete month, region and segment: the last months against the same a year before, and whether more than chance
with

sales as (
    select * from {{ ref('int_sales_counted') }}
    where breakdown = 'total'
),

complete_months as (
    select dates.month_start
    from {{ ref('dim_dates') }} as dates
    cross join {{ ref('stg_run_day') }} as today
    where dates.month_start >= (select min(month_start) from sales)
    group by dates.month_start
    having max(dates.date_day) <= max(today.as_of_date)
),

windows as (
    select
        month_start,
        {{ add_months('month_start', '1 - cast(' ~ threshold('emerging_window_months') ~ ' as integer)') }} as first_month_start
    from complete_months
),

spans as (
    select month_start, 'now' as span, first_month_start, month_start as last_month_start
    from windows
    union all
    select
        month_start,
        'then' as span,
        {{ add_months('first_month_start', -12) }} as first_month_start,
        {{ add_months('month_start', -12) }} as last_month_start
    from windows
),

-- Only where the books reach back to the first month of a year before.
comparable as (
    select month_start from spans
    where span = 'then' and first_month_start >= (select min(month_start) from sales)
),

summed as (
    select
        spans.month_start,
        sales.region,
        sales.segment,
        {%- for measure in ['order_count', 'sales_amount'] %}
        coalesce(sum(case when spans.span = 'now' then sales.{{ measure }} end), 0) as {{ measure }},
        coalesce(sum(case when spans.span = 'then' then sales.{{ measure }} end), 0) as last_year_{{ measure }}{{ ',' if not loop.last }}
        {%- endfor %}
    from spans
    inner join comparable
        on spans.month_start = comparable.month_start
    inner join sales
        on sales.month_start >= spans.first_month_start and sales.month_start <= spans.last_month_start
    group by spans.month_start, sales.region, sales.segment
),

-- The whole market over the same months, where its size is known for each of them.
market as (
    select
        spans.month_start,
        market.region,
        market.segment,
        {%- for span, name in {'now': 'market_amount', 'then': 'last_year_market_amount'}.items() %}
        case
            when count(case when spans.span = '{{ span }}' then market.market_amount end)
                = {{ months_between('max(spans.first_month_start)', 'max(spans.last_month_start)') }} + 1
                then sum(case when spans.span = '{{ span }}' then market.market_amount end)
        end as {{ name }}{{ ',' if not loop.last }}
        {%- endfor %}
    from spans
    inner join {{ ref('int_market_size_resolved') }} as market
        on market.month_start >= spans.first_month_start and market.month_start <= spans.last_month_start
    group by spans.month_start, market.region, market.segment
),

compared as (
    select
        parts.*,
        market.market_amount,
        market.last_year_market_amount,
        {{ growth_rate('market.market_amount', 'market.last_year_market_amount') }} as market_growth_rate,
        company.order_count as company_order_count,
        company.last_year_order_count as company_last_year_order_count,
        {{ growth_rate('parts.sales_amount', 'parts.last_year_sales_amount') }} as growth_rate,
        {{ growth_rate('company.sales_amount', 'company.last_year_sales_amount') }} as company_growth_rate,
        {{ safe_divide('parts.order_count', 'company.order_count') }} as order_share,
        {{ safe_divide('parts.last_year_order_count', 'company.last_year_order_count') }} as last_year_order_share,
        {{ two_proportion_is_significant(
            'parts.order_count', 'company.order_count', 'parts.last_year_order_count', 'company.last_year_order_count'
        ) }} as is_significant
    from summed as parts
    inner join summed as company
        on parts.month_start = company.month_start and parts.segment = company.segment and company.region = 'all'
    left join market
        on parts.month_start = market.month_start and parts.region = market.region and parts.segment = market.segment
    where parts.region not in ('all', 'unknown')
),

final as (
    select
        cast(month_start as date) as month_start,
        cast(region as string) as region,
        cast(segment as string) as segment,
        cast(sales_amount as decimal(18, 2)) as sales_amount,
        cast(last_year_sales_amount as decimal(18, 2)) as last_year_sales_amount,
        cast(growth_rate as double) as growth_rate,
        cast(company_growth_rate as double) as company_growth_rate,
        cast(market_amount as decimal(18, 2)) as market_amount,
        cast(last_year_market_amount as decimal(18, 2)) as last_year_market_amount,
        cast(market_growth_rate as double) as market_growth_rate,
        cast(growth_rate - market_growth_rate as double) as growth_ahead_of_market,
        cast(order_count as bigint) as order_count,
        cast(last_year_order_count as bigint) as last_year_order_count,
        cast(order_share as double) as order_share,
        cast(last_year_order_share as double) as last_year_order_share,
        cast(order_share - last_year_order_share as double) as order_share_change,
        cast(is_significant as boolean) as is_significant,
        cast(
            coalesce(
                is_significant
                and order_share > last_year_order_share
                and growth_rate > company_growth_rate
                and order_count >= {{ threshold('emerging_minimum_orders') }}, false
            ) as boolean
        ) as is_emerging
    from compared
)

select * from final
