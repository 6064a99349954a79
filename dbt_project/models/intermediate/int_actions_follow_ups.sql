-- one row an open lead that has to be contacted: overdue, due within the days ahead, without a next date, never followed up
with

open_leads as (
    select * from {{ ref('fct_lead_stock') }} where lead_state = 'open'
),

kinds as (
    select
        open_leads.*,
        run_context.as_of_date,
        {{ add_days('last_met_date', 'cast(' ~ threshold('follow_up_first_days') ~ ' as integer)') }} as first_contact_due_date,
        case
            when plan_state = 'overdue' then 'follow_up_overdue'
            when plan_state = 'not_yet_due' then 'follow_up_due'
            when plan_state = 'no_next_date' then 'follow_up_unplanned'
            else 'follow_up_missing'
        end as action_kind
    from open_leads
    cross join {{ ref('stg_run_day') }} as run_context
),

final as (
    select
        cast(action_kind as string) as action_kind,
        cast(lead_key as string) as subject_key,
        cast('leads' as string) as section,
        cast('A3' as string) as procedure_id,
        cast(case action_kind
            when 'follow_up_missing' then 'follow_up_first_days'
            when 'follow_up_unplanned' then null
            else 'follow_up_grace_days'
        end as string) as rule_id,
        cast(department as string) as department,
        cast(owner_key as string) as responsible_surrogate,
        cast(customer_key as string) as customer_key,
        cast(person_key as string) as person_key,
        cast(region as string) as region,
        cast(segment as string) as segment,
        cast(last_met_date as date) as since_date,
        cast(case
            when action_kind = 'follow_up_missing' then first_contact_due_date
            when action_kind <> 'follow_up_unplanned'
                then {{ add_days('planned_date', 'cast(' ~ threshold('follow_up_grace_days') ~ ' as integer)') }}
        end as date) as due_date,
        cast(null as timestamp) as due_at,
        cast(age_band as string) as detail,
        cast(ledger_delivery_id as string) as ledger_delivery_id,
        cast(ledger_row_number as bigint) as ledger_row_number
    from kinds
    where case action_kind
        -- Of what is planned, only what falls due soon is work for today.
        when 'follow_up_due' then planned_date <= {{ add_days('as_of_date', 'cast(' ~ threshold('follow_up_ahead_days') ~ ' as integer)') }}
        -- Leads from before there were cards are nobody's omission.
        when 'follow_up_missing' then first_contact_due_date < as_of_date
            and first_visited_date >= (select min(contacted_date) from {{ ref('fct_follow_ups') }})
        else true
    end
)

select * from final
