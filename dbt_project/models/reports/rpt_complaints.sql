-- one row a month of receipt, region, segment and value of a breakdown
{%- set chart = 'partition by spine_region, spine_segment, spine_breakdown, spine_breakdown_value' %}
{%- set group_columns = 'region, segment, breakdown, breakdown_value' %}
with counted as (

    select * from {{ ref('int_complaints_counted') }}

),

months as (

    select distinct dim_dates.month_start
    from {{ ref('dim_dates') }} as dim_dates
    cross join (select min(month_start) as first_month from counted where received_count > 0) as range_start
    cross join {{ ref('stg_run_day') }} as run_context
    where dim_dates.month_start >= range_start.first_month
        and dim_dates.month_start <= run_context.as_of_date

),

spine as (

    select months.month_start, group_values.*
    from (select distinct {{ group_columns }} from counted) as group_values
    cross join months

),

orders as (

    select month_start, region, segment, count(*) as order_count
    from {{ ref('fct_orders') }}
    where is_counted
    group by month_start, region, segment

),

order_counts as (

    select month_start, region, segment, sum(order_count) as order_count
    from {{ with_totals('orders', ['region', 'segment']) }} as totals
    group by month_start, region, segment

),

filled as (

    select
        spine.month_start as spine_month_start,
        spine.region as spine_region,
        spine.segment as spine_segment,
        spine.breakdown as spine_breakdown,
        spine.breakdown_value as spine_breakdown_value,
        counted.* except (month_start, {{ group_columns }}),
        coalesce(counted.complaint_count, 0) as filled_complaint_count,
        order_counts.order_count,
        -- what came in and what was closed, month by month: their running difference is the backlog
        sum(coalesce(counted.opened_count - counted.closed_in_month_count, 0)) over (
            partition by spine.region, spine.segment, spine.breakdown, spine.breakdown_value
            order by spine.month_start rows between unbounded preceding and current row
        ) as open_backlog_count
    from spine
    left join counted
        on {{ same_cell('spine', 'counted') }}
        and spine.month_start = counted.month_start
    left join order_counts
        on spine.month_start = order_counts.month_start
        and spine.region = order_counts.region
        and spine.segment = order_counts.segment

),

-- the mean rate of all months with orders is the centre of the u-chart; its limits widen where orders are few
charted as (

    select
        *,
        {{ safe_divide('filled_complaint_count * 1000', 'order_count') }} as complaints_per_1000_orders,
        case when order_count > 0 then
            {{ safe_divide(
                'sum(case when order_count > 0 then filled_complaint_count end) over (' ~ chart ~ ') * 1000',
                'sum(order_count) over (' ~ chart ~ ')'
            ) }}
        end as control_center
    from filled

),

limited as (

    select
        *,
        {{ at_least(
            'control_center - ' ~ threshold('control_limit_sigmas') ~ ' * sqrt(control_center * 1000 / nullif(order_count, 0))', 0
        ) }} as control_lower,
        control_center + {{ threshold('control_limit_sigmas') }} * sqrt(control_center * 1000 / order_count) as control_upper
    from charted
    -- the total of a month is always shown; a value of a breakdown where there is something to say of it
    where coalesce(received_count, 0) > 0 or open_backlog_count > 0 or spine_breakdown = 'total'

),

final as (

    select
        cast(spine_month_start as date) as month_start,
        cast(spine_region as string) as region,
        cast(spine_segment as string) as segment,
        cast(spine_breakdown as string) as breakdown,
        cast(spine_breakdown_value as string) as breakdown_value,
        cast(coalesce(received_count, 0) as bigint) as received_count,
        cast(filled_complaint_count as bigint) as complaint_count,
        cast(coalesce(replied_in_time_count + breached_count, 0) as bigint) as due_count,
        cast(coalesce(replied_in_time_count, 0) as bigint) as replied_in_time_count,
        cast(coalesce(breached_count, 0) as bigint) as breached_count,
        cast(coalesce(not_yet_due_count, 0) as bigint) as not_yet_due_count,
        cast(coalesce(undeterminable_count, 0) as bigint) as undeterminable_count,
        cast({{ safe_divide('replied_in_time_count', 'replied_in_time_count + breached_count') }} as double) as attainment_rate,
        cast({{ wilson_low('replied_in_time_count', '(replied_in_time_count + breached_count)') }} as double) as attainment_rate_low,
        cast({{ wilson_high('replied_in_time_count', '(replied_in_time_count + breached_count)') }} as double) as attainment_rate_high,
        cast(coalesce(working_replied_in_time_count, 0) as bigint) as working_replied_in_time_count,
        cast(coalesce(working_breached_count, 0) as bigint) as working_breached_count,
        cast(coalesce(working_undeterminable_count, 0) as bigint) as working_undeterminable_count,
        cast({{ safe_divide('working_replied_in_time_count', 'working_replied_in_time_count + working_breached_count') }} as double)
            as working_attainment_rate,
        cast({{ wilson_low('working_replied_in_time_count', '(working_replied_in_time_count + working_breached_count)') }} as double)
            as working_attainment_rate_low,
        cast({{ wilson_high('working_replied_in_time_count', '(working_replied_in_time_count + working_breached_count)') }} as double)
            as working_attainment_rate_high,
        cast(coalesce(declared_in_time_count, 0) as bigint) as declared_in_time_count,
        cast(case
            when measured_count > 0 and declared_count > 0 then 'mixed'
            when measured_count > 0 then 'measured'
            when declared_count > 0 then 'declared'
            else 'none'
        end as string) as clock_basis,
        cast(median_reply_hours as double) as median_reply_hours,
        cast(p90_reply_hours as double) as p90_reply_hours,
        cast(mean_reply_hours as double) as mean_reply_hours,
        cast(median_working_reply_hours as double) as median_working_reply_hours,
        cast(coalesce(closed_count, 0) as bigint) as closed_count,
        cast(coalesce(closed_and_informed_count, 0) as bigint) as closed_and_informed_count,
        cast(open_backlog_count as bigint) as open_backlog_count,
        cast(case when closed_and_known_count > 0 then {{ safe_divide('closed_and_informed_count', 'closed_count') }} end as double)
            as closed_loop_rate,
        cast(case when closed_and_known_count > 0 then {{ wilson_low('closed_and_informed_count', 'closed_count') }} end as double)
            as closed_loop_rate_low,
        cast(case when closed_and_known_count > 0 then {{ wilson_high('closed_and_informed_count', 'closed_count') }} end as double)
            as closed_loop_rate_high,
        cast(coalesce(recurrence_count, 0) as bigint) as recurrence_count,
        cast(coalesce(repeated_problem_count, 0) as bigint) as repeated_problem_count,
        cast(coalesce(order_count, 0) as bigint) as order_count,
        cast(complaints_per_1000_orders as double) as complaints_per_1000_orders,
        cast(control_center as double) as control_center,
        cast(control_lower as double) as control_lower,
        cast(control_upper as double) as control_upper,
        cast(complaints_per_1000_orders > control_upper or complaints_per_1000_orders < control_lower as boolean)
            as is_out_of_control
    from limited

)

select * from final
