-- one row a step that an order passed or is in: the time in it, its limit, and what a breach is charged
with

events as (
    select * from {{ ref('stg_order_events') }}
),

orders as (
    select * from {{ ref('fct_orders') }}
),

steps as (
    select * from {{ ref('order_steps') }}
),

charges as (
    select * from {{ ref('breach_charges') }}
),

run_context as (
    select as_of, time_zone from {{ ref('stg_run_context') }}
),

working_days as (
    select * from {{ ref('int_working_days') }}
),

-- Office hours are alike on all working days of a seed row: the longest day is what "one working day" means.
working_day as (
    select max(worked_seconds) as day_seconds, max(date) as covered_until_date from working_days
),

-- a flow that only notes when a step was done tells when the next one began
placed as (
    select
        events.*,
        steps.position as step_position,
        coalesce(steps.limit_type, 'any_time') as limit_type,
        steps.limit_value,
        coalesce(events.started_at, lag(events.finished_at) over (
            partition by events.order_id order by steps.position nulls last, events.ledger_record_key
        )) as began_at
    from events
    left join steps
        on events.order_step = steps.order_step
),

timed as (
    select
        placed.*,
        orders.ordered_date,
        orders.region,
        orders.segment,
        orders.customer_key,
        coalesce(placed.step_due_date, orders.promised_date) as agreed_date,
        run_context.as_of,
        {{ local_timestamp('placed.began_at', 'run_context.time_zone') }} as began_local,
        {{ local_timestamp('placed.finished_at', 'run_context.time_zone') }} as finished_local,
        {{ local_timestamp('run_context.as_of', 'run_context.time_zone') }} as as_of_local
    from placed
    cross join run_context
    left join orders
        on placed.order_id = orders.order_id
),

positioned as (
    select
        timed.*,
        working_day.day_seconds,
        cast(timed.as_of_local as date) > working_day.covered_until_date as is_past_calendar,
        {{ working_position('timed.began_local', 'began_days') }} as began_position,
        {{ working_position('timed.finished_local', 'finished_days') }} as finished_position,
        {{ working_position('timed.as_of_local', 'as_of_days') }} as as_of_position
    from timed
    cross join working_day
    left join working_days as began_days
        on cast(timed.began_local as date) = began_days.date
    left join working_days as finished_days
        on cast(timed.finished_local as date) = finished_days.date
    -- past the calendar's end the wait is at least as long as to its end: enough to call a breach, not its absence
    left join working_days as as_of_days
        on least(cast(timed.as_of_local as date), working_day.covered_until_date) = as_of_days.date
),

limited as (
    select
        *,
        began_position + case limit_type
            when 'working_days' then cast(limit_value * day_seconds as bigint)
            when 'working_hours' then cast(limit_value * 3600 as bigint)
        end as due_position,
        case when limit_type = 'calendar_hours'
            then {{ dbt.dateadd('hour', 'cast(limit_value as integer)', 'began_at') }}
        end as due_at,
        case limit_type
            when 'agreed_date' then agreed_date
            when 'month_end' then {{ month_end('began_local') }}
        end as limit_date
    from positioned
),

judged as (
    select
        limited.*,
        coalesce(
            limited.limit_date,
            due_days.date,
            cast({{ local_timestamp('limited.due_at', 'run_context.time_zone') }} as date)
        ) as due_date,
        case
            when limited.limit_type = 'any_time' then 'no_limit'
            when limited.finished_at < limited.began_at then 'undeterminable'
            when limited.limit_type = 'calendar_hours' then case
                when limited.due_at is null then 'undeterminable'
                when limited.finished_at <= limited.due_at then 'in_time'
                when coalesce(limited.finished_at, limited.as_of) > limited.due_at then 'breached'
                else 'not_yet_due'
            end
            when limited.limit_type in ('agreed_date', 'month_end') then case
                when limited.limit_date is null then 'undeterminable'
                when cast(limited.finished_local as date) <= limited.limit_date then 'in_time'
                when cast(coalesce(limited.finished_local, limited.as_of_local) as date) > limited.limit_date then 'breached'
                else 'not_yet_due'
            end
            when limited.due_position is null then 'undeterminable'
            when limited.finished_at is not null then case
                when limited.finished_position is null then 'undeterminable'
                when limited.finished_position <= limited.due_position then 'in_time'
                else 'breached'
            end
            when limited.as_of_position > limited.due_position then 'breached'
            when limited.as_of_position is null or limited.is_past_calendar then 'undeterminable'
            else 'not_yet_due'
        end as step_status
    from limited
    cross join run_context
    left join working_days as due_days
        on limited.due_position > due_days.worked_seconds_before
        and limited.due_position <= due_days.worked_seconds_before + due_days.worked_seconds
),

final as (
    select
        cast(judged.ledger_record_key as string) as step_key,
        cast({{ month_start('coalesce(judged.began_local, judged.finished_local, judged.ordered_date)') }} as date) as month_start,
        cast(judged.order_id as string) as order_id,
        cast(judged.order_step as string) as order_step,
        cast(judged.step_position as integer) as step_position,
        cast(coalesce(judged.region, 'unknown') as string) as region,
        cast(coalesce(judged.segment, 'unknown') as string) as segment,
        cast(coalesce(judged.department, 'unknown') as string) as department,
        cast(judged.customer_key as string) as customer_key,
        cast(judged.handler_surrogate as string) as handler_surrogate,
        cast(judged.began_at as timestamp) as started_at,
        cast(judged.began_local as date) as started_date,
        cast(judged.finished_at as timestamp) as finished_at,
        cast(case when judged.finished_at >= judged.began_at
            then cast(judged.finished_position - judged.began_position as double) / 3600
        end as double) as working_hours,
        cast(case when judged.finished_at >= judged.began_at
            then {{ hours_between('judged.began_at', 'judged.finished_at') }}
        end as double) as calendar_hours,
        cast(judged.limit_type as string) as limit_type,
        cast(judged.due_date as date) as due_date,
        cast(judged.due_at as timestamp) as due_at,
        cast(judged.step_status as string) as step_status,
        cast(judged.finished_at is null as boolean) as is_open,
        cast(judged.breach_severity as string) as breach_severity,
        cast(case when judged.step_status = 'breached' then charges.charge_low end as decimal(18, 2)) as charge_low,
        cast(case when judged.step_status = 'breached' then charges.charge_high end as decimal(18, 2)) as charge_high,
        cast(judged.decided_charge as decimal(18, 2)) as decided_charge,
        cast(judged.ledger_delivery_id as string) as ledger_delivery_id,
        cast(judged.ledger_row_number as bigint) as ledger_row_number
    from judged
    left join charges
        on coalesce(judged.breach_severity, 'unknown') = charges.breach_severity
)

select * from final
