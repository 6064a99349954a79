-- one row a month, region, segment and value of a breakdown: sheets opened, closed and still open at the month's end
{%- set breakdowns = {
    'total': "'all'", 'department': 'department', 'action_origin': 'action_origin', 'category': 'category'
} %}
with sheets as (

    select * from {{ ref('fct_corrective_actions') }}

),

-- a month that is not over is looked at as of the run
months as (

    select
        dim_dates.month_start,
        min(least({{ month_end('dim_dates.month_start') }}, run_context.as_of_date)) as point_date
    from {{ ref('dim_dates') }} as dim_dates
    cross join {{ ref('stg_run_day') }} as run_context
    cross join (select min(month_start) as first_month from sheets) as range_start
    where dim_dates.month_start >= range_start.first_month
        and dim_dates.month_start <= run_context.as_of_date
    group by dim_dates.month_start

),

standing as (

    select
        months.month_start as report_month,
        sheets.*,
        sheets.month_start = months.month_start as is_opened_now,
        coalesce(sheets.closed_month = months.month_start, false) as is_closed_now,
        coalesce(sheets.recurred_month = months.month_start, false) as is_recurred_now,
        sheets.closed_date is null or sheets.closed_date > months.point_date as is_open_then,
        coalesce(sheets.action_due_date < months.point_date, false)
            and (sheets.action_done_date is null or sheets.action_done_date > months.point_date) as is_overdue_then,
        coalesce(sheets.done_month = months.month_start, false)
            and sheets.action_due_date is not null as is_done_now
    from months
    inner join sheets on sheets.action_opened_date <= months.point_date

),

parts as (
    {% for breakdown, column in breakdowns.items() %}
    select
        report_month as month_start,
        region,
        segment,
        '{{ breakdown }}' as breakdown,
        {{ column }} as breakdown_value,
        count(case when is_opened_now then 1 end) as opened_count,
        count(case when is_open_then then 1 end) as open_count,
        count(case when is_open_then and is_overdue_then then 1 end) as overdue_count,
        count(case when is_done_now then 1 end) as done_count,
        count(case when is_done_now and action_done_date <= action_due_date then 1 end) as done_in_time_count,
        count(case when is_closed_now then 1 end) as closed_count,
        count(case when is_closed_now and customer_key is not null then 1 end) as closed_for_customer_count,
        count(case when is_closed_now and customer_key is not null and is_customer_informed then 1 end)
            as closed_and_informed_count,
        count(case when is_recurred_now then 1 end) as recurrence_count
    from standing
    group by report_month, region, segment, {{ column if breakdown != 'total' else "'all'" }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

counted as (

    select
        month_start,
        region,
        segment,
        breakdown,
        breakdown_value,
        {%- for name in [
            'opened_count', 'open_count', 'overdue_count', 'done_count', 'done_in_time_count', 'closed_count',
            'closed_for_customer_count', 'closed_and_informed_count', 'recurrence_count'
        ] %}
        sum({{ name }}) as {{ name }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ with_totals('parts', ['region', 'segment']) }} as totals
    group by month_start, region, segment, breakdown, breakdown_value

),

final as (

    select
        cast(month_start as date) as month_start,
        cast(region as string) as region,
        cast(segment as string) as segment,
        cast(breakdown as string) as breakdown,
        cast(breakdown_value as string) as breakdown_value,
        cast(opened_count as bigint) as opened_count,
        cast(open_count as bigint) as open_count,
        cast(overdue_count as bigint) as overdue_count,
        cast(done_count as bigint) as done_count,
        cast(done_in_time_count as bigint) as done_in_time_count,
        cast({{ safe_divide('done_in_time_count', 'done_count') }} as double) as done_in_time_rate,
        cast({{ wilson_low('done_in_time_count', 'done_count') }} as double) as done_in_time_rate_low,
        cast({{ wilson_high('done_in_time_count', 'done_count') }} as double) as done_in_time_rate_high,
        cast(closed_count as bigint) as closed_count,
        cast(closed_for_customer_count as bigint) as closed_for_customer_count,
        cast(closed_and_informed_count as bigint) as closed_and_informed_count,
        cast({{ safe_divide('closed_and_informed_count', 'closed_for_customer_count') }} as double) as closed_loop_rate,
        cast({{ wilson_low('closed_and_informed_count', 'closed_for_customer_count') }} as double) as closed_loop_rate_low,
        cast({{ wilson_high('closed_and_informed_count', 'closed_for_customer_count') }} as double) as closed_loop_rate_high,
        cast(recurrence_count as bigint) as recurrence_count
    from counted
    where opened_count + open_count + closed_count + done_count + recurrence_count > 0

)

select * from final
