-- one row a campaign as of the run, and one for what no campaign accounts for: plan, approval, spend, what it brought
with

campaigns as (
    select * from {{ ref('stg_campaigns') }}
),

costs as (
    select
        coalesce(campaign_id, 'unallocated') as campaign_id,
        min(month_start) as first_month,
        sum(spent_amount) as spent_amount,
        sum(unapproved_amount) as unapproved_amount
    from {{ ref('fct_campaign_costs') }}
    group by 1
),

visits as (
    select
        campaign_id,
        count(*) as visit_count,
        count(*) filter (where is_contact_left) as contact_count,
        sum(order_count) as order_count,
        sum(sales_amount) as sales_amount
    from {{ ref('fct_campaign_visits') }}
    group by campaign_id
),

joined as (
    select
        coalesce(campaigns.campaign_id, costs.campaign_id) as campaign_id,
        coalesce({{ month_start('campaigns.starts_date') }}, costs.first_month) as month_start,
        coalesce(campaigns.region, 'unknown') as region,
        campaigns.campaign_name,
        coalesce(campaigns.source_channel, 'unallocated') as source_channel,
        campaigns.starts_date,
        campaigns.ends_date,
        campaigns.budget_amount,
        campaigns.approved_amount,
        campaigns.approved_date,
        campaigns.reach_count,
        campaigns.response_count,
        coalesce(costs.spent_amount, 0) as spent_amount,
        coalesce(costs.unapproved_amount, 0) as unapproved_amount,
        case when campaigns.campaign_id is not null then coalesce(visits.visit_count, 0) end as visit_count,
        case when campaigns.campaign_id is not null then coalesce(visits.contact_count, 0) end as contact_count,
        case when campaigns.campaign_id is not null then coalesce(visits.order_count, 0) end as order_count,
        case when campaigns.campaign_id is not null then coalesce(visits.sales_amount, 0) end as sales_amount
    from campaigns
    full outer join costs
        on campaigns.campaign_id = costs.campaign_id
    left join visits
        on campaigns.campaign_id = visits.campaign_id
),

final as (
    select
        cast(month_start as date) as month_start,
        cast(region as string) as region,
        cast(campaign_id as string) as campaign_id,
        cast(campaign_name as string) as campaign_name,
        cast(source_channel as string) as source_channel,
        cast(starts_date as date) as starts_date,
        cast(ends_date as date) as ends_date,
        cast(budget_amount as decimal(18, 2)) as budget_amount,
        cast(approved_amount as decimal(18, 2)) as approved_amount,
        cast(approved_date as date) as approved_date,
        cast(spent_amount as decimal(18, 2)) as spent_amount,
        cast(unapproved_amount as decimal(18, 2)) as unapproved_amount,
        cast(reach_count as bigint) as reach_count,
        cast(response_count as bigint) as response_count,
        cast({{ safe_divide('response_count', 'reach_count') }} as double) as response_rate,
        cast(visit_count as bigint) as visit_count,
        cast(contact_count as bigint) as contact_count,
        cast(order_count as bigint) as order_count,
        cast(sales_amount as decimal(18, 2)) as sales_amount,
        cast({{ safe_divide('spent_amount', 'visit_count') }} as double) as cost_per_visit,
        cast({{ safe_divide('spent_amount', 'contact_count') }} as double) as cost_per_contact,
        cast({{ safe_divide('spent_amount', 'order_count') }} as double) as cost_per_order,
        cast({{ safe_divide('sales_amount', 'spent_amount') }} as double) as return_on_spend
    from joined
)

select * from final
