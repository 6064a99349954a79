-- one row a window: the models behind the value of customers, and how they did on the time held out
with

models as (
    select * from {{ ref('int_customer_value_models') }}
),

ends as (
    select window_kind, max(window_end_date) as window_end_date
    from {{ ref('int_customer_histories') }}
    group by window_kind
),

final as (
    select
        cast({{ month_start('ends.window_end_date') }} as date) as month_start,
        cast(models.window_kind as string) as window_kind,
        cast(ends.window_end_date as date) as window_end_date,
        cast(models.value_method as string) as value_method,
        cast(models.value_method_reason as string) as value_method_reason,
        cast(models.customer_count as bigint) as customer_count,
        cast(models.repeat_customer_count as bigint) as repeat_customer_count,
        cast({{ safe_divide('models.repeat_customer_count', 'models.customer_count') }} as double) as repeat_customer_share,
        cast(models.ahead_days as bigint) as ahead_days,
        cast(models.actual_amount as decimal(18, 2)) as actual_amount,
        cast(models.model_amount as decimal(18, 2)) as model_amount,
        cast(models.historical_amount as decimal(18, 2)) as historical_amount,
        cast(models.model_error as decimal(18, 2)) as model_error,
        cast(models.historical_error as decimal(18, 2)) as historical_error,
        cast(models.spend_correlation as double) as spend_correlation,
        {%- for parameter in ['r', 'alpha_weeks', 'a', 'b', 'p', 'q', 'gamma'] %}
        cast(models.{{ parameter }} as double) as {{ parameter }}{{ ',' if not loop.last }}
        {%- endfor %}
    from models
    inner join ends
        on models.window_kind = ends.window_kind
)

select * from final
