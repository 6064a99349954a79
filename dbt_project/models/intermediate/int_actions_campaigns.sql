-- one row a campaign, or item of cost without one, with spend that nobody had approved
with

unapproved as (
    select
        coalesce(campaign_id, cost_id) as subject_key,
        min(department) as department,
        min(region) as region,
        min(spent_date) as since_date,
        sum(unapproved_amount) as unapproved_amount,
        min(ledger_delivery_id) as ledger_delivery_id,
        min(ledger_row_number) as ledger_row_number
    from {{ ref('fct_campaign_costs') }}
    where unapproved_amount > 0
    group by 1
),

final as (
    select
        cast('campaign_spend_unapproved' as string) as action_kind,
        cast(subject_key as string) as subject_key,
        cast('campaigns' as string) as section,
        cast('B7' as string) as procedure_id,
        cast(null as string) as rule_id,
        cast(department as string) as department,
        cast(null as string) as responsible_surrogate,
        cast(null as string) as customer_key,
        cast(null as string) as person_key,
        cast(region as string) as region,
        cast('unknown' as string) as segment,
        cast(since_date as date) as since_date,
        cast(null as date) as due_date,
        cast(null as timestamp) as due_at,
        cast(subject_key || ': ' || cast(unapproved_amount as string) as string) as detail,
        cast(ledger_delivery_id as string) as ledger_delivery_id,
        cast(ledger_row_number as bigint) as ledger_row_number
    from unapproved
)

select * from final
