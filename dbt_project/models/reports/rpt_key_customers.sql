-- one row a customer that is a key customer or should be one by its value: what is proposed for the list of the year
with

customers as (
    select
        *,
        avg(value_amount) over () as mean_value_amount
    from {{ ref('fct_customer_values') }}
),

judged as (
    select
        *,
        value_amount > 0
            and value_amount >= mean_value_amount * {{ threshold('key_customer_value_multiple') }} as is_of_key_value
    from customers
),

final as (
    select
        cast(month_start as date) as month_start,
        cast(customer_key as string) as customer_key,
        cast(region as string) as region,
        cast(segment as string) as segment,
        cast(value_rank as bigint) as value_rank,
        cast(value_class as string) as value_class,
        cast(is_key_customer as boolean) as is_key_customer,
        cast(
            case
                when not is_key_customer then 'add'
                when value_amount < mean_value_amount then 'review'
                else 'keep'
            end as string
        ) as key_customer_proposal,
        cast(value_amount as decimal(18, 2)) as value_amount,
        cast(recent_sales_amount as decimal(18, 2)) as recent_sales_amount,
        cast(expected_purchase_count as double) as expected_purchase_count,
        cast(probability_alive as double) as probability_alive,
        cast(last_ordered_date as date) as last_ordered_date
    from judged
    where is_key_customer or is_of_key_value
)

select * from final
