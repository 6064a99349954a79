-- one row a piece of quality information: those registered, and every complaint that no registered one names
with incidents as (

    select * from {{ ref('stg_quality_incidents') }}

),

complaints as (

    select complaints.*
    from {{ ref('fct_complaints') }} as complaints
    left join incidents on complaints.complaint_id = incidents.complaint_id
    where complaints.is_complaint and incidents.incident_id is null

),

entered as (

    select
        incidents.ledger_record_key as incident_key,
        incidents.incident_id,
        incidents.occurred_date,
        incidents.incident_type,
        incidents.quality_class as recorded_class,
        incidents.complaint_id,
        coalesce(customers.customer_key, incidents.customer_id) as customer_key,
        coalesce(incidents.region, customers.region, 'unknown') as region,
        coalesce(customers.segment, 'unknown') as segment,
        incidents.product_id,
        incidents.batch_id,
        incidents.affected_units,
        coalesce(incidents.department, 'unknown') as department,
        incidents.solved_date,
        incidents.solved_date is not null as is_solved,
        incidents.ledger_delivery_id,
        incidents.ledger_row_number
    from incidents
    left join {{ ref('dim_customers') }} as customers on incidents.customer_id = customers.customer_id
    union all
    select
        complaint_key as incident_key,
        cast(null as string) as incident_id,
        received_date as occurred_date,
        'complaint' as incident_type,
        cast(null as string) as recorded_class,
        complaint_id,
        customer_key,
        region,
        segment,
        product_id,
        cast(null as string) as batch_id,
        cast(null as bigint) as affected_units,
        department,
        closed_date as solved_date,
        is_closed as is_solved,
        ledger_delivery_id,
        ledger_row_number
    from complaints

),

ruled as (

    select
        entered.*,
        rules.quality_class as ruled_class,
        run_context.as_of_date,
        {{ add_days('entered.occurred_date', 'rules.rises_after_days') }} as rises_after_date,
        rules.rises_to_class
    from entered
    cross join {{ ref('stg_run_day') }} as run_context
    left join {{ ref('incident_classes') }} as rules on entered.incident_type = rules.incident_type

),

risen as (

    select
        *,
        -- still unsolved when its time was over: solved later, it has risen all the same
        coalesce(
            rises_after_date < case when is_solved then coalesce(solved_date, occurred_date) else as_of_date end, false
        ) as is_escalated
    from ruled

),

-- A stands before B and B before C: the gravest of what was recorded, what the rule says and what it rose to
final as (

    select
        cast(incident_key as string) as incident_key,
        cast(incident_id as string) as incident_id,
        cast({{ month_start('occurred_date') }} as date) as month_start,
        cast(region as string) as region,
        cast(segment as string) as segment,
        cast(occurred_date as date) as occurred_date,
        cast(incident_type as string) as incident_type,
        cast(recorded_class as string) as recorded_class,
        cast(least(
            coalesce(recorded_class, ruled_class),
            ruled_class,
            case when is_escalated then rises_to_class else ruled_class end
        ) as string) as quality_class,
        cast(coalesce(recorded_class > ruled_class, false) as boolean) as is_recorded_too_low,
        cast(is_escalated as boolean) as is_escalated,
        cast(complaint_id as string) as complaint_id,
        cast(customer_key as string) as customer_key,
        cast(product_id as string) as product_id,
        cast(batch_id as string) as batch_id,
        cast(affected_units as bigint) as affected_units,
        cast(department as string) as department,
        cast(solved_date as date) as solved_date,
        cast(is_solved as boolean) as is_solved,
        cast({{ days_between('occurred_date', 'case when is_solved then solved_date else as_of_date end') }} as bigint)
            as open_days,
        cast(ledger_delivery_id as string) as ledger_delivery_id,
        cast(ledger_row_number as bigint) as ledger_row_number
    from risen

)

select * from final
