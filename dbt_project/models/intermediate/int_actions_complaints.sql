-- one row a complaint that waits for its first reply to the customer, late or not yet
with

complaints as (
    select * from {{ ref('fct_complaints') }}
    where is_complaint and replied_at is null and not is_closed and reply_status in ('breached', 'not_yet_due')
),

run_day as (
    select * from {{ ref('stg_run_day') }}
),

final as (
    select
        cast('complaint_to_answer' as string) as action_kind,
        cast(complaints.complaint_key as string) as subject_key,
        cast('complaints' as string) as section,
        cast('D1' as string) as procedure_id,
        cast(null as string) as rule_id,
        cast(complaints.department as string) as department,
        cast(complaints.handler_surrogate as string) as responsible_surrogate,
        cast(complaints.customer_key as string) as customer_key,
        cast(complaints.person_key as string) as person_key,
        cast(complaints.region as string) as region,
        cast(complaints.segment as string) as segment,
        cast({{ local_timestamp('complaints.received_at', 'run_day.time_zone') }} as date) as since_date,
        cast({{ local_timestamp('complaints.due_at', 'run_day.time_zone') }} as date) as due_date,
        cast(complaints.due_at as timestamp) as due_at,
        cast(complaints.issue as string) as detail,
        cast(complaints.ledger_delivery_id as string) as ledger_delivery_id,
        cast(complaints.ledger_row_number as bigint) as ledger_row_number
    from complaints
    cross join run_day
)

select * from final
