-- one row an invitation to answer a survey, and whether a valid response to it came back
{{ config(meta={'increment': {
    'key': ['invitation_key'],
    'touched_by': {
        'stg_survey_invitations': 'select ledger_record_key from changes.stg_survey_invitations',
        'fct_survey_responses': "select invitations.ledger_record_key from stg_survey_invitations as invitations"
            ~ " join changes.fct_survey_responses as responses on invitations.invitation_id = responses.invitation_id"
            ~ " union all select invitations.ledger_record_key from stg_survey_invitations as invitations"
            ~ " join changes.fct_survey_responses as responses on invitations.survey_id = responses.survey_id"
            ~ " and invitations.customer_id = responses.customer_id",
        'dim_customers': "select ledger_record_key from stg_survey_invitations where customer_id in (select customer_id from "
            ~ changed_rows('dim_customers', ['customer_id', 'customer_key', 'person_key', 'region', 'segment']) ~ ")",
    }
}}) }}
with invitations as (

    select * from {{ ref('stg_survey_invitations') }} {{ only_touched('ledger_record_key') }}

),

responses as (

    select * from {{ ref('fct_survey_responses') }}

),

-- by the invitation's own number; a response that carries none, by survey and customer
answered as (

    select
        invitations.ledger_record_key,
        min(responses.response_date) as answered_date
    from invitations
    inner join responses
        on invitations.invitation_id = responses.invitation_id
    where responses.is_valid
    group by invitations.ledger_record_key
    union all
    select
        invitations.ledger_record_key,
        min(responses.response_date) as answered_date
    from invitations
    inner join responses
        on invitations.survey_id = responses.survey_id
        and invitations.customer_id = responses.customer_id
    where responses.is_valid and responses.invitation_id is null
    group by invitations.ledger_record_key

),

first_answers as (

    select ledger_record_key, min(answered_date) as answered_date
    from answered
    group by ledger_record_key

),

final as (

    select
        cast(invitations.ledger_record_key as string) as invitation_key,
        cast(invitations.invitation_id as string) as invitation_id,
        cast({{ month_start('invitations.sent_date') }} as date) as month_start,
        cast(coalesce(invitations.region, customers.region, 'unknown') as string) as region,
        cast(coalesce(invitations.segment, customers.segment, 'unknown') as string) as segment,
        cast(invitations.survey_id as string) as survey_id,
        cast(coalesce(customers.customer_key, invitations.customer_id) as string) as customer_key,
        cast(coalesce(invitations.phone_surrogate, invitations.email_surrogate, customers.person_key) as string) as person_key,
        cast(invitations.sent_date as date) as sent_date,
        cast(coalesce(invitations.mode, 'unknown') as string) as mode,
        cast(coalesce(invitations.outcome, 'unknown') as string) as outcome,
        -- a refusal was delivered; a list without outcomes names only what was sent
        cast(coalesce(invitations.outcome, 'delivered') in ('delivered', 'refused') as boolean) as is_delivered,
        cast(first_answers.ledger_record_key is not null as boolean) as is_answered,
        cast(first_answers.answered_date as date) as answered_date,
        cast(coalesce(invitations.department, 'unknown') as string) as department,
        cast(invitations.ledger_delivery_id as string) as ledger_delivery_id,
        cast(invitations.ledger_row_number as bigint) as ledger_row_number
    from invitations
    left join {{ ref('dim_customers') }} as customers on invitations.customer_id = customers.customer_id
    left join first_answers on invitations.ledger_record_key = first_answers.ledger_record_key

)

select * from final
