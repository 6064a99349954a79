-- one row a lead as of the run: where it stands, whose it is, how old it is, how it was lost and whether it came back
with

run_day as (
    select as_of_date from {{ ref('stg_run_day') }}
),

visits as (
    select * from {{ ref('fct_visits') }} where is_register_entry
),

contacts as (
    select * from {{ ref('fct_follow_ups') }}
),

-- Leads of the register, then those that only a card knows: none is left out.
leads as (
    select
        lead_key, person_key, customer_key, region, segment, department, first_visited_date, ordered_date,
        contact_left_date is not null as is_contact_left, true as is_in_register, ledger_delivery_id, ledger_row_number
    from {{ ref('fct_leads') }}
    union all
    select
        lead_key, min(person_key), cast(null as string), 'unknown', 'unknown', min(department), min(contacted_date),
        cast(null as date), true, false,
        {{ first_of_group(['ledger_delivery_id'], ['contacted_date', 'ledger_delivery_id', 'ledger_row_number']) }}.ledger_delivery_id,
        {{ first_of_group(['ledger_row_number'], ['contacted_date', 'ledger_delivery_id', 'ledger_row_number']) }}.ledger_row_number
    from contacts
    where not is_in_register
    group by lead_key
),

visit_days as (
    select
        lead_key,
        max(visited_date) as last_visited_date,
        {{ first_of_group(['consultant_key'], ["case when consultant_key is null then 1 else 0 end"] + visits_in_order()) }}.consultant_key
            as consultant_key
    from visits
    group by lead_key
),

card_days as (
    select
        lead_key,
        count(*) as contact_count,
        max(contacted_date) as last_contacted_date,
        min(case when follow_up_result = 'lost' then contacted_date end) as lost_date,
        {{ first_of_group(['consultant_key'], [
            "case when consultant_key is null then 1 else 0 end", 'contacted_date', 'ledger_delivery_id', 'ledger_row_number',
        ]) }}.consultant_key as consultant_key
    from contacts
    group by lead_key
),

losses as (
    select
        lead_key,
        {{ first_of_group(['lost_reason'], ['ledger_delivery_id', 'ledger_row_number']) }}.lost_reason as lost_reason
    from (
        select contacts.* from contacts
        inner join card_days
            on contacts.lead_key = card_days.lead_key and contacts.contacted_date = card_days.lost_date
        where contacts.follow_up_result = 'lost'
    ) as first_losses
    group by lead_key
),

-- Whoever is met again after a loss has been won back to the list, whatever comes of it.
revivals as (
    select days.lead_key, min(days.met_date) as revived_date
    from (
        select lead_key, contacted_date as met_date from contacts where follow_up_result <> 'lost'
        union all
        select lead_key, visited_date from visits
        union all
        select lead_key, ordered_date from leads
    ) as days
    inner join card_days
        on days.lead_key = card_days.lead_key and days.met_date > card_days.lost_date
    group by days.lead_key
),

last_contacts as (
    select * from contacts where is_last_contact
),

stated as (
    select
        leads.*,
        visit_days.consultant_key as register_consultant_key,
        card_days.consultant_key as card_consultant_key,
        coalesce(card_days.contact_count, 0) as contact_count,
        greatest(
            coalesce(visit_days.last_visited_date, leads.first_visited_date),
            coalesce(card_days.last_contacted_date, leads.first_visited_date)
        ) as last_met_date,
        card_days.lost_date,
        losses.lost_reason,
        revivals.revived_date,
        last_contacts.consultant_key as last_consultant_key,
        last_contacts.follow_up_result,
        last_contacts.contacted_date,
        last_contacts.planned_date,
        last_contacts.plan_status,
        visit_days.last_visited_date,
        run_day.as_of_date
    from leads
    cross join run_day
    left join visit_days on leads.lead_key = visit_days.lead_key
    left join card_days on leads.lead_key = card_days.lead_key
    left join losses on leads.lead_key = losses.lead_key
    left join revivals on leads.lead_key = revivals.lead_key
    left join last_contacts on leads.lead_key = last_contacts.lead_key
),

judged as (
    select
        *,
        {{ days_between('first_visited_date', 'as_of_date') }} as age_days,
        case
            when ordered_date is not null or follow_up_result = 'ordered' then 'ordered'
            when follow_up_result = 'lost' and coalesce(last_visited_date <= contacted_date, true) then 'lost'
            when not is_contact_left and contact_count = 0 then 'no_contact_data'
            when {{ days_between('last_met_date', 'as_of_date') }} > {{ threshold('lead_dormant_days') }} then 'dormant'
            else 'open'
        end as lead_state
    from stated
),

final as (
    select
        cast(judged.lead_key as string) as lead_key,
        cast(judged.person_key as string) as person_key,
        cast(judged.customer_key as string) as customer_key,
        {{ month_start('judged.first_visited_date') }} as month_start,
        cast(judged.region as string) as region,
        cast(judged.segment as string) as segment,
        cast(judged.department as string) as department,
        cast(coalesce(judged.register_consultant_key, judged.card_consultant_key) as string) as owner_key,
        cast(owners.employee_id as string) as employee_id,
        cast(
            coalesce(judged.last_consultant_key <> coalesce(judged.register_consultant_key, judged.card_consultant_key), false)
            as boolean
        ) as is_worked_by_another,
        cast(judged.lead_state as string) as lead_state,
        cast(judged.first_visited_date as date) as first_visited_date,
        cast(judged.last_met_date as date) as last_met_date,
        cast(judged.age_days as bigint) as age_days,
        cast(case
            when judged.lead_state <> 'open' then null
            when judged.age_days <= {{ threshold('lead_age_new_days') }} then 'new'
            when judged.age_days <= {{ threshold('lead_age_current_days') }} then 'current'
            when judged.age_days <= {{ threshold('lead_age_old_days') }} then 'ageing'
            else 'old'
        end as string) as age_band,
        cast(judged.contact_count as bigint) as contact_count,
        cast(judged.planned_date as date) as planned_date,
        cast(case
            when judged.lead_state <> 'open' then null
            when judged.contact_count = 0 then 'never_followed_up'
            when judged.plan_status in ('none', 'kept', 'late') then 'no_next_date'
            else judged.plan_status
        end as string) as plan_state,
        cast(judged.lost_date as date) as lost_date,
        cast({{ month_start('judged.lost_date') }} as date) as lost_month,
        cast(case when judged.lost_date is not null then coalesce(judged.lost_reason, 'not_recorded') end as string) as lost_reason,
        cast({{ days_between('judged.first_visited_date', 'judged.lost_date') }} as bigint) as days_to_loss,
        cast(judged.revived_date as date) as revived_date,
        cast(judged.is_in_register as boolean) as is_in_register,
        cast(judged.ledger_delivery_id as string) as ledger_delivery_id,
        cast(judged.ledger_row_number as bigint) as ledger_row_number
    from judged
    left join {{ ref('dim_employees') }} as owners
        on coalesce(judged.register_consultant_key, judged.card_consultant_key) = owners.employee_name_surrogate
)

select * from final
