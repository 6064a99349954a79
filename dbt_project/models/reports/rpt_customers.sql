-- one row a month, region and segment: customers who bought, for the first time or again, and who were lost
{%- set measures = [
    'active_customer_count', 'first_customer_count', 'repeat_customer_count', 'customer_count_to_date',
    'repeat_customer_count_to_date', 'churned_customer_count', 'order_count', 'sales_amount',
] %}
with

cells as (
    select
        *,
        customer_count as customer_count_to_date
    from {{ ref('int_customers_counted') }}
),

counted as (
    select
        month_start,
        region,
        segment,
        {%- for measure in measures %}
        sum({{ measure }}) as {{ measure }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ with_totals('cells', ['region', 'segment']) }}
    group by month_start, region, segment
),

final as (
    select
        cast(month_start as date) as month_start,
        cast(region as string) as region,
        cast(segment as string) as segment,
        cast(active_customer_count as bigint) as active_customer_count,
        cast(first_customer_count as bigint) as first_customer_count,
        cast(repeat_customer_count as bigint) as repeat_customer_count,
        cast({{ safe_divide('repeat_customer_count', 'active_customer_count') }} as double) as repeat_rate,
        cast({{ wilson_low('repeat_customer_count', 'active_customer_count') }} as double) as repeat_rate_low,
        cast({{ wilson_high('repeat_customer_count', 'active_customer_count') }} as double) as repeat_rate_high,
        cast(customer_count_to_date as bigint) as customer_count_to_date,
        cast(repeat_customer_count_to_date as bigint) as repeat_customer_count_to_date,
        cast({{ safe_divide('repeat_customer_count_to_date', 'customer_count_to_date') }} as double)
            as repeat_rate_to_date,
        cast(churned_customer_count as bigint) as churned_customer_count,
        cast({{ safe_divide('churned_customer_count', 'customer_count_to_date') }} as double) as churned_rate,
        cast(order_count as bigint) as order_count,
        cast(sales_amount as decimal(18, 2)) as sales_amount,
        cast({{ safe_divide('sales_amount', 'active_customer_count') }} as double) as average_sales_per_customer
    from counted
)

select * from final
