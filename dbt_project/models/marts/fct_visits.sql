-- one row a visit: entries of the visitors' register (walk-in, phone-in, web form) and sessions of the web site
{%- set known_person %}
        coalesce(
            register.phone_surrogate,
            linked_emails.phone_surrogate,
            register.email_surrogate,
            customers.person_key
        )
{%- endset %}
{%- set person = 'coalesce(' ~ known_person ~ ', names.person_key)' %}
{%- set register %}(select * from {{ ref('stg_visits') }} {{ only_touched('ledger_delivery_id', 'ledger_row_number') }}) as register
    left join {{ ref('int_emails_linked_to_phones') }} as linked_emails
        on register.email_surrogate = linked_emails.email_surrogate
    left join {{ ref('dim_customers') }} as customers
        on register.customer_id = customers.customer_id
    left join {{ ref('int_names_linked_to_persons') }} as names
        on {{ same_name('register', 'visitor_name_surrogate') }}
{%- endset %}

{#- A visit follows from others of its person where the register left one of them unmarked or gave one a lead number:
    of such persons, those from before and those from now, all visits are touched. #}
{%- set touched_by = {'fct_web_sessions': 'select ledger_delivery_id, ledger_row_number from changes.fct_web_sessions'} %}
{%- for parent, changed in {
    'stg_visits': 'changes.stg_visits',
    'int_emails_linked_to_phones':
        'stg_visits where phone_surrogate is null and email_surrogate in (select email_surrogate from changes.int_emails_linked_to_phones)',
    'dim_customers': 'stg_visits where customer_id in (select customer_id from '
        ~ changed_rows('dim_customers', ['customer_id', 'customer_key', 'person_key', 'region', 'segment']) ~ ')',
    'int_names_linked_to_persons': rows_of_changed_names('stg_visits', 'visitor_name_surrogate'),
}.items() %}
{%- do touched_by.update({parent: "
    with changed as (select distinct ledger_delivery_id, ledger_row_number from " ~ changed ~ "),
    persons as (
        select person_key, visit_order_basis <> 'register' or lead_id is not null as follows_from_others
        from fct_visits semi join changed using (ledger_delivery_id, ledger_row_number)
        union all
        select " ~ person ~ " as person_key, visit_order is null or lead_id is not null
        from (from stg_visits semi join changed using (ledger_delivery_id, ledger_row_number)) as register
        left join int_emails_linked_to_phones as linked_emails using (email_surrogate)
        left join dim_customers as customers using (customer_id)
        left join int_names_linked_to_persons as names on " ~ same_name('register', 'visitor_name_surrogate') ~ "
    ),
    visits_of_persons as (
        select *, visit_order_basis <> 'register' or lead_id is not null as follows_from_others
        from fct_visits semi join persons using (person_key)
    ),
    persons_with_others as (
        select person_key from (
            select person_key, follows_from_others from persons
            union all select person_key, follows_from_others from visits_of_persons
        ) group by person_key having bool_or(follows_from_others)
    )
    select ledger_delivery_id, ledger_row_number from changed
    union all
    select ledger_delivery_id, ledger_row_number from visits_of_persons semi join persons_with_others using (person_key)
"}) %}
{%- endfor %}
{{ config(meta={'increment': {'key': ['ledger_delivery_id', 'ledger_row_number'], 'touched_by': touched_by}}) }}
with

-- Few columns are enough to tell persons apart: whole rows are not carried through the grouping and ranking below.
identities as (
    select
        register.ledger_delivery_id,
        register.ledger_row_number,
        register.visited_date,
        register.arrival_time,
        register.visit_order,
        register.lead_id,
        {{ person }} as person_key
    from {{ register }}
),

-- Which of a person's visits was the first matters only where the register left one of them unmarked.
ranked as (
    select
        person_key,
        ledger_delivery_id,
        ledger_row_number,
        row_number() over (
            partition by person_key
            order by visited_date nulls last, arrival_time nulls last, ledger_delivery_id, ledger_row_number
        ) as visit_number_of_person
    from identities
    where person_key in (select person_key from identities where visit_order is null and person_key is not null)
),

first_visits as (
    select * from ranked where visit_number_of_person = 1
),

-- A person whom exactly one lead number was ever given to is that lead on every visit.
lead_numbers as (
    select person_key, min(lead_id) as lead_id
    from identities
    where person_key is not null and lead_id is not null
    group by person_key
    having min(lead_id) = max(lead_id)
),

entries as (
    select
        register.*,
        coalesce(
            customers.customer_key,
            register.customer_id,
            case when {{ known_person }} is null then names.customer_key end
        ) as customer_key,
        {{ person }} as person_key,
        {{ identity_basis('register.phone_surrogate', 'register.email_surrogate', 'customers.person_key') }} as identity_basis,
        case when {{ known_person }} is null then names.confidence end as identity_confidence,
        customers.region as customer_region,
        customers.segment as customer_segment
    from {{ register }}
),

with_leads as (
    select
        entries.*,
        first_visits.person_key is not null as is_first_of_person,
        coalesce(
            'lead-' || entries.lead_id,
            'lead-' || lead_numbers.lead_id,
            'person-' || entries.person_key,
            'visit-' || entries.ledger_delivery_id || '-' || cast(entries.ledger_row_number as string)
        ) as lead_key
    from entries
    left join lead_numbers
        on entries.person_key = lead_numbers.person_key
    left join first_visits
        on entries.person_key = first_visits.person_key
        and entries.ledger_delivery_id = first_visits.ledger_delivery_id
        and entries.ledger_row_number = first_visits.ledger_row_number
),

register_visits as (
    select
        cast(true as boolean) as is_register_entry,
        cast(visit_id as string) as visit_id,
        cast(lead_id as string) as lead_id,
        cast(lead_key as string) as lead_key,
        cast(person_key as string) as person_key,
        cast(customer_key as string) as customer_key,
        cast(identity_basis as string) as identity_basis,
        cast(identity_confidence as double) as identity_confidence,
        cast(visited_date as date) as visited_date,
        cast(arrival_time as string) as arrival_time,
        cast({{ month_start('visited_date') }} as date) as month_start,
        cast(coalesce(region, customer_region, 'unknown') as string) as region,
        cast(coalesce(segment, customer_segment, 'unknown') as string) as segment,
        cast(department as string) as department,
        cast(visit_type as string) as visit_type,
        cast(source_channel as string) as source_channel,
        cast(intent_level as string) as intent_level,
        -- The register's own mark wins; identity fills only what is missing; no identity leaves it unknown.
        cast(
            case
                when visit_order is not null then visit_order
                when is_first_of_person then 'first'
                when person_key is not null then 'second'
            end as string
        ) as visit_order,
        cast(
            case
                when visit_order is not null then 'register'
                when person_key is not null then 'identity'
                else 'unknown'
            end as string
        ) as visit_order_basis,
        cast(1 + coalesce(companions_count, 0) as bigint) as heads_count,
        cast(phone_surrogate is not null or email_surrogate is not null as boolean) as is_contact_left,
        cast(coalesce(is_test_drive, false) as boolean) as is_test_drive,
        cast(coalesce(is_quote_given, false) as boolean) as is_quote_given,
        cast(consultant_surrogate as string) as consultant_key,
        cast(model_wanted as string) as model_wanted,
        cast(ledger_delivery_id as string) as ledger_delivery_id,
        cast(ledger_row_number as bigint) as ledger_row_number
    from with_leads
),

web_visits as (
    select
        cast(false as boolean) as is_register_entry,
        cast(null as string) as visit_id,
        cast(null as string) as lead_id,
        cast(null as string) as lead_key,
        cast(null as string) as person_key,
        cast(null as string) as customer_key,
        cast(null as string) as identity_basis,
        cast(null as double) as identity_confidence,
        cast(session_date as date) as visited_date,
        cast(null as string) as arrival_time,
        cast(month_start as date) as month_start,
        cast(region as string) as region,
        cast(segment as string) as segment,
        cast(null as string) as department,
        cast('web' as string) as visit_type,
        cast(source_channel as string) as source_channel,
        cast(null as string) as intent_level,
        cast(null as string) as visit_order,
        cast('unknown' as string) as visit_order_basis,
        cast(1 as bigint) as heads_count,
        cast(false as boolean) as is_contact_left,
        cast(false as boolean) as is_test_drive,
        cast(false as boolean) as is_quote_given,
        cast(null as string) as consultant_key,
        cast(null as string) as model_wanted,
        cast(ledger_delivery_id as string) as ledger_delivery_id,
        cast(ledger_row_number as bigint) as ledger_row_number
    from {{ ref('fct_web_sessions') }} {{ only_touched('ledger_delivery_id', 'ledger_row_number') }}
),

final as (
    select * from register_visits
    union all
    select * from web_visits
)

select * from final
