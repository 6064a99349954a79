-- one row an instalment and month at whose end (in the newest month: today) it was owed and not paid, with its age
with

today as (
    select as_of_date from {{ ref('stg_run_day') }}
),

month_ends as (
    select
        dates.month_start,
        least({{ month_end('dates.month_start') }}, today.as_of_date) as day
    from {{ ref('dim_dates') }} as dates
    cross join today
    where dates.date_day = dates.month_start and dates.month_start <= today.as_of_date
),

owed as (
    select
        instalments.*,
        month_ends.month_start as owed_month,
        greatest({{ days_between('instalments.due_date', 'month_ends.day') }}, 0) as days_overdue
    from {{ ref('fct_instalments') }} as instalments
    inner join month_ends
        on instalments.ordered_date <= month_ends.day
        and coalesce(instalments.paid_date, {{ add_days('month_ends.day', 1) }}) > month_ends.day
),

final as (
    select
        cast(owed.instalment_key || '|' || cast(owed.owed_month as string) as string) as receivable_key,
        cast(owed.owed_month as date) as month_start,
        cast(owed.order_id as string) as order_id,
        cast(owed.payment_sequence as bigint) as payment_sequence,
        cast(owed.due_date as date) as due_date,
        cast(owed.region as string) as region,
        cast(owed.segment as string) as segment,
        cast(owed.channel as string) as channel,
        cast(owed.department as string) as department,
        cast(owed.customer_key as string) as customer_key,
        cast(owed.customer_group_key as string) as customer_group_key,
        cast(owed.instalment_amount as decimal(18, 2)) as owed_amount,
        cast(owed.days_overdue as bigint) as days_overdue,
        cast(bands.age_band as string) as age_band,
        cast(owed.ledger_delivery_id as string) as ledger_delivery_id,
        cast(owed.ledger_row_number as bigint) as ledger_row_number
    from owed
    inner join {{ ref('age_bands') }} as bands
        on owed.days_overdue >= bands.from_days
        and (bands.to_days is null or owed.days_overdue <= bands.to_days)
)

select * from final
