-- one row a sheet that waits for somebody, and a proposal of the last days that nobody has taken up
{%- set proposal_days = 'cast(' ~ threshold('corrective_proposal_days') ~ ' as integer)' %}
{%- set kinds = {
    'overdue': 'corrective_action_late', 'open': 'corrective_action_due',
    'to_verify': 'corrective_action_verify', 'reopened': 'corrective_action_reopen'
} %}
with sheets as (

    select
        *,
        case action_state
            {%- for state, kind in kinds.items() %}
            when '{{ state }}' then '{{ kind }}'
            {%- endfor %}
        end as action_kind
    from {{ ref('fct_corrective_actions') }}

),

proposals as (

    select rpt_corrective_proposals.*
    from {{ ref('rpt_corrective_proposals') }} as rpt_corrective_proposals
    cross join {{ ref('stg_run_day') }} as run_context
    where not is_confirmed and since_date >= {{ add_days('run_context.as_of_date', '-' ~ proposal_days) }}

),

final as (

    select
        cast(action_kind as string) as action_kind,
        cast(corrective_action_key as string) as subject_key,
        cast('quality' as string) as section,
        cast('D4' as string) as procedure_id,
        cast(case when action_state = 'reopened' then 'complaint_recurrence_days' end as string) as rule_id,
        cast(department as string) as department,
        cast(responsible_surrogate as string) as responsible_surrogate,
        cast(customer_key as string) as customer_key,
        cast(null as string) as person_key,
        cast(region as string) as region,
        cast(segment as string) as segment,
        cast(case action_state
            when 'reopened' then coalesce(recurred_date, verified_date)
            when 'to_verify' then action_done_date
            else action_opened_date
        end as date) as since_date,
        cast(case when action_state in ('open', 'overdue') then action_due_date end as date) as due_date,
        cast(null as timestamp) as due_at,
        cast(corrective_action_id as string) as detail,
        cast(ledger_delivery_id as string) as ledger_delivery_id,
        cast(ledger_row_number as bigint) as ledger_row_number
    from sheets
    where action_kind is not null
    union all
    select
        cast('corrective_action_propose' as string),
        cast(action_origin || '|' || origin_id as string),
        cast('quality' as string),
        cast('D4' as string),
        cast('corrective_proposal_days' as string),
        cast(department as string),
        cast(null as string),
        cast(customer_key as string),
        cast(null as string),
        cast(region as string),
        cast(segment as string),
        cast(since_date as date),
        cast(null as date),
        cast(null as timestamp),
        cast(origin_id as string),
        cast(null as string),
        cast(null as bigint)
    from proposals

)

select * from final
