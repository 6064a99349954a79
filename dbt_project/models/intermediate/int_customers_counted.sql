-- one row a month end, region, segment, RFM segment and stage of life: how many customers, and what they bought
{{ config(meta={'increment': {
    'key': ['month_start'],
    'touched_by': {'fct_customer_months': 'select month_start from changes.fct_customer_months'},
}}) }}
with

customer_months as (
    select * from {{ ref('fct_customer_months') }} {{ only_touched('month_start') }}
),

final as (
    select
        cast(month_start as date) as month_start,
        cast(region as string) as region,
        cast(segment as string) as segment,
        cast(rfm_segment as string) as rfm_segment,
        cast(lifecycle_stage as string) as lifecycle_stage,
        cast(count(*) as bigint) as customer_count,
        cast(sum(case when order_count > 0 then 1 else 0 end) as bigint) as active_customer_count,
        cast(sum(case when month_start = cohort_month then 1 else 0 end) as bigint) as first_customer_count,
        cast(sum(case when order_count > 0 and order_count_to_date >= 2 then 1 else 0 end) as bigint) as repeat_customer_count,
        cast(sum(case when order_count_to_date >= 2 then 1 else 0 end) as bigint) as repeat_customer_count_to_date,
        cast(sum(case when is_churned then 1 else 0 end) as bigint) as churned_customer_count,
        cast(sum(order_count) as bigint) as order_count,
        cast(sum(sales_amount) as decimal(18, 2)) as sales_amount,
        cast(sum(sales_amount_to_date) as decimal(18, 2)) as sales_amount_to_date,
        cast(sum(recency_days) as bigint) as recency_days
    from customer_months
    group by month_start, region, segment, rfm_segment, lifecycle_stage
)

select * from final
