-- one row a lead (a person, or a visit that nobody can be told from) with the day of each step of the funnel
with

visits as (
    select * from {{ ref('fct_visits') }} where is_register_entry
),

orders as (
    select * from {{ ref('fct_orders') }}
),

matched_orders as (
    select * from {{ ref('int_orders_matched_to_leads') }}
),

payments_so_far as (
    select
        order_id,
        paid_date,
        sum(paid_amount) over (
            partition by order_id order by paid_date nulls last
            range between unbounded preceding and current row
        ) as paid_so_far
    from {{ ref('fct_payments') }}
    where paid_date is not null
),

-- Paid is paid in full: a deposit is not yet the money.
full_payments as (
    select payments_so_far.order_id, min(payments_so_far.paid_date) as fully_paid_date
    from payments_so_far
    inner join orders
        on payments_so_far.order_id = orders.order_id
    where payments_so_far.paid_so_far >= coalesce(nullif(orders.sales_amount, 0), orders.order_amount, 0)
    group by payments_so_far.order_id
),

-- Where a source has no payments, the day on which the order's header says it was paid.
paid_dates as (
    select
        orders.order_id,
        coalesce(full_payments.fully_paid_date, case when orders.paid_amount = 0 then orders.paid_date end) as paid_date
    from orders
    left join full_payments
        on orders.order_id = full_payments.order_id
),

ranked_visits as (
    select
        *,
        row_number() over (
            partition by lead_key
            order by visited_date nulls last, arrival_time nulls last, ledger_delivery_id, ledger_row_number
        ) as visit_number
    from visits
),

leads as (
    select
        lead_key,
        max(lead_id) as lead_id,
        min(person_key) as person_key,
        min(customer_key) as customer_key,
        count(*) as visit_count,
        min(visited_date) as first_visited_date,
        min(case when is_contact_left then visited_date end) as contact_left_date,
        min(case when is_quote_given or is_test_drive then visited_date end) as quote_or_test_drive_date
    from visits
    group by lead_key
),

-- The lead's order: the first on or after the first visit; one dated before only where there is no other.
ranked_orders as (
    select
        leads.lead_key,
        matched_orders.order_id,
        matched_orders.ordered_date,
        matched_orders.match_basis,
        row_number() over (
            partition by leads.lead_key
            order by
                case when matched_orders.ordered_date >= leads.first_visited_date then 0 else 1 end,
                matched_orders.ordered_date nulls last,
                matched_orders.order_id
        ) as preference
    from matched_orders
    inner join leads
        on matched_orders.lead_key = leads.lead_key
),

final as (
    select
        cast(leads.lead_key as string) as lead_key,
        cast(leads.lead_id as string) as lead_id,
        cast(leads.person_key as string) as person_key,
        cast(leads.customer_key as string) as customer_key,
        cast({{ month_start('leads.first_visited_date') }} as date) as month_start,
        cast(first_visits.region as string) as region,
        cast(first_visits.segment as string) as segment,
        cast(first_visits.department as string) as department,
        cast(coalesce(first_visits.source_channel, 'not_recorded') as string) as source_channel,
        cast(leads.visit_count as bigint) as visit_count,
        cast(leads.first_visited_date as date) as first_visited_date,
        cast(leads.contact_left_date as date) as contact_left_date,
        cast(leads.quote_or_test_drive_date as date) as quote_or_test_drive_date,
        cast(ranked_orders.ordered_date as date) as ordered_date,
        cast(paid_dates.paid_date as date) as paid_date,
        cast(ranked_orders.order_id as string) as order_id,
        cast(ranked_orders.match_basis as string) as match_basis,
        cast({{ days_between('leads.first_visited_date', 'leads.contact_left_date') }} as bigint) as days_to_contact_left,
        cast({{ days_between('leads.first_visited_date', 'leads.quote_or_test_drive_date') }} as bigint)
            as days_to_quote_or_test_drive,
        cast({{ days_between('leads.first_visited_date', 'ranked_orders.ordered_date') }} as bigint) as days_to_order,
        cast({{ days_between('leads.first_visited_date', 'paid_dates.paid_date') }} as bigint) as days_to_paid,
        cast(
            coalesce(
                ranked_orders.ordered_date < leads.first_visited_date or paid_dates.paid_date < leads.first_visited_date,
                false
            ) as boolean
        ) as is_out_of_order,
        cast(first_visits.ledger_delivery_id as string) as ledger_delivery_id,
        cast(first_visits.ledger_row_number as bigint) as ledger_row_number
    from leads
    inner join ranked_visits as first_visits
        on leads.lead_key = first_visits.lead_key and first_visits.visit_number = 1
    left join ranked_orders
        on leads.lead_key = ranked_orders.lead_key and ranked_orders.preference = 1
    left join paid_dates
        on ranked_orders.order_id = paid_dates.order_id
)

select * from final
