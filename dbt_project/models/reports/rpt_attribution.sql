-- one row a month, region, segment, model of attribution and channel: the orders and sales credited, and what was spent
with

-- An order is one draw of the month, whatever the number of its touches: bands rest on what it gave to each channel.
orders as (
    select
        month_start, region, segment, attribution_model, source_channel,
        sum(credited_orders) as credited_orders,
        sum(credited_amount) as credited_amount
    from {{ ref('fct_attribution_credits') }}
    group by month_start, region, segment, attribution_model, source_channel, order_id
),

cells as (
    select
        month_start, region, segment, attribution_model, source_channel,
        sum(credited_orders) as credited_orders,
        sum(credited_amount) as credited_amount,
        sum(cast(credited_orders as double) * cast(credited_orders as double)) as squared_credits
    from orders
    group by month_start, region, segment, attribution_model, source_channel
),

counted as (
    select
        month_start, region, segment, attribution_model, source_channel,
        cast(sum(credited_orders) as decimal(18, 6)) as credited_orders,
        cast(sum(credited_amount) as decimal(18, 2)) as credited_amount,
        sum(squared_credits) as squared_credits
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

-- A bootstrap of the month's orders in closed form: the share of a channel is a mean over the orders, and the variance of a
-- resampled mean is that of one draw by their number. The removal effects of Markov's chain are taken as they are.
joined as (
    select
        with_base.*,
        spend.spent_amount,
        case when with_base.source_channel <> 'all' then with_base.credited_orders / with_base.all_orders end as share,
        case when with_base.source_channel <> 'all' then {{ z_value() }} * sqrt(greatest(
            with_base.squared_credits / with_base.all_orders
            - pow(cast(with_base.credited_orders as double) / with_base.all_orders, 2), 0
        ) / with_base.all_orders) end as margin
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
        round(cast({{ at_least('share - margin', 0) }} as double), 9) as credited_share_low,
        round(cast({{ at_most('share + margin', 1) }} as double), 9) as credited_share_high,
        cast(attributed_orders >= {{ threshold('attribution_minimum_orders') }} as boolean) as is_base_sufficient,
        cast(spent_amount as decimal(18, 2)) as spent_amount,
        cast({{ safe_divide('spent_amount', 'credited_orders') }} as double) as cost_per_order,
        cast({{ safe_divide('credited_amount', 'spent_amount') }} as double) as return_on_spend
    from joined
)

select * from final
