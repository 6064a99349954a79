-- one row a month, source and department, with totals over both: how complete, valid, punctual, unique and consistent its
-- deliveries are
with

receipts as (
    select
        *,
        cast(delivered_at as date) as delivered_date
    from {{ ref('rpt_deliveries') }}
    where is_current_reading and source is not null
),

compared as (
    select * from {{ ref('int_statements_compared') }}
),

rules as (
    select
        cast({{ threshold('delivery_due_day') }} as integer) as due_day,
        cast({{ threshold('delivery_expected_months') }} as integer) as expected_months
),

run_day as (
    select
        as_of_date,
        {{ month_start('as_of_date') }} as this_month
    from {{ ref('stg_run_day') }}
),

-- A delivery is judged in the month in which its data end.
delivered as (
    select
        {{ month_start('coalesce(receipts.last_date, receipts.delivered_date)') }} as month_start,
        receipts.source,
        receipts.department,
        1 as delivery_count,
        receipts.rows_accepted + receipts.rows_rejected + receipts.rows_waiting as row_count,
        receipts.rows_accepted as accepted_row_count,
        receipts.rows_accepted - receipts.superseded_row_count as unique_row_count,
        receipts.cells_asked as cell_count,
        receipts.cells_filled as filled_cell_count,
        compared.compared_row_count,
        compared.agreeing_row_count,
        0 as due_count,
        0 as on_time_count
    from receipts
    left join compared
        on receipts.delivery_id = compared.delivery_id
),

dated_receipts as (
    select * from receipts
    where department is not null and last_date is not null and rows_accepted > 0
),

senders as (
    select
        source,
        department,
        {{ month_start('min(delivered_date)') }} as first_delivered_month
    from dated_receipts
    group by source, department
),

months as (
    select distinct month_start
    from {{ ref('dim_dates') }}
),

-- What lies before the first delivery is history that was handed in later: nobody could be punctual with it.
asked_months as (
    select
        senders.source,
        senders.department,
        months.month_start,
        {{ month_end('months.month_start') }} as month_end,
        {{ add_days(add_months('months.month_start', 1), 'rules.due_day - 1') }} as due_date,
        {{ add_months('months.month_start', '-rules.expected_months') }} as expected_since,
        run_day.as_of_date
    from senders
    cross join rules
    cross join run_day
    inner join months
        on months.month_start >= {{ add_months('senders.first_delivered_month', -1) }}
        and months.month_start < run_day.this_month
),

-- Of a month counts what came when it was over; what came before can only be a part.
answered_months as (
    select
        asked_months.month_start,
        asked_months.source,
        asked_months.department,
        asked_months.due_date,
        asked_months.as_of_date,
        min(
            case
                when dated_receipts.last_date >= asked_months.month_start
                    and dated_receipts.delivered_date >= asked_months.month_end then dated_receipts.delivered_date
            end
        ) as delivered_date
    from asked_months
    inner join dated_receipts
        on asked_months.source = dated_receipts.source
        and asked_months.department = dated_receipts.department
        and dated_receipts.first_date <= asked_months.month_end
        and dated_receipts.last_date >= asked_months.expected_since
    group by 1, 2, 3, 4, 5
),

due as (
    select
        month_start,
        source,
        department,
        0 as delivery_count,
        0 as row_count,
        0 as accepted_row_count,
        0 as unique_row_count,
        0 as cell_count,
        0 as filled_cell_count,
        0 as compared_row_count,
        0 as agreeing_row_count,
        1 as due_count,
        case when delivered_date <= due_date then 1 else 0 end as on_time_count
    from answered_months
    where delivered_date is not null or due_date < as_of_date
),

parts as (
    select * from delivered
    union all
    select * from due
),

counted as (
    select
        month_start,
        source,
        department,
        sum(delivery_count) as delivery_count,
        sum(row_count) as row_count,
        sum(accepted_row_count) as accepted_row_count,
        sum(unique_row_count) as unique_row_count,
        sum(cell_count) as cell_count,
        sum(filled_cell_count) as filled_cell_count,
        sum(coalesce(compared_row_count, 0)) as compared_row_count,
        sum(coalesce(agreeing_row_count, 0)) as agreeing_row_count,
        sum(due_count) as due_count,
        sum(on_time_count) as on_time_count
    from {{ with_totals('parts', ['source', 'department']) }} as parts_with_totals
    group by month_start, source, department
),

final as (
    select
        cast(month_start as date) as month_start,
        cast(source as string) as source,
        cast(department as string) as department,
        cast(delivery_count as bigint) as delivery_count,
        cast(row_count as bigint) as row_count,
        cast(cell_count as bigint) as cell_count,
        cast(filled_cell_count as bigint) as filled_cell_count,
        cast({{ safe_divide('filled_cell_count', 'cell_count') }} as double) as completeness_rate,
        cast(accepted_row_count as bigint) as accepted_row_count,
        cast({{ safe_divide('accepted_row_count', 'row_count') }} as double) as validity_rate,
        cast(due_count as bigint) as due_count,
        cast(on_time_count as bigint) as on_time_count,
        cast({{ safe_divide('on_time_count', 'due_count') }} as double) as timeliness_rate,
        cast({{ wilson_low('on_time_count', 'due_count') }} as double) as timeliness_rate_low,
        cast({{ wilson_high('on_time_count', 'due_count') }} as double) as timeliness_rate_high,
        cast(unique_row_count as bigint) as unique_row_count,
        cast({{ safe_divide('unique_row_count', 'accepted_row_count') }} as double) as uniqueness_rate,
        cast(compared_row_count as bigint) as compared_row_count,
        cast(agreeing_row_count as bigint) as agreeing_row_count,
        cast({{ safe_divide('agreeing_row_count', 'compared_row_count') }} as double) as consistency_rate
    from counted
)

select * from final
