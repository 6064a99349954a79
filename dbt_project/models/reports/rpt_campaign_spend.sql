-- one row a month, region and channel: what the cost ledger says, allocated to campaigns or not, approved or not
with

cells as (
    select
        month_start,
        region,
        source_channel,
        spent_amount,
        case when campaign_id is not null then spent_amount else 0 end as allocated_amount,
        case when campaign_id is null then spent_amount else 0 end as unallocated_amount,
        unapproved_amount
    from {{ ref('fct_campaign_costs') }}
),

final as (
    select
        cast(month_start as date) as month_start,
        cast(region as string) as region,
        cast(source_channel as string) as source_channel,
        cast(sum(spent_amount) as decimal(18, 2)) as spent_amount,
        cast(sum(allocated_amount) as decimal(18, 2)) as allocated_amount,
        cast(sum(unallocated_amount) as decimal(18, 2)) as unallocated_amount,
        cast(sum(unapproved_amount) as decimal(18, 2)) as unapproved_amount
    from {{ with_totals('cells', ['region', 'source_channel']) }}
    group by month_start, region, source_channel
)

select * from final
