-- one row a lead (a person, or a visit that nobody can be told from) with the day of each step of the funnel
{%- set of_orders = 'select lead_key from int_orders_matched_to_leads where order_id in (select order_id from ' %}
{{ config(meta={'increment': {
    'key': ['lead_key'],
    'touched_by': {
        'fct_visits': 'select lead_key from changes.fct_visits where lead_key is not null',
        'int_orders_matched_to_leads': 'select lead_key from changes.int_orders_matched_to_leads',
        'int_follow_ups_matched_to_leads': 'select lead_key from '
            ~ changed_rows('int_follow_ups_matched_to_leads', ['lead_key', 'contacted_date']),
        'fct_orders': of_orders
            ~ changed_rows('fct_orders', ['order_id', 'sales_amount', 'order_amount', 'paid_amount', 'paid_date']) ~ ')',
        'fct_payments': of_orders ~ changed_rows('fct_payments', ['order_id', 'paid_date', 'paid_amount']) ~ ')',
    },
}}) }}
{%- set visits %}(select * from {{ ref('fct_visits') }} {{ only_touched('lead_key') }} where is_register_entry) as visits
{%- endset %}
{#- Most leads came once: only the others' visits have to be gathered. Written out twice, for as a step of its own the
    engine would hold its rows while both uses of it are worked out. -#}
{%- set leads_that_came_again -%}
    (select lead_key from {{ visits }} group by lead_key having count(*) > 1) as leads_that_came_again
{%- endset %}
{%- set of_first_visit = ['region', 'segment', 'department', 'source_channel', 'ledger_delivery_id', 'ledger_row_number'] %}
with

orders as (
    select * from {{ ref('fct_orders') }}
),

matched_orders as (
    select * from {{ ref('int_orders_matched_to_leads') }} {{ only_touched('lead_key') }}
),

gathered_leads as (
    select
        visits.lead_key,
        max(lead_id) as lead_id,
        min(person_key) as person_key,
        min(customer_key) as customer_key,
        count(*) as visit_count,
        min(visited_date) as first_visited_date,
        min(case when is_contact_left then visited_date end) as contact_left_date,
        min(case when is_quote_given or is_test_drive then visited_date end) as quote_or_test_drive_date,
        {{ first_of_group(of_first_visit, visits_in_order()) }} as first_visit
    from {{ visits }}
    inner join {{ leads_that_came_again }}
        on visits.lead_key = leads_that_came_again.lead_key
    group by visits.lead_key
),

leads as (
    select
        visits.lead_key,
        lead_id,
        person_key,
        customer_key,
        1 as visit_count,
        visited_date as first_visited_date,
        case when is_contact_left then visited_date end as contact_left_date,
        case when is_quote_given or is_test_drive then visited_date end as quote_or_test_drive_date,
        {{ of_first_visit | join(', ') }}
    from {{ visits }}
    left join {{ leads_that_came_again }}
        on visits.lead_key = leads_that_came_again.lead_key
    where leads_that_came_again.lead_key is null
    union all
    select
        lead_key,
        lead_id,
        person_key,
        customer_key,
        visit_count,
        first_visited_date,
        contact_left_date,
        quote_or_test_drive_date
        {%- for column in of_first_visit %},
        first_visit.{{ column }}
        {%- endfor %}
    from gathered_leads
),

-- Whoever writes a line on the card has followed up, reached or not. As with orders, one before the first visit is taken
-- only where there is no other.
lead_follow_ups as (
    select
        follow_ups.lead_key,
        coalesce(
            min(case when follow_ups.contacted_date >= leads.first_visited_date then follow_ups.contacted_date end),
            min(follow_ups.contacted_date)
        ) as followed_up_date
    from (
        select * from {{ ref('int_follow_ups_matched_to_leads') }} {{ only_touched('lead_key') }}
    ) as follow_ups
    inner join leads
        on follow_ups.lead_key = leads.lead_key
    group by follow_ups.lead_key
),

-- The lead's order: the first on or after the first visit; one dated before only where there is no other.
ranked_orders as (
    select
        *,
        row_number() over (
            partition by lead_key
            order by
                case when ordered_date >= first_visited_date then 0 else 1 end,
                ordered_date nulls last,
                order_id
        ) as preference
    from matched_orders
),

lead_orders as (
    select
        ranked_orders.lead_key,
        ranked_orders.order_id,
        ranked_orders.ordered_date,
        ranked_orders.match_basis,
        coalesce(nullif(orders.sales_amount, 0), orders.order_amount, 0) as amount_due,
        -- Where a source has no payments, the day on which the order's header says it was paid.
        case when orders.paid_amount = 0 then orders.paid_date end as stated_paid_date
    from ranked_orders
    left join orders
        on ranked_orders.order_id = orders.order_id
    where ranked_orders.preference = 1
),

payments_so_far as (
    select
        payments.order_id,
        payments.paid_date,
        lead_orders.amount_due,
        sum(payments.paid_amount) over (
            partition by payments.order_id order by payments.paid_date nulls last
            range between unbounded preceding and current row
        ) as paid_so_far
    from {{ ref('fct_payments') }} as payments
    inner join lead_orders
        on payments.order_id = lead_orders.order_id
    where payments.paid_date is not null
),

-- Paid is paid in full: a deposit is not yet the money.
full_payments as (
    select order_id, min(paid_date) as fully_paid_date
    from payments_so_far
    where paid_so_far >= amount_due
    group by order_id
),

ordered as (
    select
        lead_orders.*,
        coalesce(full_payments.fully_paid_date, lead_orders.stated_paid_date) as paid_date
    from lead_orders
    left join full_payments
        on lead_orders.order_id = full_payments.order_id
),

final as (
    select
        cast(leads.lead_key as string) as lead_key,
        cast(leads.lead_id as string) as lead_id,
        cast(leads.person_key as string) as person_key,
        cast(leads.customer_key as string) as customer_key,
        cast({{ month_start('leads.first_visited_date') }} as date) as month_start,
        cast(leads.region as string) as region,
        cast(leads.segment as string) as segment,
        cast(leads.department as string) as department,
        cast(coalesce(leads.source_channel, 'not_recorded') as string) as source_channel,
        cast(leads.visit_count as bigint) as visit_count,
        cast(leads.first_visited_date as date) as first_visited_date,
        cast(leads.contact_left_date as date) as contact_left_date,
        cast(lead_follow_ups.followed_up_date as date) as followed_up_date,
        cast(leads.quote_or_test_drive_date as date) as quote_or_test_drive_date,
        cast(ordered.ordered_date as date) as ordered_date,
        cast(ordered.paid_date as date) as paid_date,
        cast(ordered.order_id as string) as order_id,
        cast(ordered.match_basis as string) as match_basis,
        cast({{ days_between('leads.first_visited_date', 'leads.contact_left_date') }} as bigint) as days_to_contact_left,
        cast({{ days_between('leads.first_visited_date', 'lead_follow_ups.followed_up_date') }} as bigint)
            as days_to_follow_up,
        cast({{ days_between('leads.first_visited_date', 'leads.quote_or_test_drive_date') }} as bigint)
            as days_to_quote_or_test_drive,
        cast({{ days_between('leads.first_visited_date', 'ordered.ordered_date') }} as bigint) as days_to_order,
        cast({{ days_between('leads.first_visited_date', 'ordered.paid_date') }} as bigint) as days_to_paid,
        cast(
            coalesce(lead_follow_ups.followed_up_date < leads.first_visited_date, false)
            or coalesce(ordered.ordered_date < leads.first_visited_date, false)
            or coalesce(ordered.paid_date < leads.first_visited_date, false)
            as boolean
        ) as is_out_of_order,
        cast(leads.ledger_delivery_id as string) as ledger_delivery_id,
        cast(leads.ledger_row_number as bigint) as ledger_row_number
    from leads
    left join lead_follow_ups
        on leads.lead_key = lead_follow_ups.lead_key
    left join ordered
        on leads.lead_key = ordered.lead_key
)

select * from final
