-- one row a corrective or preventive action sheet: where it stands, and whether its problem came back
{%- set recurrence_days = 'cast(' ~ threshold('complaint_recurrence_days') ~ ' as integer)' %}
with sheets as (

    select
        stg_corrective_actions.*,
        -- an effect found reached closes the sheet where nobody wrote a date of closing
        coalesce(action_closed_date, case when effect = 'effective' then verified_date end) as closed_date
    from {{ ref('stg_corrective_actions') }} as stg_corrective_actions

),

complaints as (

    select * from {{ ref('fct_complaints') }}

),

-- what a sheet does not say itself stands in the complaint or the survey form that it came from
completed as (

    select
        sheets.*,
        run_context.as_of_date,
        coalesce(sheets.category, nullif(complaints.category, 'unknown')) as known_category,
        coalesce(sheets.product_id, complaints.product_id) as known_product_id,
        coalesce(customers.customer_key, sheets.customer_id, complaints.customer_key, responses.customer_key) as customer_key,
        coalesce(customers.region, complaints.region, responses.region, 'unknown') as region,
        coalesce(customers.segment, complaints.segment, responses.segment, 'unknown') as segment
    from sheets
    cross join {{ ref('stg_run_day') }} as run_context
    left join complaints on sheets.action_origin = 'complaint' and sheets.origin_id = complaints.complaint_id
    left join {{ ref('fct_survey_responses') }} as responses
        on sheets.action_origin = 'survey' and sheets.origin_id = responses.response_id
    left join {{ ref('dim_customers') }} as customers on sheets.customer_id = customers.customer_id

),

recurrences as (

    select
        completed.ledger_record_key,
        min(complaints.received_date) as recurred_date
    from completed
    inner join complaints
        on completed.known_category = complaints.category
        and completed.known_product_id = complaints.product_id
        and complaints.is_complaint
        and complaints.received_date > completed.closed_date
        and complaints.received_date <= {{ add_days('completed.closed_date', recurrence_days) }}
    group by completed.ledger_record_key

),

final as (

    select
        cast(completed.ledger_record_key as string) as corrective_action_key,
        cast(completed.corrective_action_id as string) as corrective_action_id,
        cast({{ month_start('completed.action_opened_date') }} as date) as month_start,
        cast(completed.region as string) as region,
        cast(completed.segment as string) as segment,
        cast(completed.action_opened_date as date) as action_opened_date,
        cast(completed.action_type as string) as action_type,
        cast(completed.action_origin as string) as action_origin,
        cast(completed.origin_id as string) as origin_id,
        cast(coalesce(completed.known_category, 'unknown') as string) as category,
        cast(completed.known_product_id as string) as product_id,
        cast(completed.customer_key as string) as customer_key,
        cast(coalesce(completed.department, 'unknown') as string) as department,
        cast(completed.responsible_surrogate as string) as responsible_surrogate,
        cast(completed.cause is not null as boolean) as is_cause_stated,
        cast(completed.action_due_date as date) as action_due_date,
        cast(completed.action_done_date as date) as action_done_date,
        cast(completed.verified_date as date) as verified_date,
        cast(completed.effect as string) as effect,
        cast(completed.closed_date as date) as closed_date,
        cast(completed.is_customer_informed as boolean) as is_customer_informed,
        cast(recurrences.recurred_date as date) as recurred_date,
        cast({{ month_start('completed.action_done_date') }} as date) as done_month,
        cast({{ month_start('completed.closed_date') }} as date) as closed_month,
        cast({{ month_start('recurrences.recurred_date') }} as date) as recurred_month,
        cast(case
            when recurrences.recurred_date is not null or completed.effect = 'not_effective' then 'reopened'
            when completed.closed_date is not null then 'verified'
            when completed.action_done_date is not null then 'to_verify'
            when completed.action_due_date < completed.as_of_date then 'overdue'
            else 'open'
        end as string) as action_state,
        cast(completed.ledger_delivery_id as string) as ledger_delivery_id,
        cast(completed.ledger_row_number as bigint) as ledger_row_number
    from completed
    left join recurrences on completed.ledger_record_key = recurrences.ledger_record_key

)

select * from final
