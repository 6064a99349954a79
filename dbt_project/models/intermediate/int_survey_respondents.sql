-- one row a returned survey form and who answered it: the customer, and within one survey the respondent
{{ config(meta={'increment': {
    'key': ['ledger_record_key'],
    'touched_by': {
        'stg_survey_responses': 'select ledger_record_key from changes.stg_survey_responses',
        'stg_survey_invitations': "select ledger_record_key from stg_survey_responses"
            ~ " where invitation_id in (select invitation_id from changes.stg_survey_invitations)",
        'fct_orders': "select ledger_record_key from stg_survey_responses where order_id in (select order_id from "
            ~ changed_rows('fct_orders', ['order_id', 'customer_key', 'person_key', 'region', 'segment']) ~ ")",
        'stg_deliveries': "select ledger_record_key from stg_survey_responses where ledger_delivery_id in (select delivery_id from "
            ~ changed_rows('stg_deliveries', ['delivery_id', 'delivered_at']) ~ ")",
        'dim_customers': "with changed as (from " ~ changed_rows(
                'dim_customers', ['customer_id', 'customer_key', 'person_key', 'region', 'segment']
            ) ~ ") select ledger_record_key from stg_survey_responses where customer_id in (select customer_id from changed)"
            ~ " or invitation_id in (select invitation_id from stg_survey_invitations where customer_id in (select customer_id from changed))",
    }
}}) }}
with responses as (

    select * from {{ ref('stg_survey_responses') }} {{ only_touched('ledger_record_key') }}

),

orders as (

    select order_id, customer_key, person_key, region, segment from {{ ref('fct_orders') }}

),

invitations as (

    select
        invitation_id,
        max(customer_id) as customer_id,
        max(survey_id) as survey_id,
        max(region) as region,
        max(segment) as segment,
        max(department) as department,
        min(sent_date) as sent_date
    from {{ ref('stg_survey_invitations') }}
    group by invitation_id

),

deliveries as (

    select delivery_id, max(delivered_at) as delivered_at
    from {{ ref('stg_deliveries') }}
    group by delivery_id

),

-- a form names its customer itself, or through its invitation, or through the order it is about
identified as (

    select
        responses.*,
        coalesce(responses.survey_id, invitations.survey_id) as known_survey_id,
        coalesce(responses.customer_id, invitations.customer_id) as known_customer_id,
        coalesce(responses.region, invitations.region) as known_region,
        coalesce(responses.segment, invitations.segment) as known_segment,
        orders.customer_key as order_customer_key,
        orders.person_key as order_person_key,
        nullif(orders.region, 'unknown') as order_region,
        nullif(orders.segment, 'unknown') as order_segment,
        coalesce(responses.department, invitations.department) as known_department,
        coalesce(
            responses.answered_date, responses.sent_date, invitations.sent_date, cast(deliveries.delivered_at as date)
        ) as response_date,
        case
            when responses.answered_date is not null then 'answered'
            when responses.sent_date is not null then 'sent'
            when invitations.sent_date is not null then 'invited'
            else 'delivered'
        end as date_basis
    from responses
    left join invitations on responses.invitation_id = invitations.invitation_id
    left join orders on responses.order_id = orders.order_id
    left join deliveries on responses.ledger_delivery_id = deliveries.delivery_id

),

-- Who answered, within one survey: by invitation, else by customer or phone. A form about an order is answered
-- once an order, perhaps several times by several senders, and is not judged.
respondents as (

    select
        identified.ledger_record_key,
        identified.response_id,
        identified.invitation_id,
        identified.order_id,
        identified.phone_surrogate,
        identified.answered_at,
        identified.response_date,
        identified.date_basis,
        identified.mode,
        identified.recommend_score,
        identified.duration_seconds,
        identified.known_survey_id,
        identified.known_customer_id,
        identified.known_region,
        identified.known_segment,
        identified.known_department,
        identified.ledger_delivery_id,
        identified.ledger_row_number,
        coalesce(customers.customer_key, identified.known_customer_id, identified.order_customer_key) as customer_key,
        coalesce(customers.person_key, identified.order_person_key) as customer_person_key,
        coalesce(customers.region, identified.order_region) as customer_region,
        coalesce(customers.segment, identified.order_segment) as customer_segment,
        case
            when identified.invitation_id is not null then 'invitation ' || identified.invitation_id
            when identified.order_id is null and identified.known_survey_id is not null
                then 'survey ' || identified.known_survey_id || ' '
                    || coalesce(customers.customer_key, identified.known_customer_id, identified.phone_surrogate)
        end as respondent
    from identified
    left join {{ ref('dim_customers') }} as customers on identified.known_customer_id = customers.customer_id

)

select * from respondents
