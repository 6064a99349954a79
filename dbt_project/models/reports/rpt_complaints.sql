-- one row a month of receipt, region, segment and value of a breakdown
{%- set breakdowns = {
    'total': 'all_values',
    'kind': 'kind', 'category': 'category', 'received_via': 'received_via',
    'priority': 'priority', 'department': 'department', 'product': 'product_name'
} %}
{%- set chart = 'partition by spine_region, spine_segment, spine_breakdown, spine_breakdown_value' %}
{%- set group_columns = 'region, segment, breakdown, breakdown_value' %}
with complaints as (

    select
        fct_complaints.*,
        'all' as all_values
    from {{ ref('fct_complaints') }} as fct_complaints

),

broken_down as (

    {%- for breakdown, column in breakdowns.items() %}
    select complaints.*, '{{ breakdown }}' as breakdown, {{ column }} as breakdown_value from complaints
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}

),

expanded as (

    select * from {{ with_totals('broken_down', ['region', 'segment']) }} as totals

),
received as (

    select
        month_start,
        {{ group_columns }},
        count(*) as received_count,
        count(case when is_complaint then 1 end) as complaint_count,
        count(case when reply_status = 'in_time' then 1 end) as replied_in_time_count,
        count(case when reply_status = 'breached' then 1 end) as breached_count,
        count(case when reply_status = 'not_yet_due' then 1 end) as not_yet_due_count,
        count(case when reply_status = 'undeterminable' then 1 end) as undeterminable_count,
        count(case when working_reply_status = 'in_time' then 1 end) as working_replied_in_time_count,
        count(case when working_reply_status = 'breached' then 1 end) as working_breached_count,
        count(case when working_reply_status = 'undeterminable' then 1 end) as working_undeterminable_count,
        count(case when is_declared_in_time then 1 end) as declared_in_time_count,
        count(case when clock_basis = 'measured' then 1 end) as measured_count,
        count(case when clock_basis = 'declared' then 1 end) as declared_count,
        percentile_cont(0.5) within group (order by reply_hours) as median_reply_hours,
        percentile_cont(0.9) within group (order by reply_hours) as p90_reply_hours,
        -- nine decimals: the last digits of a sum of fractions depend on the order in which it was summed
        round(avg(reply_hours), 9) as mean_reply_hours,
        percentile_cont(0.5) within group (order by working_reply_hours) as median_working_reply_hours,
        count(case when is_closed then 1 end) as closed_count,
        count(case when is_closed and is_customer_informed then 1 end) as closed_and_informed_count,
        count(case when is_closed and is_customer_informed is not null then 1 end) as closed_and_known_count,
        count(case when is_recurrence then 1 end) as recurrence_count,
        count(case when is_repeated_problem then 1 end) as repeated_problem_count
    from expanded
    group by month_start, {{ group_columns }}

),

-- what came in and what was closed, month by month: their running difference is the backlog
movements as (

    select month_start, {{ group_columns }}, 1 as opened
    from expanded
    where is_closing_known and not (is_closed and closed_date is null)
    union all
    select cast({{ month_start('closed_date') }} as date) as month_start, {{ group_columns }}, -1 as opened
    from expanded
    where is_closing_known and closed_date is not null

),

monthly_movements as (

    select month_start, {{ group_columns }}, sum(opened) as opened
    from movements
    group by month_start, {{ group_columns }}

),

months as (

    select distinct dim_dates.month_start
    from {{ ref('dim_dates') }} as dim_dates
    cross join (select min(month_start) as first_month from complaints) as range_start
    cross join {{ ref('stg_run_context') }} as run_context
    where dim_dates.month_start >= range_start.first_month
        and dim_dates.month_start <= run_context.as_of_date

),

spine as (

    select months.month_start, group_values.*
    from (select distinct {{ group_columns }} from expanded) as group_values
    cross join months

),

orders as (

    select month_start, region, segment
    from {{ ref('fct_orders') }}
    where is_counted

),

order_counts as (

    select month_start, region, segment, count(*) as order_count
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
        received.*,
        coalesce(received.complaint_count, 0) as filled_complaint_count,
        order_counts.order_count,
        sum(coalesce(monthly_movements.opened, 0)) over (
            partition by spine.region, spine.segment, spine.breakdown, spine.breakdown_value
            order by spine.month_start rows between unbounded preceding and current row
        ) as open_backlog_count
    from spine
    left join received
        on spine.month_start = received.month_start
        and spine.region = received.region
        and spine.segment = received.segment
        and spine.breakdown = received.breakdown
        and spine.breakdown_value = received.breakdown_value
    left join monthly_movements
        on spine.month_start = monthly_movements.month_start
        and spine.region = monthly_movements.region
        and spine.segment = monthly_movements.segment
        and spine.breakdown = monthly_movements.breakdown
        and spine.breakdown_value = monthly_movements.breakdown_value
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
        greatest(
            control_center - {{ threshold('control_limit_sigmas') }} * sqrt(control_center * 1000 / order_count), 0
        ) as control_lower,
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
