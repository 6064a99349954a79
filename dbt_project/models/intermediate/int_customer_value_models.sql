-- one row a window: the models of how often customers buy again and for how much, and how they did on the time held out
with

estimated as (
    select * from {{ estimated('customer_value_models', ['int_customer_histories', 'thresholds']) }}
),

final as (
    select
        cast(window_kind as string) as window_kind,
        cast(customer_count as bigint) as customer_count,
        cast(repeat_customer_count as bigint) as repeat_customer_count,
        cast(is_fitted as boolean) as is_fitted,
        {%- for parameter in ['r', 'alpha_weeks', 'a', 'b', 'p', 'q', 'gamma', 'spend_correlation'] %}
        cast({{ parameter }} as double) as {{ parameter }},
        {%- endfor %}
        cast(ahead_days as bigint) as ahead_days,
        {%- for amount in ['actual_amount', 'model_amount', 'historical_amount', 'model_error', 'historical_error'] %}
        cast({{ amount }} as decimal(18, 2)) as {{ amount }},
        {%- endfor %}
        cast(value_method as string) as value_method,
        cast(value_method_reason as string) as value_method_reason
    from estimated
)

select * from final
