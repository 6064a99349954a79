-- one row a questionnaire that was delivered and not answered in time: the customer is asked by phone or in person
with

invitations as (
    select * from {{ ref('fct_survey_invitations') }}
    where is_delivered and not is_answered and outcome <> 'refused'
),

run_day as (
    select * from {{ ref('stg_run_day') }}
),

rules as (
    select
        cast({{ threshold('survey_reminder_days') }} as integer) as reminder_days,
        cast({{ threshold('action_memory_days') }} as integer) as memory_days
),

final as (
    select
        cast('customer_to_survey' as string) as action_kind,
        cast(invitations.invitation_key as string) as subject_key,
        cast('satisfaction' as string) as section,
        cast('E2' as string) as procedure_id,
        cast('survey_reminder_days' as string) as rule_id,
        cast(invitations.department as string) as department,
        cast(null as string) as responsible_surrogate,
        cast(invitations.customer_key as string) as customer_key,
        cast(invitations.person_key as string) as person_key,
        cast(invitations.region as string) as region,
        cast(invitations.segment as string) as segment,
        cast(invitations.sent_date as date) as since_date,
        cast({{ add_days('invitations.sent_date', 'rules.reminder_days') }} as date) as due_date,
        cast(null as timestamp) as due_at,
        cast(invitations.invitation_id as string) as detail,
        cast(invitations.ledger_delivery_id as string) as ledger_delivery_id,
        cast(invitations.ledger_row_number as bigint) as ledger_row_number
    from invitations
    cross join run_day
    cross join rules
    -- The fifteenth day is still the customer's.
    where {{ days_between('invitations.sent_date', 'run_day.as_of_date') }} > rules.reminder_days
        and {{ days_between('invitations.sent_date', 'run_day.as_of_date') }} <= rules.memory_days
)

select * from final
