-- one row a customer: what it is expected to buy within the horizon, by the model and by going on as before
with

estimated as (
    select *
    from {{ estimated('customer_values', ['int_customer_histories', 'int_customer_value_models', 'thresholds']) }}
),

final as (
    select
        cast(customer_key as string) as customer_key,
        cast(probability_alive as double) as probability_alive,
        cast(expected_purchase_count as double) as expected_purchase_count,
        cast(expected_mean_amount as decimal(18, 2)) as expected_mean_amount,
        cast(model_value_amount as decimal(18, 2)) as model_value_amount,
        cast(historical_value_amount as decimal(18, 2)) as historical_value_amount
    from estimated
)

select * from final
