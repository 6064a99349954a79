-- one row per customer number: the master records, then customers that only orders or order lines mention;
-- somebody known by a phone alone stands under its surrogate
{# A phone may stand for a customer until a number is known with it. #}
{%- set named = "select customer_id from {0} where customer_id is not null union all select phone_surrogate from {0} where phone_surrogate is not null" %}
{{ config(meta={'increment': {
    'key': ['customer_id'],
    'touched_by': {
        'stg_customers': named.format('changes.stg_customers'),
        'stg_orders': named.format('changes.stg_orders'),
        'stg_sales': named.format('changes.stg_sales'),
    }
}}) }}
with

masters as (
    select * from {{ ref('stg_customers') }} {{ only_touched('customer_id') }}
),

mentions as (
    select
        customer_id,
        phone_surrogate,
        email_surrogate,
        customer_name_surrogate,
        customer_name_masked,
        phone_masked,
        region,
        segment,
        ordered_date,
        ledger_delivery_id,
        ledger_row_number
    from {{ ref('stg_orders') }} {{ only_touched('coalesce(customer_id, phone_surrogate)') }}
    union all
    select
        customer_id,
        phone_surrogate,
        cast(null as string) as email_surrogate,
        customer_name_surrogate,
        customer_name_masked,
        phone_masked,
        region,
        segment,
        ordered_date,
        ledger_delivery_id,
        ledger_row_number
    from {{ ref('stg_sales') }} {{ only_touched('coalesce(customer_id, phone_surrogate)') }}
),

-- Where the master says everything that an order could, no order is asked.
complete_masters as (
    select customer_id
    from masters
    where phone_surrogate is not null
        and customer_name_surrogate is not null
        and customer_name_masked is not null
        and phone_masked is not null
        and region is not null
        and segment is not null
        and opened_date is not null
),

unnumbered_mentions as (
    select * from mentions where customer_id is null and phone_surrogate is not null
),

known_phones as (
    select phone_surrogate from {{ ref('stg_customers') }} {{ only_touched('phone_surrogate') }}
    where phone_surrogate in (select phone_surrogate from unnumbered_mentions)
    {%- for source_name in ['orders', 'sales'] %}
    union
    select phone_surrogate from {{ ref('stg_' ~ source_name) }} {{ only_touched('phone_surrogate') }}
    where customer_id is not null and phone_surrogate in (select phone_surrogate from unnumbered_mentions)
    {%- endfor %}
),

named_mentions as (
    select
        *,
        coalesce(customer_id, phone_surrogate) as mentioned_id,
        coalesce(cast(ordered_date as string), '')
        || '|' || ledger_delivery_id
        || '|' || lpad(cast(ledger_row_number as string), 12, '0') as mention_order
    from (
        select mentions.*
        from mentions
        left join complete_masters
            on mentions.customer_id = complete_masters.customer_id
        where mentions.customer_id is not null and complete_masters.customer_id is null
        union all
        select unnumbered_mentions.*
        from unnumbered_mentions
        left join known_phones
            on unnumbered_mentions.phone_surrogate = known_phones.phone_surrogate
        where known_phones.phone_surrogate is null
    ) as asked_mentions
),

-- The latest order that says something about a customer says it.
mentioned_customers as (
    select
        mentioned_id,
        max_by(phone_surrogate, mention_order) filter (where phone_surrogate is not null) as phone_surrogate,
        max_by(email_surrogate, mention_order) filter (where email_surrogate is not null) as email_surrogate,
        max_by(customer_name_surrogate, mention_order)
            filter (where customer_name_surrogate is not null) as customer_name_surrogate,
        max_by(customer_name_masked, mention_order)
            filter (where customer_name_masked is not null) as customer_name_masked,
        max_by(phone_masked, mention_order) filter (where phone_masked is not null) as phone_masked,
        max_by(region, mention_order) filter (where region is not null) as region,
        max_by(segment, mention_order) filter (where segment is not null) as segment,
        min(ordered_date) as first_ordered_date,
        max_by(ledger_delivery_id, mention_order) as ledger_delivery_id,
        max_by(ledger_row_number, mention_order) as ledger_row_number
    from named_mentions
    group by mentioned_id
),

final as (
    select
        cast(coalesce(masters.customer_id, mentioned.mentioned_id) as string) as customer_id,
        cast(coalesce(masters.person_id, masters.customer_id, mentioned.mentioned_id) as string) as customer_key,
        cast(
            coalesce(
                masters.phone_surrogate,
                mentioned.phone_surrogate,
                masters.email_surrogate,
                mentioned.email_surrogate,
                masters.person_id,
                masters.customer_id,
                mentioned.mentioned_id
            ) as string
        ) as person_key,
        cast(coalesce(masters.phone_surrogate, mentioned.phone_surrogate) as string) as phone_surrogate,
        cast(
            coalesce(masters.customer_name_surrogate, mentioned.customer_name_surrogate) as string
        ) as customer_name_surrogate,
        cast(coalesce(masters.customer_name_masked, mentioned.customer_name_masked) as string) as customer_name_masked,
        cast(coalesce(masters.phone_masked, mentioned.phone_masked) as string) as phone_masked,
        cast(coalesce(masters.region, mentioned.region) as string) as region,
        cast(coalesce(masters.segment, mentioned.segment) as string) as segment,
        cast(masters.city as string) as city,
        cast(masters.industry as string) as industry,
        cast(masters.parent_customer_id as string) as parent_customer_id,
        cast(masters.first_contact_date as date) as first_contact_date,
        cast(coalesce(masters.opened_date, mentioned.first_ordered_date) as date) as opened_date,
        cast(coalesce(masters.is_key_customer, false) as boolean) as is_key_customer,
        cast(masters.customer_status as string) as customer_status,
        cast(masters.customer_id is not null as boolean) as is_in_master,
        cast(coalesce(masters.ledger_delivery_id, mentioned.ledger_delivery_id) as string) as ledger_delivery_id,
        cast(coalesce(masters.ledger_row_number, mentioned.ledger_row_number) as bigint) as ledger_row_number
    from masters
    full outer join mentioned_customers as mentioned
        on masters.customer_id = mentioned.mentioned_id
)

select * from final
