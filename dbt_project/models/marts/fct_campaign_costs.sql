-- one row an item of the cost ledger: the campaign that it belongs to, and how much of it nobody had approved
with

costs as (
    select
        costs.*,
        campaigns.campaign_id as known_campaign_id,
        campaigns.source_channel,
        campaigns.region,
        campaigns.approved_amount,
        campaigns.approved_date,
        cast(costs.spent_amount as decimal(18, 2)) as amount
    from {{ ref('stg_campaign_costs') }} as costs
    left join {{ ref('stg_campaigns') }} as campaigns
        on costs.campaign_id = campaigns.campaign_id
),

-- An approval without an amount approves what is spent from its day on.
running as (
    select
        *,
        approved_date is not null and spent_date >= approved_date as is_after_approval,
        sum(case when approved_date is not null and spent_date >= approved_date then amount else 0 end) over (
            partition by known_campaign_id order by spent_date, cost_id rows between unbounded preceding and current row
        ) as spent_since_approval
    from costs
),

judged as (
    select
        *,
        cast(case
            when known_campaign_id is null or not is_after_approval then amount
            when approved_amount is null then 0
            else greatest(least(spent_since_approval - approved_amount, amount), 0)
        end as decimal(18, 2)) as unapproved_amount
    from running
),

final as (
    select
        cast(cost_id as string) as cost_id,
        cast(known_campaign_id as string) as campaign_id,
        cast(spent_date as date) as spent_date,
        {{ month_start('spent_date') }} as month_start,
        cast(coalesce(region, 'unknown') as string) as region,
        cast('unknown' as string) as segment,
        cast(coalesce(source_channel, 'unallocated') as string) as source_channel,
        cast(department as string) as department,
        cast(cost_item as string) as cost_item,
        cast(amount as decimal(18, 2)) as spent_amount,
        cast(unapproved_amount as decimal(18, 2)) as unapproved_amount,
        cast(case
            when known_campaign_id is null then 'no_campaign'
            when approved_date is null then 'never_approved'
            when not is_after_approval then 'before_approval'
            when unapproved_amount > 0 then 'over_approval'
            else 'approved'
        end as string) as approval_status,
        cast(ledger_delivery_id as string) as ledger_delivery_id,
        cast(ledger_row_number as bigint) as ledger_row_number
    from judged
)

select * from final
