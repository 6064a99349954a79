-- one row an order that counts and touch that is credited with it; an order without a touch is kept as unattributed
{{ config(meta={'increment': {
    'key': ['order_id'],
    'touched_by': {
        'fct_orders': 'select order_id from ' ~ changed_rows('fct_orders', [
            'order_id', 'is_counted', 'ordered_date', 'month_start', 'region', 'segment', 'sales_amount',
            'ledger_delivery_id', 'ledger_row_number',
        ]),
        'int_orders_matched_to_leads': 'select order_id from changes.int_orders_matched_to_leads',
        'fct_visits':
            'select order_id from int_orders_matched_to_leads where lead_key in (select lead_key from changes.fct_visits)',
    },
}}) }}
with

orders as (
    select * from {{ ref('fct_orders') }} {{ only_touched('order_id') }} where is_counted and ordered_date is not null
),

matched_orders as (
    select * from {{ ref('int_orders_matched_to_leads') }} {{ only_touched('order_id') }}
),

visits as (
    select * from {{ ref('fct_visits') }} where is_register_entry
),

touches as (
    select
        matched_orders.order_id,
        visits.*,
        visits.ledger_delivery_id || '-' || cast(visits.ledger_row_number as string) as visit_key,
        row_number() over (
            partition by matched_orders.order_id
            order by
                visits.visited_date desc nulls last,
                visits.arrival_time desc nulls last,
                visits.ledger_delivery_id desc,
                visits.ledger_row_number desc
        ) as touch_number_from_last
    from matched_orders
    inner join visits
        on matched_orders.lead_key = visits.lead_key
        and visits.visited_date <= matched_orders.ordered_date
        and visits.visited_date
            >= {{ dbt.dateadd('day', '-1 * cast(' ~ threshold('attribution_lookback_days') ~ ' as integer)', 'matched_orders.ordered_date') }}
),

final as (
    select
        cast('last_touch' as string) as attribution_model,
        cast(orders.order_id as string) as order_id,
        cast(1 as bigint) as credit_number,
        cast(touches.visit_key as string) as visit_key,
        cast(touches.lead_key as string) as lead_key,
        cast(orders.ordered_date as date) as ordered_date,
        cast(orders.month_start as date) as month_start,
        cast(orders.region as string) as region,
        cast(orders.segment as string) as segment,
        cast(
            case when touches.visit_key is null then 'unattributed' else coalesce(touches.source_channel, 'not_recorded') end
            as string
        ) as source_channel,
        cast(touches.department as string) as department,
        cast(touches.visit_type as string) as visit_type,
        cast(touches.intent_level as string) as intent_level,
        cast(touches.visit_order as string) as visit_order,
        cast({{ days_between('touches.visited_date', 'orders.ordered_date') }} as bigint) as days_before_order,
        cast(1 as decimal(18, 6)) as credited_orders,
        cast(orders.sales_amount as decimal(18, 2)) as credited_amount,
        cast(orders.ledger_delivery_id as string) as ledger_delivery_id,
        cast(orders.ledger_row_number as bigint) as ledger_row_number
    from orders
    left join touches
        on orders.order_id = touches.order_id and touches.touch_number_from_last = 1
)

select * from final
