-- one row a region and segment, at the end of what was observed: what its customers are expected to buy within the horizon
{%- set counts = {'class_a': "value_class = 'A'", 'key': 'is_key_customer'} %}
with

customers as (
    select * from {{ ref('fct_customer_values') }}
),

cells as (
    select
        month_start,
        region,
        segment,
        count(*) as customer_count,
        sum(value_amount) as value_amount,
        sum(model_value_amount) as model_value_amount,
        sum(historical_value_amount) as historical_value_amount,
        sum(expected_purchase_count) as expected_purchase_count,
        {%- for name, condition in counts.items() %}
        sum(case when {{ condition }} then 1 else 0 end) as {{ name }}_customer_count,
        sum(case when {{ condition }} then value_amount else 0 end) as {{ name }}_value_amount{{ ',' if not loop.last }}
        {%- endfor %}
    from customers
    group by month_start, region, segment
),

counted as (
    select
        month_start,
        region,
        segment,
        {%- for name in ['customer_count', 'value_amount', 'model_value_amount', 'historical_value_amount',
            'expected_purchase_count', 'class_a_customer_count', 'class_a_value_amount',
            'key_customer_count', 'key_value_amount'] %}
        sum({{ name }}) as {{ name }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ with_totals('cells', ['region', 'segment']) }}
    group by month_start, region, segment
),

final as (
    select
        cast(month_start as date) as month_start,
        cast(region as string) as region,
        cast(segment as string) as segment,
        cast(customer_count as bigint) as customer_count,
        cast(value_amount as decimal(18, 2)) as value_amount,
        cast({{ safe_divide('value_amount', 'customer_count') }} as double) as mean_value_amount,
        cast(model_value_amount as decimal(18, 2)) as model_value_amount,
        cast(historical_value_amount as decimal(18, 2)) as historical_value_amount,
        cast(expected_purchase_count as double) as expected_purchase_count,
        cast({{ safe_divide('expected_purchase_count', 'customer_count') }} as double) as mean_expected_purchase_count,
        cast(class_a_customer_count as bigint) as class_a_customer_count,
        cast(class_a_value_amount as decimal(18, 2)) as class_a_value_amount,
        cast({{ safe_divide('class_a_value_amount', 'value_amount') }} as double) as class_a_value_share,
        cast(key_customer_count as bigint) as key_customer_count,
        cast({{ safe_divide('key_value_amount', 'value_amount') }} as double) as key_value_share
    from counted
)

select * from final
