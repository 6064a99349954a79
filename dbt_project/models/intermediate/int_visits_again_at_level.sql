-- one row a visit that gives its lead an intent level which an earlier visit had given it already
{{ config(meta={'increment': {
    'key': ['lead_key'],
    'touched_by': {
        'fct_visits': 'select lead_key from ' ~ changed_rows('fct_visits', [
            'lead_key', 'intent_level', 'visited_date', 'arrival_time', 'ledger_delivery_id', 'ledger_row_number',
        ]) ~ ' where lead_key is not null and intent_level is not null',
    },
}}) }}
{%- set visits -%}
(select * from {{ ref('fct_visits') }} {{ only_touched('lead_key') }} where is_register_entry and intent_level is not null) as visits
{%- endset %}
with

-- Most leads are given a level once: only the others' visits have to be put in order.
given_again as (
    select lead_key, intent_level
    from {{ visits }}
    group by lead_key, intent_level
    having count(*) > 1
),

ranked as (
    select
        visits.lead_key,
        visits.month_start,
        visits.ledger_delivery_id,
        visits.ledger_row_number,
        row_number() over (
            partition by visits.lead_key, visits.intent_level
            order by
                visits.visited_date nulls last,
                visits.arrival_time nulls last,
                visits.ledger_delivery_id,
                visits.ledger_row_number
        ) as visit_number_at_level
    from {{ visits }}
    inner join given_again
        on visits.lead_key = given_again.lead_key
        and visits.intent_level = given_again.intent_level
),

final as (
    select
        cast(lead_key as string) as lead_key,
        cast(month_start as date) as month_start,
        cast(ledger_delivery_id as string) as ledger_delivery_id,
        cast(ledger_row_number as bigint) as ledger_row_number
    from ranked
    where visit_number_at_level > 1
)

select * from final
