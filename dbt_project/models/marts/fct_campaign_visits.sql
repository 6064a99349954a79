-- one row a visit that a campaign brought: through its channel, in its region, while it ran or shortly after
with

campaigns as (
    select
        *,
        {{ add_days('ends_date', 'cast(' ~ threshold('campaign_response_days') ~ ' as integer)') }} as last_response_date
    from {{ ref('stg_campaigns') }}
),

candidates as (
    select
        visits.*,
        campaigns.campaign_id,
        -- Of several campaigns the one that began last; a visit belongs to one only.
        row_number() over (
            partition by visits.ledger_delivery_id, visits.ledger_row_number
            order by campaigns.starts_date desc, campaigns.campaign_id
        ) as preference
    from {{ ref('fct_visits') }} as visits
    inner join campaigns
        on visits.source_channel = campaigns.source_channel
        and visits.visited_date between campaigns.starts_date and campaigns.last_response_date
        and (campaigns.region is null or campaigns.region = visits.region)
    where visits.is_register_entry
),

credits as (
    select visit_key, count(*) as order_count, sum(credited_amount) as sales_amount
    from {{ ref('fct_attribution') }}
    where attribution_model = 'last_touch' and visit_key is not null
    group by visit_key
),

final as (
    select
        cast(candidates.campaign_id as string) as campaign_id,
        cast(candidates.lead_key as string) as lead_key,
        cast(candidates.visited_date as date) as visited_date,
        cast(candidates.month_start as date) as month_start,
        cast(candidates.region as string) as region,
        cast(candidates.segment as string) as segment,
        cast(candidates.source_channel as string) as source_channel,
        cast(candidates.is_contact_left as boolean) as is_contact_left,
        cast(coalesce(credits.order_count, 0) as bigint) as order_count,
        cast(coalesce(credits.sales_amount, 0) as decimal(18, 2)) as sales_amount,
        cast(candidates.ledger_delivery_id as string) as ledger_delivery_id,
        cast(candidates.ledger_row_number as bigint) as ledger_row_number
    from candidates
    left join credits
        on candidates.ledger_delivery_id || '-' || cast(candidates.ledger_row_number as string) = credits.visit_key
    where candidates.preference = 1
)

select * from final
