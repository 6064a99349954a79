-- one row a customer and window: purchases up to its end, and what was bought in the time of the same length behind it
with

run_day as (
    select as_of_date from {{ ref('stg_run_day') }}
),

-- A day counts once as a purchase, whatever the number of its orders.
purchases as (
    select
        coalesce(orders.customer_key, orders.person_key) as customer_key,
        orders.ordered_date,
        sum(orders.sales_amount) as sales_amount
    from {{ ref('fct_orders') }} as orders
    cross join run_day
    where orders.is_counted
        and coalesce(orders.customer_key, orders.person_key) is not null
        and orders.ordered_date <= run_day.as_of_date
    group by coalesce(orders.customer_key, orders.person_key), orders.ordered_date
),

-- Observed until the last order that there is: a month not delivered yet is no month without purchases.
observed as (
    select
        max(ordered_date) as last_date,
        cast(round({{ threshold('value_horizon_months') }} * 365.25 / 12) as integer) as horizon_days,
        cast(floor({{ days_between('min(ordered_date)', 'max(ordered_date)') }} / 2) as integer) as half_days
    from purchases
),

-- The model is tried on a time held out: as long as the horizon, at most half of what was observed.
windows as (
    select
        'whole' as window_kind,
        last_date as window_end_date,
        horizon_days as ahead_days
    from observed
    union all
    select
        'calibration' as window_kind,
        {{ add_days('last_date', '-least(horizon_days, half_days)') }} as window_end_date,
        least(horizon_days, half_days) as ahead_days
    from observed
),

counted as (
    select
        windows.window_kind,
        purchases.customer_key,
        max(windows.ahead_days) as ahead_days,
        count(case when purchases.ordered_date <= windows.window_end_date then 1 end) - 1 as repeat_count,
        min(purchases.ordered_date) as first_date,
        max(case when purchases.ordered_date <= windows.window_end_date then purchases.ordered_date end) as last_date,
        max(windows.window_end_date) as window_end_date,
        sum(case when purchases.ordered_date <= windows.window_end_date then purchases.sales_amount else 0 end)
            as sales_amount,
        sum(
            case
                when purchases.ordered_date <= windows.window_end_date
                    and purchases.ordered_date > {{ add_days('windows.window_end_date', '-windows.ahead_days') }}
                    then purchases.sales_amount
                else 0
            end
        ) as recent_sales_amount,
        sum(case when purchases.ordered_date > windows.window_end_date then purchases.sales_amount else 0 end)
            as later_sales_amount
    from purchases
    cross join windows
    group by windows.window_kind, purchases.customer_key
),

final as (
    select
        cast(window_kind as string) as window_kind,
        cast(customer_key as string) as customer_key,
        cast(window_end_date as date) as window_end_date,
        cast(ahead_days as bigint) as ahead_days,
        cast(repeat_count as bigint) as repeat_count,
        cast({{ days_between('first_date', 'last_date') }} as bigint) as recency_days,
        cast({{ days_between('first_date', 'window_end_date') }} as bigint) as age_days,
        cast(sales_amount as decimal(18, 2)) as sales_amount,
        cast(recent_sales_amount as decimal(18, 2)) as recent_sales_amount,
        cast(later_sales_amount as decimal(18, 2)) as later_sales_amount
    from counted
    where first_date <= window_end_date
)

select * from final
