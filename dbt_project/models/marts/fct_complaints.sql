-- one row a complaint, enquiry, suggestion or return, with both reply clocks
{%- set recurrence_days = 'cast(' ~ threshold('complaint_recurrence_days') ~ ' as integer)' %}
{#- Only what was closed within these days before a receipt can recur: what changed touches what came after it. #}
{%- set came_after = "select later.ledger_record_key from stg_complaints as later join ({0}) as closed"
    ~ " on later.category is not distinct from closed.category and later.product_id is not distinct from closed.product_id"
    ~ " and later.received_at >= closed.closed_at and later.received_at <= closed.closed_at + to_days("
    ~ "(select max(cast(value as integer)) from thresholds where rule_id = 'complaint_recurrence_days'))" %}
{%- set of_changed_customers = "stg_complaints where customer_id in (select customer_id from " ~ changed_rows(
        'dim_customers', ['customer_id', 'customer_key', 'person_key', 'region', 'segment']
    ) ~ ")" %}
{%- set of_changed_orders = "stg_complaints where order_id in (select order_id from " ~ changed_rows(
        'fct_orders', ['order_id', 'customer_key', 'person_key', 'region', 'segment']
    ) ~ ")" %}
{%- set of_changed_names = rows_of_changed_names('stg_complaints', 'customer_name_surrogate') %}
{%- set known_person =
    'coalesce(complaints.phone_surrogate, complaints.email_surrogate, customers.person_key, orders.person_key)' %}
{{ config(meta={'increment': {
    'key': ['complaint_key'],
    'touched_by': {
        'stg_complaints': "select ledger_record_key from changes.stg_complaints union all "
            ~ came_after.format("from changes.stg_complaints"),
        'dim_customers': "select ledger_record_key from " ~ of_changed_customers ~ " union all "
            ~ came_after.format("from " ~ of_changed_customers),
        'fct_orders': "select ledger_record_key from " ~ of_changed_orders ~ " union all "
            ~ came_after.format("from " ~ of_changed_orders),
        'int_names_linked_to_persons': "select ledger_record_key from " ~ of_changed_names ~ " union all "
            ~ came_after.format("from " ~ of_changed_names),
        'dim_products': "select ledger_record_key from stg_complaints where product_id in (select product_id from "
            ~ changed_rows('dim_products', ['product_id', 'product_name']) ~ ")",
        'int_complaint_sources': "select ledger_record_key from stg_complaints where ledger_delivery_id in"
            ~ " (select delivery_id from changes.int_complaint_sources)",
        'stg_run_context': "select complaint_key from fct_complaints where clock_basis = 'measured' and replied_at is null"
            ~ " or exists (from " ~ changed_rows('stg_run_context', ['time_zone']) ~ ")",
    }
}}) }}
with complaints as (

    select * from {{ ref('stg_complaints') }} {{ only_touched('ledger_record_key') }}

),

run_context as (

    select as_of, time_zone from {{ ref('stg_run_context') }}

),

working_days as (

    select * from {{ ref('int_working_days') }}

),

coverage as (

    select max(date) as covered_until_date from working_days

),

-- whoever complained, for all complaints: whether one recurs is seen from the others
identified as (

    select
        complaints.ledger_record_key,
        complaints.category,
        complaints.product_id,
        complaints.received_at,
        complaints.closed_at,
        coalesce(
            customers.customer_key,
            complaints.customer_id,
            orders.customer_key,
            case when {{ known_person }} is null then names.customer_key end
        ) as customer_key,
        coalesce({{ known_person }}, names.person_key) as person_key,
        {{ identity_basis(
            'complaints.phone_surrogate', 'complaints.email_surrogate', 'coalesce(customers.person_key, orders.person_key)'
        ) }} as identity_basis,
        case when {{ known_person }} is null then names.confidence end as identity_confidence,
        coalesce(customers.region, nullif(orders.region, 'unknown')) as customer_region,
        coalesce(customers.segment, nullif(orders.segment, 'unknown')) as customer_segment
    from {{ ref('stg_complaints') }} as complaints
    left join {{ ref('dim_customers') }} as customers on complaints.customer_id = customers.customer_id
    left join {{ ref('fct_orders') }} as orders on complaints.order_id = orders.order_id
    left join {{ ref('int_names_linked_to_persons') }} as names
        on {{ same_name('complaints', 'customer_name_surrogate') }}

),

targets as (

    select
        complaints.ledger_record_key,
        complaint_targets.reply_hours,
        complaint_targets.reply_working_hours,
        row_number() over (
            partition by complaints.ledger_record_key
            order by
                case when complaint_targets.category = 'all' then 1 else 0 end,
                case when complaint_targets.class = 'all' then 1 else 0 end,
                complaint_targets.valid_from desc nulls last,
                complaint_targets.target_id
        ) as preference
    from complaints
    inner join {{ ref('complaint_targets') }} as complaint_targets
        on complaint_targets.category in ('all', complaints.category)
        and complaint_targets.class in ('all', complaints.priority)
        and complaint_targets.valid_from <= complaints.received_date

),

timed as (

    select
        complaints.*,
        identified.customer_key,
        identified.person_key,
        identified.identity_basis,
        identified.identity_confidence,
        identified.customer_region,
        identified.customer_segment,
        run_context.as_of,
        targets.reply_hours as target_hours,
        targets.reply_working_hours as target_working_hours,
        {{ dbt.dateadd('hour', 'cast(targets.reply_hours as integer)', 'complaints.received_at') }} as due_at,
        case
            when sources.has_reply_times then 'measured'
            when complaints.is_reply_in_time is not null then 'declared'
            else 'none'
        end as clock_basis,
        sources.has_closing,
        -- an internal note or an automatic receipt is no reply to the customer
        case
            when coalesce(complaints.first_reply_kind, 'reply_to_customer') = 'reply_to_customer'
                then complaints.first_reply_at
        end as replied_at,
        {{ local_timestamp('complaints.received_at', 'run_context.time_zone') }} as received_local,
        {{ local_timestamp('complaints.first_reply_at', 'run_context.time_zone') }} as first_reply_local,
        {{ local_timestamp('run_context.as_of', 'run_context.time_zone') }} as as_of_local
    from complaints
    cross join run_context
    inner join identified on complaints.ledger_record_key = identified.ledger_record_key
    inner join {{ ref('int_complaint_sources') }} as sources on complaints.ledger_delivery_id = sources.delivery_id
    left join targets on complaints.ledger_record_key = targets.ledger_record_key and targets.preference = 1

),

positioned as (

    select
        timed.*,
        {{ working_position('timed.received_local', 'received_days') }} as received_position,
        {{ working_position('timed.first_reply_local', 'reply_days') }} as reply_position,
        {{ working_position('timed.as_of_local', 'as_of_days') }} as as_of_position,
        cast(timed.as_of_local as date) > coverage.covered_until_date as is_past_calendar
    from timed
    cross join coverage
    left join working_days as received_days on cast(timed.received_local as date) = received_days.date
    left join working_days as reply_days on cast(timed.first_reply_local as date) = reply_days.date
    -- past the calendar's end the wait is at least as long as to its end: enough to call a breach, not its absence
    left join working_days as as_of_days
        on least(cast(timed.as_of_local as date), coverage.covered_until_date) = as_of_days.date

),

clocked as (

    select
        *,
        -- a reply dated before the receipt is an error of the record: no clock can be read from it
        case
            when clock_basis = 'measured' and replied_at >= received_at
                then {{ hours_between('received_at', 'replied_at') }}
        end as reply_hours,
        case
            when clock_basis = 'measured' and replied_at >= received_at
                then cast(reply_position - received_position as double) / 3600
        end as working_reply_hours,
        cast(as_of_position - received_position as double) / 3600 as waited_working_hours
    from positioned

),

judged as (

    select
        *,
        case
            when clock_basis = 'declared' then case when is_reply_in_time then 'in_time' else 'breached' end
            when clock_basis = 'none' then 'undeterminable'
            when replied_at < received_at then 'undeterminable'
            when replied_at <= due_at then 'in_time'
            when replied_at > due_at or as_of > due_at then 'breached'
            else 'not_yet_due'
        end as reply_status,
        case
            when clock_basis <> 'measured' or replied_at < received_at then 'undeterminable'
            when replied_at is not null and working_reply_hours is null then 'undeterminable'
            when working_reply_hours <= target_working_hours then 'in_time'
            when replied_at is not null or waited_working_hours > target_working_hours then 'breached'
            when waited_working_hours is null or is_past_calendar then 'undeterminable'
            else 'not_yet_due'
        end as working_reply_status,
        coalesce(complaint_status in ('closed', 'solved', 'rejected'), false) or closed_at is not null as is_closed
    from clocked

),

-- The latest closing before each receipt, of the same problem and of the same customer's problem: closings and
-- receipts laid on one time axis, so that no complaint is compared with every other. At the same instant a
-- receipt comes first: only what was closed before can recur.
events as (

    select ledger_record_key, category, product_id, customer_key, received_at as happened_at, 0 as is_closing,
        cast(null as timestamp) as closed_at
    from identified
    union all
    select ledger_record_key, category, product_id, customer_key, closed_at as happened_at, 1 as is_closing, closed_at
    from identified
    where closed_at >= received_at

),

recurrences as (

    select
        ledger_record_key,
        is_closing,
        max(closed_at) over (
            partition by category, product_id
            order by happened_at, is_closing, ledger_record_key
            rows between unbounded preceding and 1 preceding
        ) as problem_closed_at,
        max(closed_at) over (
            partition by category, product_id, customer_key
            order by happened_at, is_closing, ledger_record_key
            rows between unbounded preceding and 1 preceding
        ) as customer_problem_closed_at
    from events

),

final as (

    select
        cast(judged.ledger_record_key as string) as complaint_key,
        cast(judged.complaint_id as string) as complaint_id,
        cast({{ month_start('judged.received_date') }} as date) as month_start,
        cast(coalesce(judged.region, judged.customer_region, 'unknown') as string) as region,
        cast(coalesce(judged.segment, judged.customer_segment, 'unknown') as string) as segment,
        cast(judged.received_at as timestamp) as received_at,
        cast(judged.received_date as date) as received_date,
        cast(coalesce(judged.received_via, 'unknown') as string) as received_via,
        cast(coalesce(judged.kind, 'unknown') as string) as kind,
        cast(coalesce(judged.kind, 'complaint') = 'complaint' as boolean) as is_complaint,
        cast(coalesce(judged.category, 'unknown') as string) as category,
        cast(judged.issue as string) as issue,
        cast(coalesce(judged.priority, 'unknown') as string) as priority,
        cast(coalesce(judged.department, 'unknown') as string) as department,
        cast(judged.product_id as string) as product_id,
        cast(coalesce(judged.product_name, products.product_name, judged.product_id, 'unknown') as string) as product_name,
        cast(judged.order_id as string) as order_id,
        cast(judged.customer_key as string) as customer_key,
        cast(judged.person_key as string) as person_key,
        cast(judged.identity_basis as string) as identity_basis,
        cast(judged.identity_confidence as double) as identity_confidence,
        cast(judged.customer_name_surrogate as string) as customer_name_surrogate,
        cast(judged.phone_surrogate as string) as phone_surrogate,
        cast(judged.phone_masked as string) as phone_masked,
        cast(judged.handler_surrogate as string) as handler_surrogate,
        cast(judged.clock_basis as string) as clock_basis,
        cast(judged.target_hours as double) as target_hours,
        cast(judged.target_working_hours as double) as target_working_hours,
        cast(judged.due_at as timestamp) as due_at,
        cast(judged.replied_at as timestamp) as replied_at,
        cast(judged.reply_hours as double) as reply_hours,
        cast(judged.reply_status as string) as reply_status,
        cast(judged.working_reply_hours as double) as working_reply_hours,
        cast(judged.working_reply_status as string) as working_reply_status,
        cast(judged.is_reply_in_time as boolean) as is_declared_in_time,
        cast(judged.closed_at as timestamp) as closed_at,
        cast(judged.closed_date as date) as closed_date,
        cast(judged.is_closed as boolean) as is_closed,
        -- a source that never tells of closing says nothing about what is still open
        cast(judged.has_closing as boolean) as is_closing_known,
        cast(judged.is_customer_informed as boolean) as is_customer_informed,
        cast(coalesce(
            judged.category is not null and judged.customer_key is not null
            and judged.received_at <= {{ dbt.dateadd('day', recurrence_days, 'recurrences.customer_problem_closed_at') }},
            false
        ) as boolean) as is_recurrence,
        cast(coalesce(
            judged.category is not null and judged.product_id is not null
            and judged.received_at <= {{ dbt.dateadd('day', recurrence_days, 'recurrences.problem_closed_at') }},
            false
        ) as boolean) as is_repeated_problem,
        cast(judged.ledger_delivery_id as string) as ledger_delivery_id,
        cast(judged.ledger_row_number as bigint) as ledger_row_number
    from judged
    inner join recurrences on judged.ledger_record_key = recurrences.ledger_record_key and recurrences.is_closing = 0
    left join {{ ref('dim_products') }} as products on judged.product_id = products.product_id

)

select * from final
