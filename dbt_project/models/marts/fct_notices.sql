-- one row a notice of change: how long before the change the customers were told
{%- set lead_months = 'cast(' ~ threshold('notice_lead_months') ~ ' as integer)' %}
with notices as (

    select
        stg_notices.*,
        {{ add_months('effective_date', '-' ~ lead_months) }} as latest_notice_date
    from {{ ref('stg_notices') }} as stg_notices

),

final as (

    select
        cast(notices.ledger_record_key as string) as notice_key,
        cast(notices.notice_id as string) as notice_id,
        cast({{ month_start('notices.effective_date') }} as date) as month_start,
        cast(coalesce(notices.region, customers.region, 'unknown') as string) as region,
        cast(coalesce(customers.segment, 'unknown') as string) as segment,
        cast(coalesce(customers.customer_key, notices.customer_id) as string) as customer_key,
        cast(notices.change_kind as string) as change_kind,
        cast(notices.product_id as string) as product_id,
        cast(notices.notified_date as date) as notified_date,
        cast(notices.effective_date as date) as effective_date,
        cast(notices.latest_notice_date as date) as latest_notice_date,
        cast({{ days_between('notices.notified_date', 'notices.effective_date') }} as bigint) as lead_days,
        cast(case
            when notices.notified_date <= notices.latest_notice_date then 'in_time'
            when notices.notified_date is not null then 'late'
            when run_context.as_of_date > notices.latest_notice_date then 'missing'
            else 'not_yet_due'
        end as string) as notice_status,
        cast(notices.ledger_delivery_id as string) as ledger_delivery_id,
        cast(notices.ledger_row_number as bigint) as ledger_row_number
    from notices
    cross join {{ ref('stg_run_day') }} as run_context
    left join {{ ref('dim_customers') }} as customers on notices.customer_id = customers.customer_id

)

select * from final
