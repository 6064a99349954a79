-- one row a month, region, segment, model of attribution and channel: the orders and sales credited, and what was spent
with

cells as (
    select month_start, region, segment, attribution_model, source_channel, credited_orders, credited_amount
    from {{ ref('fct_attribution_credits') }}
),

counted as (
    select
        month_start, region, segment, attribution_model, source_channel,
        cast(sum(credited_orders) as decimal(18, 6)) as credited_orders,
        cast(sum(credited_amount) as decimal(18, 2)) as credited_amount
    from {{ with_totals('cells', ['region', 'segment', 'source_channel']) }}
    group by month_start, region, segment, attribution_model, source_channel
),

with_base as (
    select
        *,
        max(case when source_channel = 'all' then credited_orders end)
            over (partition by month_start, region, segment, attribution_model) as all_orders,
        max(case when source_channel = 'all' then credited_orders else 0 end)
            over (partition by month_start, region, segment, attribution_model)
        - max(case when source_channel = 'unattributed' then credited_orders else 0 end)
            over (partition by month_start, region, segment, attribution_model) as attributed_orders
    from counted
),

-- Campaigns know no segments, and some run in all regions: spend stands beside the credits of the whole company.
spend as (
    select month_start, source_channel, spent_amount
    from {{ ref('rpt_campaign_spend') }}
    where region = 'all'
),

joined as (
    select with_base.*, spend.spent_amount
    from with_base
    left join spend
        on with_base.month_start = spend.month_start
        and with_base.source_channel = spend.source_channel
        and with_base.region = 'all'
        and with_base.segment = 'all'
),

final as (
    select
        cast(month_start as date) as month_start,
        cast(region as string) as region,
        cast(segment as string) as segment,
        cast(attribution_model as string) as attribution_model,
        cast(source_channel as string) as source_channel,
        cast(credited_orders as decimal(18, 6)) as credited_orders,
        cast(credited_amount as decimal(18, 2)) as credited_amount,
        cast({{ safe_divide('credited_orders', 'all_orders') }} as double) as credited_share,
        cast(attributed_orders >= {{ threshold('attribution_minimum_orders') }} as boolean) as is_base_sufficient,
        cast(spent_amount as decimal(18, 2)) as spent_amount,
        cast({{ safe_divide('spent_amount', 'credited_orders') }} as double) as cost_per_order,
        cast({{ safe_divide('credited_amount', 'spent_amount') }} as double) as return_on_spend
    from joined
)

select * from final
