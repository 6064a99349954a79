-- one row a month, region, segment and value of a breakdown
{%- set order_breakdowns = {'total': "'all'", 'region': 'region', 'channel': 'channel', 'segment': 'segment'} %}
{%- set cell = 'region, segment, breakdown, breakdown_value' %}
with

run_context as (
    select
        as_of_date,
        {{ month_start('as_of_date') }} as as_of_month
    from {{ ref('stg_run_day') }}
),

sales as (
    select * from {{ ref('int_sales_counted') }}
    where month_start <= (select as_of_month from run_context)
),

payments as (
    select
        month_start,
        region,
        segment,
        channel,
        sum(paid_amount) as paid_amount
    from {{ ref('fct_payments') }}
    where month_start <= (select as_of_month from run_context)
    group by month_start, region, segment, channel
),

targets as (
    select * from {{ ref('int_sales_targets_resolved') }}
    where month_start <= (select as_of_month from run_context)
),

market as (
    select * from {{ ref('int_market_size_resolved') }}
),

payments_broken_down as (
    {{ broken_down('payments', order_breakdowns) }}
),

paid as (
    select
        month_start,
        {{ cell }},
        sum(paid_amount) as paid_amount
    from {{ with_totals('payments_broken_down', ['region', 'segment']) }} as cells
    group by month_start, {{ cell }}
),

known_cells as (
    select {{ cell }} from sales
    union
    select {{ cell }} from targets
    union
    select {{ cell }} from paid
),

all_cells as (
    select
        *,
        row_number() over (order by {{ cell }}) as cell_number
    from known_cells
),

month_days as (
    select
        dates.month_start,
        dates.year_start,
        max(dates.date_day) as month_end,
        count(case when dates.date_day > run_context.as_of_date and dates.is_working_day then 1 end)
            as remaining_working_days,
        count(case when dates.date_day > run_context.as_of_date and dates.is_working_day is null then 1 end)
            as uncovered_days
    from {{ ref('dim_dates') }} as dates
    cross join run_context
    where dates.month_start >= (select min(month_start) from sales)
        and dates.month_start <= run_context.as_of_month
    group by dates.month_start, dates.year_start
),

months as (
    select
        month_days.month_start,
        month_days.year_start,
        month_days.month_end <= run_context.as_of_date as is_complete_month,
        case when month_days.uncovered_days = 0 then month_days.remaining_working_days end as remaining_working_days,
        row_number() over (order by month_days.month_start) as month_number,
        row_number() over (partition by month_days.year_start order by month_days.month_start) as months_of_year_so_far,
        min(month_days.month_start) over () as first_month_start
    from month_days
    cross join run_context
),

-- Products are many and most are quiet: besides the months in which one has figures, those that are compared with them.
product_months as (
    select distinct
        all_cells.cell_number,
        months.month_number + compared_months.distance as month_number
    from (
        select month_start, {{ cell }} from sales
        union
        select month_start, {{ cell }} from targets
    ) as figures
    inner join all_cells
        on {{ same_cell('figures', 'all_cells') }}
    inner join months
        on figures.month_start = months.month_start
    cross join (
        select 0 as distance union all select 1 union all select 12 union all select -11 union all select -12
    ) as compared_months
    where figures.breakdown = 'product'
),

-- Every month from the first with data to that of as_of, for every cell that ever had anything: a month
-- without sales is a zero that the next month grows from, not a gap.
spine as (
    select all_cells.*, months.*
    from all_cells
    cross join months
    where all_cells.breakdown <> 'product'
    union all
    select all_cells.*, months.*
    from all_cells
    inner join product_months
        on all_cells.cell_number = product_months.cell_number
    inner join months
        on product_months.month_number = months.month_number
),

dense as (
    select
        spine.*,
        coalesce(sales.sales_amount, 0) as sales_amount,
        coalesce(sales.order_count, 0) as order_count,
        coalesce(sales.line_count, 0) as line_count,
        coalesce(sales.units_sold, 0) as units_sold,
        coalesce(sales.customer_count, 0) as customer_count,
        coalesce(sales.delivered_amount, 0) as delivered_amount,
        coalesce(sales.new_product_sales_amount, 0) as new_product_sales_amount,
        coalesce(sales.known_launch_line_count, 0) as known_launch_line_count,
        coalesce(sales.first_purchase_count, 0) as first_purchase_count,
        paid.paid_amount,
        targets.target_amount,
        targets.latest_target_amount,
        market.market_customer_count,
        market.market_units,
        market.market_amount
    from spine
    left join sales
        on {{ same_cell('spine', 'sales') }} and spine.month_start = sales.month_start
    left join paid
        on {{ same_cell('spine', 'paid') }} and spine.month_start = paid.month_start
    left join targets
        on {{ same_cell('spine', 'targets') }} and spine.month_start = targets.month_start
    -- The market is known by region and segment only: other breakdowns have no denominator.
    left join market
        on spine.month_start = market.month_start
        and market.region = case when spine.breakdown = 'region' then spine.breakdown_value else spine.region end
        and market.segment = case when spine.breakdown = 'segment' then spine.breakdown_value else spine.segment end
        and spine.breakdown in ('total', 'region', 'segment')
),

accumulated as (
    select
        *,
        sum(first_purchase_count) over (
            partition by cell_number order by month_number rows between unbounded preceding and current row
        ) as own_customer_count,
        sum(sales_amount) over (
            partition by cell_number, year_start order by month_number rows between unbounded preceding and current row
        ) as year_to_date_sales_amount,
        sum(target_amount) over (
            partition by cell_number, year_start order by month_number rows between unbounded preceding and current row
        ) as stated_target_amount,
        count(target_amount) over (
            partition by cell_number, year_start order by month_number rows between unbounded preceding and current row
        ) as stated_target_count
    from dense
),

compared as (
    select
        this_month.*,
        -- A year to date without a target in one of its months has no target.
        case
            when this_month.stated_target_count = this_month.months_of_year_so_far then this_month.stated_target_amount
        end as year_to_date_target_amount,
        case
            when this_month.month_number > 1 then coalesce(previous_month.sales_amount, 0)
        end as previous_month_sales_amount,
        case
            when this_month.month_number > 12 then coalesce(last_year.sales_amount, 0)
        end as last_year_sales_amount,
        -- Comparable only if last year's data began by January.
        case
            when last_year.year_start >= this_month.first_month_start then last_year.year_to_date_sales_amount
        end as last_year_to_date_sales_amount
    from accumulated as this_month
    left join accumulated as previous_month
        on this_month.cell_number = previous_month.cell_number
        and this_month.month_number = previous_month.month_number + 1
    left join accumulated as last_year
        on this_month.cell_number = last_year.cell_number
        and this_month.month_number = last_year.month_number + 12
),

final as (
    select
        cast(month_start as date) as month_start,
        cast(region as string) as region,
        cast(segment as string) as segment,
        cast(breakdown as string) as breakdown,
        cast(breakdown_value as string) as breakdown_value,
        cast(is_complete_month as boolean) as is_complete_month,
        cast(sales_amount as decimal(18, 2)) as sales_amount,
        cast(order_count as bigint) as order_count,
        cast(line_count as bigint) as line_count,
        cast(units_sold as decimal(18, 4)) as units_sold,
        cast(customer_count as bigint) as customer_count,
        {{ safe_divide('sales_amount', 'order_count') }} as average_order_amount,
        cast(delivered_amount as decimal(18, 2)) as delivered_amount,
        cast(
            case
                when breakdown in ('{{ order_breakdowns | join("', '") }}') and (select count(*) from payments) > 0
                    then coalesce(paid_amount, 0)
            end as decimal(18, 2)
        ) as paid_amount,
        cast(target_amount as decimal(18, 2)) as target_amount,
        cast(latest_target_amount as decimal(18, 2)) as latest_target_amount,
        {{ safe_divide('sales_amount', 'target_amount') }} as target_attainment_rate,
        {{ safe_divide('sales_amount', 'latest_target_amount') }} as latest_target_attainment_rate,
        cast(previous_month_sales_amount as decimal(18, 2)) as previous_month_sales_amount,
        {{ growth_rate('sales_amount', 'previous_month_sales_amount') }} as month_over_month_growth_rate,
        cast(last_year_sales_amount as decimal(18, 2)) as last_year_sales_amount,
        {{ growth_rate('sales_amount', 'last_year_sales_amount') }} as year_over_year_growth_rate,
        cast(year_to_date_sales_amount as decimal(18, 2)) as year_to_date_sales_amount,
        cast(last_year_to_date_sales_amount as decimal(18, 2)) as last_year_to_date_sales_amount,
        {{ growth_rate('year_to_date_sales_amount', 'last_year_to_date_sales_amount') }} as year_to_date_growth_rate,
        cast(year_to_date_target_amount as decimal(18, 2)) as year_to_date_target_amount,
        {{ safe_divide('year_to_date_sales_amount', 'year_to_date_target_amount') }} as year_to_date_attainment_rate,
        cast(remaining_working_days as bigint) as remaining_working_days,
        {{ safe_divide('(target_amount - sales_amount)', 'remaining_working_days') }} as run_rate_needed_amount,
        cast(
            case when known_launch_line_count > 0 then new_product_sales_amount end as decimal(18, 2)
        ) as new_product_sales_amount,
        case
            when known_launch_line_count > 0 then {{ safe_divide('new_product_sales_amount', 'sales_amount') }}
        end as new_product_share,
        cast(own_customer_count as bigint) as own_customer_count,
        cast(market_customer_count as bigint) as market_customer_count,
        {{ safe_divide('own_customer_count', 'market_customer_count') }} as penetration_rate,
        cast(market_units as decimal(18, 4)) as market_units,
        cast(market_amount as decimal(18, 2)) as market_amount,
        coalesce(
            {{ safe_divide('sales_amount', 'market_amount') }}, {{ safe_divide('units_sold', 'market_units') }}
        ) as market_share
    from compared
    where breakdown <> 'product'
        or line_count > 0
        or previous_month_sales_amount <> 0
        or last_year_sales_amount <> 0
        or target_amount is not null
        or latest_target_amount is not null
)

select * from final
