-- one row a month, region, segment and pair of groups: customers by the group at the month's end and at the end before
{{ config(meta={'increment': {
    'key': ['month_start'],
    'touched_by': {
        'fct_customer_months': "select month_start from changes.fct_customer_months union select "
            ~ add_months('month_start', 1) ~ " from changes.fct_customer_months",
    },
}}) }}
with

months_now as (
    select * from {{ ref('fct_customer_months') }} {{ only_touched('month_start') }}
),

months_before as (
    select
        customer_key,
        {{ add_months('month_start', 1) }} as next_month_start,
        rfm_segment,
        lifecycle_stage
    from {{ ref('fct_customer_months') }}
),

final as (
    select
        cast(months_now.month_start as date) as month_start,
        cast(months_now.region as string) as region,
        cast(months_now.segment as string) as segment,
        cast(months_before.rfm_segment as string) as from_rfm_segment,
        cast(months_now.rfm_segment as string) as to_rfm_segment,
        cast(months_before.lifecycle_stage as string) as from_lifecycle_stage,
        cast(months_now.lifecycle_stage as string) as to_lifecycle_stage,
        cast(count(*) as bigint) as customer_count
    from months_now
    inner join months_before
        on months_now.customer_key = months_before.customer_key
        and months_now.month_start = months_before.next_month_start
    group by 1, 2, 3, 4, 5, 6, 7
)

select * from final
