-- one row a line of a follow-up card and its lead: the number on the card, else the latest lead of its person
{%- set changed_visits = changed_rows('fct_visits', ['lead_key', 'person_key', 'visited_date', 'is_register_entry']) %}
{{ config(meta={'increment': {
    'key': ['ledger_delivery_id', 'ledger_row_number'],
    'touched_by': {
        'stg_follow_ups': 'select ledger_delivery_id, ledger_row_number from changes.stg_follow_ups',
        'int_emails_linked_to_phones': 'select ledger_delivery_id, ledger_row_number from stg_follow_ups
            where email_surrogate in (select email_surrogate from changes.int_emails_linked_to_phones)',
        'fct_visits': 'select ledger_delivery_id, ledger_row_number from stg_follow_ups as follow_ups
            left join int_emails_linked_to_phones as linked_emails
                on follow_ups.email_surrogate = linked_emails.email_surrogate
            where coalesce(follow_ups.phone_surrogate, linked_emails.phone_surrogate, follow_ups.email_surrogate)
                in (select person_key from ' ~ changed_visits ~ ')',
    },
}}) }}
with

contacts as (
    select
        follow_ups.ledger_delivery_id,
        follow_ups.ledger_row_number,
        follow_ups.lead_id,
        follow_ups.contacted_date,
        coalesce(follow_ups.phone_surrogate, linked_emails.phone_surrogate, follow_ups.email_surrogate) as person_key
    from (
        select * from {{ ref('stg_follow_ups') }} {{ only_touched('ledger_delivery_id', 'ledger_row_number') }}
    ) as follow_ups
    left join {{ ref('int_emails_linked_to_phones') }} as linked_emails
        on follow_ups.email_surrogate = linked_emails.email_surrogate
),

ranked_leads as (
    select
        visits.person_key,
        visits.lead_key,
        row_number() over (
            partition by visits.person_key order by max(visits.visited_date) desc nulls last, visits.lead_key
        ) as number_from_last
    from {{ ref('fct_visits') }} as visits
    inner join (select distinct person_key from contacts where person_key is not null) as persons
        on visits.person_key = persons.person_key
    where visits.is_register_entry
    group by visits.person_key, visits.lead_key
),

final as (
    select
        cast(contacts.ledger_delivery_id as string) as ledger_delivery_id,
        cast(contacts.ledger_row_number as bigint) as ledger_row_number,
        cast(contacts.person_key as string) as person_key,
        cast(contacts.contacted_date as date) as contacted_date,
        cast(
            coalesce(
                'lead-' || contacts.lead_id,
                ranked_leads.lead_key,
                'person-' || contacts.person_key,
                'card-' || contacts.ledger_delivery_id || '-' || cast(contacts.ledger_row_number as string)
            ) as string
        ) as lead_key
    from contacts
    left join ranked_leads
        on contacts.person_key = ranked_leads.person_key
        and ranked_leads.number_from_last = 1
)

select * from final
