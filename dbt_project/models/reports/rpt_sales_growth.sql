-- one row a complete month, region and segment: growth against last year as it is, by working day, and around the festival
-- From January on, until the rule's last month, each day is held against the day as far from last year's Spring Festival
-- as it is from this year's: as many days before and after, wherever the months begin.
with

sales as (
    select
        ordered_date,
        region,
        segment,
        sum(net_amount) as sales_amount
    from {{ ref('fct_sales_lines') }}
    where is_counted and ordered_date is not null
    group by ordered_date, region, segment
),

daily as (
    select
        ordered_date,
        region,
        segment,
        sum(sales_amount) as sales_amount
    from {{ with_totals('sales', ['region', 'segment']) }} as totals
    group by ordered_date, region, segment
),

festivals as (
    select
        cast({{ dbt.date_trunc('year', 'festival_date') }} as date) as year_start,
        {{ days_between('lag(festival_date) over (order by festival_date)', 'festival_date') }} as days_between
    from {{ ref('spring_festivals') }}
),

first_day as (
    select {{ month_start('min(ordered_date)') }} as first_date from sales
),

days as (
    select
        dates.date_day,
        dates.month_start,
        dates.is_working_day,
        case
            when dates.month_start < {{ add_months('dates.year_start', 'cast(' ~ threshold('festival_months') ~ ' as integer)') }}
                then {{ add_days('dates.date_day', '-festivals.days_between') }}
        end as aligned_date
    from {{ ref('dim_dates') }} as dates
    left join festivals
        on dates.year_start = festivals.year_start
    where dates.date_day >= (select first_date from first_day)
        and dates.date_day <= (select as_of_date from {{ ref('stg_run_day') }})
),

months as (
    select
        month_start,
        {{ add_months('month_start', -12) }} as last_year_month_start,
        case when count(is_working_day) = count(*) then count(case when is_working_day then 1 end) end as working_day_count,
        -- The days of last year are known only if the books reach back to all of them.
        case
            when count(aligned_date) = count(*) and min(aligned_date) >= (select first_date from first_day)
                then min(aligned_date)
        end as aligned_first_date,
        max(aligned_date) as aligned_last_date
    from days
    group by month_start
    having max(date_day) = {{ month_end('month_start') }}
),

cells as (
    select distinct region, segment from daily
),

monthly as (
    select
        days.month_start,
        daily.region,
        daily.segment,
        sum(daily.sales_amount) as sales_amount
    from daily
    inner join days
        on daily.ordered_date = days.date_day
    group by days.month_start, daily.region, daily.segment
),

aligned as (
    select
        days.month_start,
        daily.region,
        daily.segment,
        sum(daily.sales_amount) as sales_amount
    from daily
    inner join days
        on daily.ordered_date = days.aligned_date
    group by days.month_start, daily.region, daily.segment
),

compared as (
    select
        months.month_start,
        cells.region,
        cells.segment,
        coalesce(this_month.sales_amount, 0) as sales_amount,
        case when last_year.month_start is not null then coalesce(then_month.sales_amount, 0) end as last_year_sales_amount,
        months.working_day_count,
        last_year.working_day_count as last_year_working_day_count,
        months.aligned_first_date,
        case when months.aligned_first_date is not null then months.aligned_last_date end as aligned_last_date,
        case when months.aligned_first_date is not null then coalesce(aligned.sales_amount, 0) end as aligned_sales_amount
    from months
    cross join cells
    left join months as last_year
        on months.last_year_month_start = last_year.month_start
    left join monthly as this_month
        on months.month_start = this_month.month_start
        and cells.region = this_month.region and cells.segment = this_month.segment
    left join monthly as then_month
        on months.last_year_month_start = then_month.month_start
        and cells.region = then_month.region and cells.segment = then_month.segment
    left join aligned
        on months.month_start = aligned.month_start
        and cells.region = aligned.region and cells.segment = aligned.segment
),

by_working_day as (
    select
        *,
        {{ safe_divide('sales_amount', 'working_day_count') }} as working_day_amount,
        {{ safe_divide('last_year_sales_amount', 'last_year_working_day_count') }} as last_year_working_day_amount
    from compared
),

final as (
    select
        cast(month_start as date) as month_start,
        cast(region as string) as region,
        cast(segment as string) as segment,
        cast(sales_amount as decimal(18, 2)) as sales_amount,
        cast(last_year_sales_amount as decimal(18, 2)) as last_year_sales_amount,
        cast({{ growth_rate('sales_amount', 'last_year_sales_amount') }} as double) as growth_rate,
        cast(working_day_count as bigint) as working_day_count,
        cast(last_year_working_day_count as bigint) as last_year_working_day_count,
        cast(working_day_amount as double) as working_day_amount,
        cast(last_year_working_day_amount as double) as last_year_working_day_amount,
        cast({{ growth_rate('working_day_amount', 'last_year_working_day_amount') }} as double) as working_day_growth_rate,
        cast(aligned_first_date as date) as aligned_first_date,
        cast(aligned_last_date as date) as aligned_last_date,
        cast(aligned_sales_amount as decimal(18, 2)) as aligned_sales_amount,
        cast({{ growth_rate('sales_amount', 'aligned_sales_amount') }} as double) as aligned_growth_rate
    from by_working_day
)

select * from final
