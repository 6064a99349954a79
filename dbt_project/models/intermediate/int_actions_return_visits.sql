-- one row a return visit not made, one planned for the next days, and a problem found that no sheet takes up
with return_visits as (

    select
        return_visits.*,
        {{ add_days('run_context.as_of_date', 'cast(' ~ threshold('return_visit_ahead_days') ~ ' as integer)') }} as ahead_date
    from {{ ref('fct_return_visits') }} as return_visits
    cross join {{ ref('stg_run_day') }} as run_context

),

final as (

    select
        cast('return_visit' as string) as action_kind,
        cast(return_visit_key as string) as subject_key,
        cast('satisfaction' as string) as section,
        cast('E6' as string) as procedure_id,
        cast('return_visit_ahead_days' as string) as rule_id,
        cast(department as string) as department,
        cast(salesperson_surrogate as string) as responsible_surrogate,
        cast(customer_key as string) as customer_key,
        cast(null as string) as person_key,
        cast(region as string) as region,
        cast(segment as string) as segment,
        cast(return_visit_planned_date as date) as since_date,
        cast(return_visit_planned_date as date) as due_date,
        cast(null as timestamp) as due_at,
        cast(return_visit_id as string) as detail,
        cast(ledger_delivery_id as string) as ledger_delivery_id,
        cast(ledger_row_number as bigint) as ledger_row_number
    from return_visits
    where return_visit_status = 'overdue' or (return_visit_status = 'planned' and return_visit_planned_date <= ahead_date)
    union all
    select
        cast('return_visit_problem' as string) as action_kind,
        cast(return_visit_key as string) as subject_key,
        cast('satisfaction' as string) as section,
        cast('E6' as string) as procedure_id,
        cast(null as string) as rule_id,
        cast(department as string) as department,
        cast(salesperson_surrogate as string) as responsible_surrogate,
        cast(customer_key as string) as customer_key,
        cast(null as string) as person_key,
        cast(region as string) as region,
        cast(segment as string) as segment,
        cast(return_visit_done_date as date) as since_date,
        cast(null as date) as due_date,
        cast(null as timestamp) as due_at,
        cast(return_visit_id as string) as detail,
        cast(ledger_delivery_id as string) as ledger_delivery_id,
        cast(ledger_row_number as bigint) as ledger_row_number
    from return_visits
    where is_issue_open

)

select * from final
