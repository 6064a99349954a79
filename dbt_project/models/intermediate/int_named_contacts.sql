-- one row a register row that gives a person's name and company, and the person it is known to be without them
{%- set registers = {
    'visits': 'visitor_name_surrogate',
    'orders': 'customer_name_surrogate',
    'complaints': 'customer_name_surrogate',
    'customer_contacts': 'contact_name_surrogate',
} %}
with

named as (
    {%- for source_name, name in registers.items() %}
    select
        {{ name }} as name_surrogate,
        company_name_surrogate,
        phone_surrogate,
        email_surrogate,
        customer_id,
        {{ 'identity_decision' if source_name == 'customer_contacts' else 'cast(null as string) as identity_decision' }}
    from {{ ref('stg_' ~ source_name) }}
    where company_name_surrogate is not null and {{ name }} is not null
    union all
    {%- endfor %}
    -- In the master a company is the customer and names its contact.
    select
        contact_name_surrogate,
        customer_name_surrogate,
        phone_surrogate,
        email_surrogate,
        customer_id,
        cast(null as string)
    from {{ ref('stg_customers') }}
    where contact_name_surrogate <> customer_name_surrogate
),

final as (
    select
        cast(named.name_surrogate as string) as name_surrogate,
        cast(named.company_name_surrogate as string) as company_name_surrogate,
        cast(
            coalesce(
                named.phone_surrogate,
                linked_emails.phone_surrogate,
                named.email_surrogate,
                customers.person_key
            ) as string
        ) as person_key,
        cast(customers.customer_key as string) as customer_key,
        cast(named.phone_surrogate is not null or named.email_surrogate is not null as boolean) as is_contact_left,
        cast(named.identity_decision as string) as identity_decision
    from named
    left join {{ ref('int_emails_linked_to_phones') }} as linked_emails
        on named.email_surrogate = linked_emails.email_surrogate
    left join {{ ref('dim_customers') }} as customers
        on named.customer_id = customers.customer_id
)

select * from final
