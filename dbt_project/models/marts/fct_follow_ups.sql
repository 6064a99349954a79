-- one row a contact of a follow-up card, with what became of the next one that it planned
with

visits as (
    select lead_key, visited_date, region, segment, arrival_time, ledger_delivery_id, ledger_row_number
    from {{ ref('fct_visits') }}
    where is_register_entry
),

first_visits as (
    select lead_key, {{ first_of_group(['region', 'segment'], visits_in_order()) }} as first_visit
    from visits
    group by lead_key
),

of_leads as (
    select
        follow_ups.*,
        matched.lead_key,
        matched.person_key,
        row_number() over (order by follow_ups.ledger_delivery_id, follow_ups.ledger_row_number) as contact_number
    from {{ ref('stg_follow_ups') }} as follow_ups
    inner join {{ ref('int_follow_ups_matched_to_leads') }} as matched
        on follow_ups.ledger_delivery_id = matched.ledger_delivery_id
        and follow_ups.ledger_row_number = matched.ledger_row_number
),

-- Every day on which the lead was met: another line of the card, a visit, the order.
encounters as (
    select lead_key, contacted_date as met_date, false as is_order from of_leads
    union all
    select lead_key, visited_date, false from visits
    union all
    select lead_key, ordered_date, true from {{ ref('int_orders_matched_to_leads') }}
),

next_encounters as (
    select of_leads.contact_number, min(encounters.met_date) as next_met_date
    from of_leads
    inner join encounters
        on of_leads.lead_key = encounters.lead_key
        and (
            encounters.met_date > of_leads.contacted_date
            or encounters.is_order and encounters.met_date = of_leads.contacted_date
        )
    group by of_leads.contact_number
),

placed as (
    select
        *,
        row_number() over (
            partition by lead_key
            order by contacted_date desc, ledger_delivery_id desc, ledger_row_number desc
        ) as number_from_last,
        case
            when coalesce(follow_up_result, 'continuing') not in ('ordered', 'lost') then next_planned_date
        end as planned_date
    from of_leads
),

final as (
    select
        cast(placed.lead_key as string) as lead_key,
        cast(placed.person_key as string) as person_key,
        {{ month_start('placed.contacted_date') }} as month_start,
        cast(placed.contacted_date as date) as contacted_date,
        cast(coalesce(first_visits.first_visit.region, 'unknown') as string) as region,
        cast(coalesce(first_visits.first_visit.segment, 'unknown') as string) as segment,
        cast(placed.department as string) as department,
        cast(placed.consultant_surrogate as string) as consultant_key,
        cast(employees.employee_id as string) as employee_id,
        cast(placed.follow_up_method as string) as follow_up_method,
        cast(placed.intent_level as string) as intent_level,
        cast(placed.objection as string) as objection,
        cast(coalesce(placed.follow_up_result, 'continuing') as string) as follow_up_result,
        cast(placed.lost_reason as string) as lost_reason,
        cast(placed.planned_date as date) as planned_date,
        cast({{ month_start('placed.planned_date') }} as date) as planned_month,
        cast(next_encounters.next_met_date as date) as next_met_date,
        cast(case
            when placed.planned_date is null then 'none'
            when next_encounters.next_met_date <= placed.last_date then 'kept'
            when next_encounters.next_met_date is not null then 'late'
            when placed.last_date < run_context.as_of_date then 'overdue'
            else 'not_yet_due'
        end as string) as plan_status,
        cast(placed.is_signed_by_supervisor as boolean) as is_signed_by_supervisor,
        cast(placed.number_from_last = 1 as boolean) as is_last_contact,
        cast(first_visits.lead_key is not null as boolean) as is_in_register,
        cast(placed.ledger_delivery_id as string) as ledger_delivery_id,
        cast(placed.ledger_row_number as bigint) as ledger_row_number
    from (
        select
            *,
            {{ add_days('planned_date', 'cast(' ~ threshold('follow_up_grace_days') ~ ' as integer)') }} as last_date
        from placed
    ) as placed
    cross join {{ ref('stg_run_day') }} as run_context
    left join next_encounters
        on placed.contact_number = next_encounters.contact_number
    left join first_visits
        on placed.lead_key = first_visits.lead_key
    left join {{ ref('dim_employees') }} as employees
        on placed.consultant_surrogate = employees.employee_name_surrogate
)

select * from final
