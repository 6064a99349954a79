-- one row a customer who ordered and has no file after the days allowed, or whose file lacks what it must hold; and one row a
-- department whose files have not been completed for a quarter
with

customers as (
    select * from {{ ref('dim_customers') }}
),

run_day as (
    select * from {{ ref('stg_run_day') }}
),

judged as (
    select
        customers.*,
        {{ add_days('customers.opened_date', 'cast(' ~ threshold('customer_file_opening_days') ~ ' as integer)') }} as due_date,
        -- What a file must hold to be of use: who, how to reach, where, what kind of customer.
        case
            when customer_name_surrogate is null then 'customer_name'
            when phone_surrogate is null and person_key = customer_id then 'phone'
            when region is null then 'region'
            when segment is null then 'segment'
        end as first_missing_field
    from customers
),

-- Hundreds of files come of age each quarter: a line for each would hide all other work.
overdue_files as (
    select
        coalesce(department, 'unknown') as department,
        count(*) as file_count,
        min(completed_date) as completed_date
    from {{ ref('fct_customer_files') }}
    where is_stale
    group by coalesce(department, 'unknown')
),

customer_actions as (
    select
        cast(case when judged.is_in_master then 'customer_file_to_complete' else 'customer_file_to_open' end as string) as action_kind,
        cast(judged.customer_id as string) as subject_key,
        cast('customers' as string) as section,
        cast('F1' as string) as procedure_id,
        cast('customer_file_opening_days' as string) as rule_id,
        cast(null as string) as department,
        cast(null as string) as responsible_surrogate,
        cast(judged.customer_key as string) as customer_key,
        cast(judged.person_key as string) as person_key,
        cast(judged.region as string) as region,
        cast(judged.segment as string) as segment,
        cast(judged.opened_date as date) as since_date,
        cast(judged.due_date as date) as due_date,
        cast(null as timestamp) as due_at,
        cast(case when judged.is_in_master then judged.first_missing_field end as string) as detail,
        cast(judged.ledger_delivery_id as string) as ledger_delivery_id,
        cast(judged.ledger_row_number as bigint) as ledger_row_number
    from judged
    cross join run_day
    where (not judged.is_in_master and judged.due_date < run_day.as_of_date)
        or (judged.is_in_master and judged.first_missing_field is not null)
),

department_actions as (
    select
        cast('customer_files_to_update' as string) as action_kind,
        -- Each quarter asks anew.
        cast(overdue_files.department || '|' || cast(cast({{ dbt.date_trunc('quarter', 'run_day.as_of_date') }} as date) as string) as string)
            as subject_key,
        cast('customers' as string) as section,
        cast('F1' as string) as procedure_id,
        cast('customer_file_update_days' as string) as rule_id,
        cast(overdue_files.department as string) as department,
        cast(null as string) as responsible_surrogate,
        cast(null as string) as customer_key,
        cast(null as string) as person_key,
        cast(null as string) as region,
        cast(null as string) as segment,
        cast(overdue_files.completed_date as date) as since_date,
        cast({{ add_days('overdue_files.completed_date', 'cast(' ~ threshold('customer_file_update_days') ~ ' as integer)') }} as date)
            as due_date,
        cast(null as timestamp) as due_at,
        cast(overdue_files.file_count as string) as detail,
        cast(null as string) as ledger_delivery_id,
        cast(null as bigint) as ledger_row_number
    from overdue_files
    cross join run_day
),

final as (
    select * from customer_actions
    union all
    select * from department_actions
)

select * from final
