-- one row a return visit planned: whether it was made, what it cost, how it was rated
with return_visits as (

    select * from {{ ref('stg_return_visits') }}

),

followed_up as (

    select distinct origin_id from {{ ref('fct_corrective_actions') }} where action_origin = 'return_visit'

),

final as (

    select
        cast(return_visits.ledger_record_key as string) as return_visit_key,
        cast(return_visits.return_visit_id as string) as return_visit_id,
        cast({{ month_start('return_visits.return_visit_planned_date') }} as date) as month_start,
        cast(coalesce(return_visits.region, customers.region, 'unknown') as string) as region,
        cast(coalesce(customers.segment, 'unknown') as string) as segment,
        cast(coalesce(customers.customer_key, return_visits.customer_id) as string) as customer_key,
        cast(coalesce(return_visits.department, 'unknown') as string) as department,
        cast(return_visits.salesperson_surrogate as string) as salesperson_surrogate,
        cast(return_visits.return_visit_method as string) as return_visit_method,
        cast(return_visits.return_visit_planned_date as date) as return_visit_planned_date,
        cast(return_visits.return_visit_done_date as date) as return_visit_done_date,
        cast(case
            when return_visits.return_visit_done_date is not null then 'done'
            when return_visits.return_visit_planned_date < run_context.as_of_date then 'overdue'
            else 'planned'
        end as string) as return_visit_status,
        cast(return_visits.return_visit_budget as decimal(18, 2)) as return_visit_budget,
        cast(return_visits.return_visit_cost as decimal(18, 2)) as return_visit_cost,
        cast(return_visits.return_visit_rating as integer) as return_visit_rating,
        cast(return_visits.return_visit_issue is not null as boolean) as has_issue,
        cast(return_visits.return_visit_issue is not null and followed_up.origin_id is null as boolean) as is_issue_open,
        cast(return_visits.is_supervised as boolean) as is_supervised,
        cast(return_visits.ledger_delivery_id as string) as ledger_delivery_id,
        cast(return_visits.ledger_row_number as bigint) as ledger_row_number
    from return_visits
    cross join {{ ref('stg_run_day') }} as run_context
    left join {{ ref('dim_customers') }} as customers on return_visits.customer_id = customers.customer_id
    left join followed_up on return_visits.return_visit_id = followed_up.origin_id

)

select * from final
