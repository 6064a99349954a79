-- one row a month, region and segment: the sales of the coming months, and what would have been said of those that are over
with

forecasts as (
    select * from {{ ref('int_sales_forecasts') }}
),

final as (
    select
        cast(month_start as date) as month_start,
        cast(region as string) as region,
        cast(segment as string) as segment,
        cast(forecast_kind as string) as forecast_kind,
        cast(months_ahead as bigint) as months_ahead,
        cast(forecast_amount as decimal(18, 2)) as forecast_amount,
        cast(forecast_low as decimal(18, 2)) as forecast_low,
        cast(forecast_high as decimal(18, 2)) as forecast_high,
        cast(theta_amount as decimal(18, 2)) as theta_amount,
        cast(naive_amount as decimal(18, 2)) as naive_amount,
        cast(sales_amount as decimal(18, 2)) as sales_amount,
        cast(forecast_method as string) as forecast_method,
        cast(method_reason as string) as method_reason,
        cast(theta_error_amount as decimal(18, 2)) as theta_error_amount,
        cast(naive_error_amount as decimal(18, 2)) as naive_error_amount,
        cast(origin_count as bigint) as origin_count,
        cast(history_month_count as bigint) as history_month_count
    from forecasts
)

select * from final
