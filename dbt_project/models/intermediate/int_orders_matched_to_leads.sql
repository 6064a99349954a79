-- one row an order that counts and its lead: by the lead number both carry, else by the person, else by the customer
with

visits as (
    select * from {{ ref('fct_visits') }} where is_register_entry
),

orders as (
    select
        orders.order_id,
        orders.ordered_date,
        orders.lead_id,
        orders.customer_key,
        coalesce(linked_emails.phone_surrogate, orders.person_key) as person_key
    from {{ ref('fct_orders') }} as orders
    left join {{ ref('int_emails_linked_to_phones') }} as linked_emails
        on orders.person_key = linked_emails.email_surrogate
    where orders.is_counted and orders.ordered_date is not null
),

lead_starts as (
    select lead_key, min(visited_date) as first_visited_date
    from visits
    group by lead_key
),

lead_identities as (
    select distinct
        visits.lead_key,
        lead_starts.first_visited_date,
        visits.lead_id,
        visits.person_key,
        visits.customer_key
    from visits
    inner join lead_starts
        on visits.lead_key = lead_starts.lead_key
    where coalesce(visits.lead_id, visits.person_key, visits.customer_key) is not null
),

candidates as (
    {%- for basis in ['lead_id', 'person_key', 'customer_key'] %}
    select
        orders.order_id,
        orders.ordered_date,
        lead_identities.lead_key,
        lead_identities.first_visited_date,
        {{ loop.index }} as basis_number
    from orders
    inner join lead_identities
        on orders.{{ basis }} = lead_identities.{{ basis }}
        {%- if basis != 'lead_id' %}
        -- Without a lead number an order long before the first visit is an earlier purchase, not this lead's.
        and orders.ordered_date
            >= {{ dbt.dateadd('day', '-1 * cast(' ~ threshold('funnel_early_order_days') ~ ' as integer)', 'lead_identities.first_visited_date') }}
        {%- endif %}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
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
        cast(ordered_date as date) as ordered_date,
        cast(
            case basis_number when 1 then 'lead_number' when 2 then 'person' else 'customer' end as string
        ) as match_basis
    from ranked
    where preference = 1
)

select * from final
