-- one row a month of first purchase, region, segment and period: who bought again exactly n months later
-- A period that is not over by the run's date is blank, not 0: the cohort is too young for it.
with

run_context as (
    select as_of_date from {{ ref('stg_run_day') }}
),

purchases as (
    select * from {{ ref('int_customer_purchases') }}
    where month_start <= (select as_of_date from run_context)
),

cells as (
    select
        cohort_month,
        region,
        segment,
        {{ months_between('cohort_month', 'month_start') }} as period_number,
        sum(case when month_start = cohort_month then 1 else 0 end) as cohort_customer_count,
        count(*) as retained_customer_count
    from purchases
    group by 1, 2, 3, 4
),

counted as (
    select
        cohort_month,
        region,
        segment,
        period_number,
        sum(cohort_customer_count) as cohort_customer_count,
        sum(retained_customer_count) as retained_customer_count
    from {{ with_totals('cells', ['region', 'segment']) }}
    group by cohort_month, region, segment, period_number
),

cohorts as (
    select
        cohort_month,
        region,
        segment,
        sum(cohort_customer_count) as cohort_customer_count,
        min(cohort_month) over () as first_cohort_month
    from counted
    group by cohort_month, region, segment
),

periods as (
    select generated_number - 1 as period_number
    from {{ numbers(241) }} as numbers
    where generated_number - 1 <= {{ threshold('cohort_periods') }}
),

grid as (
    select
        cohorts.cohort_month,
        cohorts.region,
        cohorts.segment,
        cohorts.cohort_customer_count,
        periods.period_number,
        {{ add_months('cohorts.cohort_month', 'cast(periods.period_number + 1 as integer)') }}
            <= run_context.as_of_date as is_over
    from cohorts
    cross join run_context
    inner join periods
        on {{ months_between('cohorts.first_cohort_month', 'run_context.as_of_date') }} >= periods.period_number
),

joined as (
    select
        grid.*,
        case when grid.is_over then coalesce(counted.retained_customer_count, 0) end as retained_customer_count
    from grid
    left join counted
        on grid.cohort_month = counted.cohort_month
        and grid.region = counted.region
        and grid.segment = counted.segment
        and grid.period_number = counted.period_number
),

final as (
    select
        cast(cohort_month as date) as month_start,
        cast(region as string) as region,
        cast(segment as string) as segment,
        cast(period_number as bigint) as period_number,
        cast(cohort_customer_count as bigint) as cohort_customer_count,
        cast(retained_customer_count as bigint) as retained_customer_count,
        cast({{ safe_divide('retained_customer_count', 'cohort_customer_count') }} as double) as retention_rate,
        cast({{ wilson_low('retained_customer_count', 'cohort_customer_count') }} as double) as retention_rate_low,
        cast({{ wilson_high('retained_customer_count', 'cohort_customer_count') }} as double) as retention_rate_high
    from joined
)

select * from final
