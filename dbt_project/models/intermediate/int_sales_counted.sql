-- one row a month, region, segment and value of a breakdown in which something was sold, totals included
-- Orders and customers are counted once a cell. Nearly all of them lie in one region and one segment: theirs are
-- counted there and added up to the totals; only those that lie in several are counted in each total anew.
{%- set breakdowns = sales_breakdowns() %}
{#- The total and the breakdowns by place are counts of the same cells: counted once. #}
{%- set details = {'place': "'all'", 'channel': 'channel', 'product': 'product_id', 'product_category': 'product_category'} %}
{%- set dimensions = 'region, segment, channel, product_id, product_category' %}
{%- set sums = [
    'sales_amount', 'line_count', 'units_sold', 'delivered_amount', 'new_product_sales_amount', 'known_launch_line_count'
] %}
{%- set counts = {
    'order_count': {'rows': 'sales', 'wanderers': 'wandering_orders', 'id': 'order_id', 'is_by_month': true},
    'customer_count': {'rows': 'sales', 'wanderers': 'wandering_customers', 'id': 'customer_key', 'is_by_month': true},
    'first_purchase_count': {
        'rows': 'purchases', 'wanderers': 'wandering_customers', 'id': 'customer_key', 'is_by_month': false
    },
} %}
{# A first purchase that comes, goes or moves decides whether a later one of the customer is the first. #}
{{ config(meta={'increment': {
    'key': ['month_start'],
    'touched_by': {
        'fct_sales_lines': "with changed_lines as (select month_start, customer_key from " ~ changed_rows('fct_sales_lines', [
                'line_key', 'month_start', 'region', 'segment', 'channel', 'product_id', 'product_category', 'order_id',
                'customer_key', 'line_type', 'is_counted', 'net_amount', 'quantity', 'is_delivered', 'is_new_product', 'launch_date',
            ]) ~ " where month_start is not null),"
            ~ " first_changes as (select customer_key, min(month_start) as month_start from changed_lines group by customer_key)"
            ~ " select month_start from changed_lines union select lines.month_start from fct_sales_lines as lines"
            ~ " join first_changes on lines.customer_key = first_changes.customer_key and lines.month_start > first_changes.month_start",
    }
}}) }}
with

lines as (
    select * from {{ ref('fct_sales_lines') }} {{ only_touched('month_start') }}
    where is_counted and month_start is not null
),

amounts as (
    select
        month_start,
        {{ dimensions }},
        sum(net_amount) as sales_amount,
        count(*) as line_count,
        sum(quantity) as units_sold,
        sum(case when is_delivered then net_amount else 0 end) as delivered_amount,
        sum(case when is_new_product then net_amount else 0 end) as new_product_sales_amount,
        count(launch_date) as known_launch_line_count
    from lines
    group by month_start, {{ dimensions }}
),

sales as (
    select month_start, {{ dimensions }}, order_id, customer_key
    from lines
    where line_type = 'sale'
),

-- Whether a purchase is the first is seen from all purchases of the customers who bought.
purchases as (
    select
        min(month_start) as month_start,
        {{ dimensions }},
        customer_key
    from {{ ref('fct_sales_lines') }}
    where is_counted and month_start is not null and line_type = 'sale'
        and customer_key in (select customer_key from sales)
    group by {{ dimensions }}, customer_key
),

wandering_orders as (
    select order_id
    from sales
    group by order_id
    having min(region) < max(region) or min(segment) < max(segment)
),

wandering_customers as (
    select customer_key
    from purchases
    group by customer_key
    having min(region) < max(region) or min(segment) < max(segment)
),

-- What adds up to the totals: amounts, and whoever lies in one region and one segment.
at_home as (
    {%- for detail, column in details.items() %}
    select
        month_start,
        region,
        segment,
        '{{ detail }}' as detail,
        {{ column }} as detail_value,
        {%- for measure in sums %}
        sum({{ measure }}) as {{ measure }},
        {%- endfor %}
        {%- for measure in counts %}
        0 as {{ measure }}{{ ',' if not loop.last }}
        {%- endfor %}
    from amounts
    group by 1, 2, 3, 4, 5
    {%- for measure, counted in counts.items() %}
    union all
    select
        month_start,
        region,
        segment,
        '{{ detail }}' as detail,
        detail_value,
        {%- for other in sums %}
        0 as {{ other }},
        {%- endfor %}
        {%- for other in counts %}
        {{ 'count(*)' if other == measure else 0 }} as {{ other }}{{ ',' if not loop.last }}
        {%- endfor %}
    from (
        select min(counted.month_start) as month_start, counted.region, counted.segment, {{ column }} as detail_value
        from {{ counted.rows }} as counted
        left join {{ counted.wanderers }} as wanderers
            on counted.{{ counted.id }} = wanderers.{{ counted.id }}
        where counted.{{ counted.id }} is not null and wanderers.{{ counted.id }} is null
        group by {{ 'counted.month_start, ' if counted.is_by_month }}counted.region, counted.segment, 4, counted.{{ counted.id }}
    ) as each_once
    group by 1, 2, 3, 4, 5
    {%- endfor %}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

parts as (
    {%- for breakdown, column in breakdowns.items() %}
    select
        at_home.*,
        '{{ breakdown }}' as breakdown,
        {{ 'detail_value' if breakdown in details else column }} as breakdown_value
    from at_home
    where detail = '{{ breakdown if breakdown in details else 'place' }}'
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

{% for measure, counted in counts.items() -%}
wandering_{{ measure }}s as (
    {%- for breakdown, column in breakdowns.items() %}
    select counted.*, '{{ breakdown }}' as breakdown, {{ column }} as breakdown_value
    from {{ counted.rows }} as counted
    inner join {{ counted.wanderers }} as wanderers
        on counted.{{ counted.id }} = wanderers.{{ counted.id }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

{% endfor -%}
cells as (
    select
        month_start,
        region,
        segment,
        breakdown,
        breakdown_value,
        {{ (sums + (counts | list)) | join(', ') }}
    from {{ with_totals('parts', ['region', 'segment']) }} as added_up
    {%- for measure, counted in counts.items() %}
    union all
    select
        month_start,
        region,
        segment,
        breakdown,
        breakdown_value,
        {%- for other in sums %}
        0 as {{ other }},
        {%- endfor %}
        {%- for other in counts %}
        {{ 1 if other == measure else 0 }} as {{ other }}{{ ',' if not loop.last }}
        {%- endfor %}
    from (
        select min(month_start) as month_start, region, segment, breakdown, breakdown_value
        from {{ with_totals('wandering_' ~ measure ~ 's', ['region', 'segment']) }} as totals
        group by {{ 'month_start, ' if counted.is_by_month }}region, segment, breakdown, breakdown_value, {{ counted.id }}
    ) as counted_anew
    {%- endfor %}
),

final as (
    select
        cast(month_start as date) as month_start,
        cast(region as string) as region,
        cast(segment as string) as segment,
        cast(breakdown as string) as breakdown,
        cast(breakdown_value as string) as breakdown_value,
        cast(sum(sales_amount) as decimal(18, 2)) as sales_amount,
        cast(sum(order_count) as bigint) as order_count,
        cast(sum(line_count) as bigint) as line_count,
        cast(sum(units_sold) as decimal(18, 4)) as units_sold,
        cast(sum(customer_count) as bigint) as customer_count,
        cast(sum(first_purchase_count) as bigint) as first_purchase_count,
        cast(sum(delivered_amount) as decimal(18, 2)) as delivered_amount,
        cast(sum(new_product_sales_amount) as decimal(18, 2)) as new_product_sales_amount,
        cast(sum(known_launch_line_count) as bigint) as known_launch_line_count
    from cells {{ only_touched('month_start') }}
    group by 1, 2, 3, 4, 5
)

select * from final
