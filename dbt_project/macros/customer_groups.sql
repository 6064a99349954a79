{#
  How many customers a grouping of them has at each month end, and what they bought: one body for every grouping.
  Belongs here: counting by one column of int_customers_counted. Not here: who belongs to which group
  (fct_customer_months).
#}
{% macro customer_groups(column_name) -%}
with

cells as (
    select * from {{ ref('int_customers_counted') }}
),

counted as (
    select
        month_start,
        region,
        segment,
        {{ column_name }},
        sum(customer_count) as customer_count,
        sum(order_count) as order_count,
        sum(sales_amount) as sales_amount,
        sum(sales_amount_to_date) as sales_amount_to_date,
        sum(recency_days) as recency_days
    from {{ with_totals('cells', ['region', 'segment']) }}
    group by month_start, region, segment, {{ column_name }}
),

with_bases as (
    select
        *,
        sum(customer_count) over (partition by month_start, region, segment) as all_customer_count,
        sum(sales_amount_to_date) over (partition by month_start, region, segment) as all_sales_amount_to_date
    from counted
),

final as (
    select
        cast(month_start as date) as month_start,
        cast(region as string) as region,
        cast(segment as string) as segment,
        cast({{ column_name }} as string) as {{ column_name }},
        cast(customer_count as bigint) as customer_count,
        cast(all_customer_count as bigint) as all_customer_count,
        cast({{ safe_divide('customer_count', 'all_customer_count') }} as double) as customer_share,
        cast(order_count as bigint) as order_count,
        cast(sales_amount as decimal(18, 2)) as sales_amount,
        cast(sales_amount_to_date as decimal(18, 2)) as sales_amount_to_date,
        cast({{ safe_divide('sales_amount_to_date', 'all_sales_amount_to_date') }} as double) as sales_share_to_date,
        cast({{ safe_divide('recency_days', 'customer_count') }} as double) as mean_recency_days
    from with_bases
)

select * from final
{%- endmacro %}
