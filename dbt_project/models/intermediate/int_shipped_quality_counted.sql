-- one row a month, region, segment and product ('all' included): units shipped, complained of and given back
{%- set cell = 'month_start, region, segment, breakdown, breakdown_value' %}
{%- set names = [
    'shipped_units', 'complaint_count', 'shipped_complaint_count', 'return_count', 'returned_units', 'refused_units'
] %}
with order_shipments as (

    -- a complaint names an order: it counts for the month in which the order first went out
    select order_id, min(month_start) as shipped_month
    from {{ ref('fct_shipments') }}
    where order_id is not null
    group by order_id

),

complaints as (

    select complaints.*, order_shipments.shipped_month
    from {{ ref('fct_complaints') }} as complaints
    left join order_shipments on complaints.order_id = order_shipments.order_id
    where complaints.is_complaint

),

rows_counted as (

    select month_start, region, segment, product_id, shipped_units, 0 as complaint_count, 0 as shipped_complaint_count,
        0 as return_count, 0 as returned_units, 0 as refused_units
    from {{ ref('fct_shipments') }}
    union all
    select month_start, region, segment, product_id, 0, 1, 0, 0, 0, 0
    from complaints
    union all
    select shipped_month, region, segment, product_id, 0, 0, 1, 0, 0, 0
    from complaints
    where shipped_month is not null
    union all
    select
        month_start, region, segment, product_id, 0, 0, 0, 1,
        case when coalesce(verdict, 'accepted') <> 'refused' then inspected_units else 0 end,
        case when verdict = 'refused' then inspected_units else 0 end
    from {{ ref('fct_inspections') }}
    where inspection_kind = 'goods_return'

),

parts as (

    select month_start, region, segment, 'total' as breakdown, 'all' as breakdown_value, {{ names | join(', ') }}
    from rows_counted
    union all
    select month_start, region, segment, 'product', coalesce(product_id, 'unknown'), {{ names | join(', ') }}
    from rows_counted

),

final as (

    select
        cast(month_start as date) as month_start,
        cast(region as string) as region,
        cast(segment as string) as segment,
        cast(breakdown as string) as breakdown,
        cast(breakdown_value as string) as breakdown_value
        {%- for name in names %},
        cast(sum({{ name }}) as bigint) as {{ name }}
        {%- endfor %}
    from {{ with_totals('parts', ['region', 'segment']) }} as totals
    group by {{ cell }}

)

select * from final
