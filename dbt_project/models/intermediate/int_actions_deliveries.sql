-- one row a department and source whose data of the last complete month is due and has not come
with

receipts as (
    select * from {{ ref('stg_deliveries') }}
    where department is not null and last_date is not null and rows_accepted > 0
),

months as (
    select
        as_of_date,
        {{ month_start('as_of_date') }} as this_month,
        {{ add_months(month_start('as_of_date'), -1) }} as due_month
    from {{ ref('stg_run_day') }}
),

rules as (
    select
        cast({{ threshold('delivery_due_day') }} as integer) as due_day,
        cast({{ threshold('delivery_expected_months') }} as integer) as expected_months
),

newest as (
    select
        source,
        department,
        max(last_date) as last_date
    from receipts
    group by source, department
),

final as (
    select
        cast('delivery_missing' as string) as action_kind,
        cast(newest.source || '|' || newest.department || '|' || cast(months.due_month as string) as string) as subject_key,
        cast('data_quality' as string) as section,
        cast('C5' as string) as procedure_id,
        cast('delivery_due_day' as string) as rule_id,
        cast(newest.department as string) as department,
        cast(null as string) as responsible_surrogate,
        cast(null as string) as customer_key,
        cast(null as string) as person_key,
        cast(null as string) as region,
        cast(null as string) as segment,
        cast(months.this_month as date) as since_date,
        cast({{ add_days('months.this_month', 'rules.due_day - 1') }} as date) as due_date,
        cast(null as timestamp) as due_at,
        cast(newest.source as string) as detail,
        cast(null as string) as ledger_delivery_id,
        cast(null as bigint) as ledger_row_number
    from newest
    cross join months
    cross join rules
    where newest.last_date < months.due_month
        and newest.last_date >= {{ add_months('months.due_month', '-rules.expected_months') }}
        and months.as_of_date > {{ add_days('months.this_month', 'rules.due_day - 1') }}
)

select * from final
