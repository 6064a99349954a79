-- one row a month, region, segment and channel: visits that came through it and orders credited to it by last touch
{%- set measures = [
    'visit_count', 'contact_count', 'web_session_count', 'attributed_order_count', 'closed_order_count',
    'attributed_sales_amount',
] %}
with

visit_cells as (
    select
        month_start,
        region,
        segment,
        source_channel,
        sum(case when is_register_entry then visit_count else 0 end) as visit_count,
        sum(case when is_register_entry then contact_left_count else 0 end) as contact_count,
        sum(case when is_register_entry then 0 else visit_count end) as web_session_count,
        0 as attributed_order_count,
        0 as closed_order_count,
        cast(0 as decimal(18, 2)) as attributed_sales_amount
    from {{ ref('int_visits_counted') }}
    group by 1, 2, 3, 4
),

order_cells as (
    select
        month_start,
        region,
        segment,
        source_channel,
        0 as visit_count,
        0 as contact_count,
        0 as web_session_count,
        sum(order_count) as attributed_order_count,
        sum(case when is_attributed then order_count else 0 end) as closed_order_count,
        cast(sum(sales_amount) as decimal(18, 2)) as attributed_sales_amount
    from {{ ref('int_credited_orders_counted') }}
    group by 1, 2, 3, 4
),

cells as (
    select * from visit_cells
    union all
    select * from order_cells
),

counted as (
    select
        month_start,
        region,
        segment,
        source_channel,
        {%- for measure in measures %}
        sum({{ measure }}) as {{ measure }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ with_totals('cells', ['region', 'segment', 'source_channel']) }}
    group by month_start, region, segment, source_channel
),

with_totals_beside as (
    select
        *,
        max(case when source_channel = 'all' then attributed_order_count end)
            over (partition by month_start, region, segment) as all_order_count
    from counted
),

final as (
    select
        cast(month_start as date) as month_start,
        cast(region as string) as region,
        cast(segment as string) as segment,
        cast(source_channel as string) as source_channel,
        cast(visit_count as bigint) as visit_count,
        cast(contact_count as bigint) as contact_count,
        cast(web_session_count as bigint) as web_session_count,
        cast(attributed_order_count as bigint) as attributed_order_count,
        cast(attributed_sales_amount as decimal(18, 2)) as attributed_sales_amount,
        cast({{ safe_divide('attributed_order_count', 'all_order_count') }} as double) as attributed_share,
        cast(closed_order_count as bigint) as closed_order_count,
        cast({{ safe_divide('closed_order_count', 'visit_count') }} as double) as close_rate,
        -- Orders of the month may stem from earlier visits: with more orders than visits it is no share.
        cast(
            case
                when closed_order_count <= visit_count then {{ wilson_low('closed_order_count', 'visit_count') }}
            end as double
        ) as close_rate_low,
        cast(
            case
                when closed_order_count <= visit_count then {{ wilson_high('closed_order_count', 'visit_count') }}
            end as double
        ) as close_rate_high,
        cast({{ safe_divide('closed_order_count', 'contact_count') }} as double) as close_rate_of_contacts
    from with_totals_beside
)

select * from final
