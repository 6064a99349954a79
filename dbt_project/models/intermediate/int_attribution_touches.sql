-- one row an order that counts and visit of its lead in the look-back before it, in their order
with

touches as (
    select
        orders.order_id,
        orders.ordered_date,
        visits.lead_key,
        coalesce(visits.source_channel, 'not_recorded') as source_channel,
        coalesce(channels.is_direct, false) as is_direct,
        {{ days_between('visits.visited_date', 'orders.ordered_date') }} as days_before_order,
        row_number() over (
            partition by orders.order_id
            order by visits.visited_date, coalesce(visits.arrival_time, ''), visits.ledger_delivery_id, visits.ledger_row_number
        ) as touch_number,
        count(*) over (partition by orders.order_id) as touch_count
    from {{ ref('int_orders_matched_to_leads') }} as orders
    inner join {{ ref('fct_visits') }} as visits
        on orders.lead_key = visits.lead_key
        and visits.is_register_entry
        and visits.visited_date <= orders.ordered_date
        and visits.visited_date
            >= {{ add_days('orders.ordered_date', '-1 * cast(' ~ threshold('attribution_lookback_days') ~ ' as integer)') }}
    left join {{ ref('channels') }} as channels
        on visits.source_channel = channels.source_channel
),

final as (
    select
        cast(order_id as string) as order_id,
        cast(lead_key as string) as lead_key,
        cast(touch_number as bigint) as touch_number,
        cast(touch_count as bigint) as touch_count,
        cast(source_channel as string) as source_channel,
        cast(is_direct as boolean) as is_direct,
        cast(days_before_order as bigint) as days_before_order
    from touches
)

select * from final
