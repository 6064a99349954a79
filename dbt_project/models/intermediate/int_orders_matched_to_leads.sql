-- one row an order that counts and its lead: by the lead number both carry, else by the person, else by the customer
{%- set changed_visits = changed_rows('fct_visits', ['lead_key', 'lead_id', 'person_key', 'customer_key', 'visited_date']) %}
{{ config(meta={'increment': {
    'key': ['order_id'],
    'touched_by': {
        'fct_orders': 'select order_id from '
            ~ changed_rows('fct_orders', ['order_id', 'is_counted', 'ordered_date', 'lead_id', 'customer_key', 'person_key']),
        'int_emails_linked_to_phones':
            'select order_id from fct_orders where person_key in (select email_surrogate from changes.int_emails_linked_to_phones)',
        'fct_visits': '
            with identities as (
                select lead_id, person_key, customer_key from fct_visits
                where lead_key in (select lead_key from ' ~ changed_visits ~ ')
                union all
                select lead_id, person_key, customer_key from changes.fct_visits
            )
            select order_id from fct_orders
            left join int_emails_linked_to_phones as linked_emails on fct_orders.person_key = linked_emails.email_surrogate
            where lead_id in (select lead_id from identities)
                or coalesce(linked_emails.phone_surrogate, fct_orders.person_key) in (select person_key from identities)
                or customer_key in (select customer_key from identities)',
    },
}}) }}
with

orders as (
    select
        orders.order_id,
        orders.ordered_date,
        orders.lead_id,
        orders.customer_key,
        coalesce(linked_emails.phone_surrogate, orders.person_key) as person_key
    from (select * from {{ ref('fct_orders') }} {{ only_touched('order_id') }}) as orders
    left join {{ ref('int_emails_linked_to_phones') }} as linked_emails
        on orders.person_key = linked_emails.email_surrogate
    where orders.is_counted and orders.ordered_date is not null
),

{%- set bases = {'lead_id': 'lead_number', 'person_key': 'person', 'customer_key': 'customer'} %}

-- Web sessions have none of the three. A lead stands here once for each of its visits: choosing among them below costs less than making them distinct here.
shared_identities as (
    {%- for basis in bases %}
    select
        orders.order_id,
        orders.ordered_date,
        visits.lead_key,
        {{ loop.index }} as basis_number
    from orders
    inner join {{ ref('fct_visits') }} as visits
        on orders.{{ basis }} = visits.{{ basis }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

lead_starts as (
    select lead_key, min(visited_date) as first_visited_date
    from {{ ref('fct_visits') }}
    where lead_key in (select lead_key from shared_identities)
    group by lead_key
),

candidates as (
    select shared_identities.*, lead_starts.first_visited_date
    from shared_identities
    inner join lead_starts
        on shared_identities.lead_key = lead_starts.lead_key
    where shared_identities.basis_number = 1
        -- Without a lead number an order long before the first visit is an earlier purchase, not this lead's.
        or shared_identities.ordered_date
        >= {{ dbt.dateadd('day', '-1 * cast(' ~ threshold('funnel_early_order_days') ~ ' as integer)', 'lead_starts.first_visited_date') }}
),

ranked as (
    select
        *,
        row_number() over (
            partition by order_id
            order by
                basis_number,
                -- Of several leads of one person: the last that began before the order.
                case when first_visited_date <= ordered_date then 0 else 1 end,
                abs({{ days_between('first_visited_date', 'ordered_date') }}),
                lead_key
        ) as preference
    from candidates
),

final as (
    select
        cast(order_id as string) as order_id,
        cast(lead_key as string) as lead_key,
        cast(first_visited_date as date) as first_visited_date,
        cast(ordered_date as date) as ordered_date,
        cast(
            case basis_number
                {%- for basis in bases.values() %}
                when {{ loop.index }} then '{{ basis }}'
                {%- endfor %}
            end as string
        ) as match_basis
    from ranked
    where preference = 1
)

select * from final
