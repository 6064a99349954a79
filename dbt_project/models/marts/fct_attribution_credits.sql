-- one row a model of attribution, order that counts and touch with a share in it; without a touch it is unattributed
-- Shapley: of the game in which a set of channels wins the orders whose touches all lie in it, a channel's value is an
-- equal part of each order it touched (Zhao, Mahboobi, Bagheri 2018). Markov: the order's touches share it by the
-- removal effects of their channels.
{%- set weights = {
    'first_touch': 'case when touch_number = 1 then 1 else 0 end',
    'last_touch': 'case when touch_number = touch_count then 1 else 0 end',
    'last_non_direct': 'case when touch_number = last_non_direct_number then 1 else 0 end',
    'linear': '1',
    'position_based': 'case when touch_count <= 2 then 1 when touch_number in (1, touch_count) then 0.4e0
        else 0.2e0 / nullif(touch_count - 2, 0) end',
    'time_decay': 'power(2.0e0, -days_before_order / 7.0e0)',
    'markov': 'coalesce(removal_effect, 0)',
    'shapley': '1.0e0 / touches_of_channel',
} %}
with

touches as (
    select
        touches.*,
        effects.removal_effect,
        coalesce(
            max(case when not touches.is_direct then touches.touch_number end) over (partition by touches.order_id),
            touches.touch_count
        ) as last_non_direct_number,
        count(*) over (partition by touches.order_id, touches.source_channel) as touches_of_channel
    from {{ ref('int_attribution_touches') }} as touches
    left join {{ ref('int_channel_removal_effects') }} as effects
        on touches.source_channel = effects.source_channel
),

weighted as (
    {%- for model, weight in weights.items() %}
    select
        '{{ model }}' as attribution_model, order_id, touch_number, touch_count, source_channel, days_before_order,
        cast({{ weight }} as double) as weight
    from touches
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

-- Where all weights are nothing (no channel of the path has an effect of its own) the touches share alike.
whole as (
    select
        *,
        case when sum(weight) over (partition by attribution_model, order_id) > 0 then weight else 1 end as share_weight
    from weighted
),

-- Differences of rounded running sums: whatever is rounded, an order's credits sum to it exactly.
running as (
    select
        *,
        cast(case
            when touch_number = touch_count then 1
            else sum(share_weight) over (
                partition by attribution_model, order_id order by touch_number
                rows between unbounded preceding and current row
            ) / sum(share_weight) over (partition by attribution_model, order_id)
        end as decimal(18, 9)) as share_so_far
    from whole
),

orders as (
    select
        order_id, ordered_date, month_start, region, segment, cast(sales_amount as decimal(18, 2)) as sales_amount,
        ledger_delivery_id, ledger_row_number
    from {{ ref('fct_orders') }}
    where is_counted and ordered_date is not null
),

credited as (
    select
        models.attribution_model,
        orders.*,
        running.touch_number,
        running.days_before_order,
        running.share_weight,
        coalesce(running.source_channel, 'unattributed') as source_channel,
        coalesce(cast(round(running.share_so_far, 6) as decimal(18, 6)), 1) as orders_so_far,
        cast(round(coalesce(running.share_so_far, 1) * orders.sales_amount, 2) as decimal(18, 2)) as amount_so_far
    from orders
    cross join (
        {%- for model in weights %}
        select '{{ model }}' as attribution_model{{ ' union all' if not loop.last }}
        {%- endfor %}
    ) as models
    left join running
        on orders.order_id = running.order_id and models.attribution_model = running.attribution_model
),

differences as (
    select
        *,
        orders_so_far - coalesce(lag(orders_so_far) over (
            partition by attribution_model, order_id order by touch_number
        ), 0) as credited_orders,
        amount_so_far - coalesce(lag(amount_so_far) over (
            partition by attribution_model, order_id order by touch_number
        ), 0) as credited_amount
    from credited
),

final as (
    select
        cast(attribution_model as string) as attribution_model,
        cast(order_id as string) as order_id,
        cast(coalesce(touch_number, 1) as bigint) as credit_number,
        cast(ordered_date as date) as ordered_date,
        cast(month_start as date) as month_start,
        cast(region as string) as region,
        cast(segment as string) as segment,
        cast(source_channel as string) as source_channel,
        cast(days_before_order as bigint) as days_before_order,
        cast(credited_orders as decimal(18, 6)) as credited_orders,
        cast(credited_amount as decimal(18, 2)) as credited_amount,
        cast(ledger_delivery_id as string) as ledger_delivery_id,
        cast(ledger_row_number as bigint) as ledger_row_number
    from differences
    where share_weight is null or share_weight > 0
)

select * from final
