-- one row a month, region, segment and item: importance against performance (Martilla and James 1977)
with

importances as (
    select
        *,
        {{ z_value() }} * item_deviation / sqrt(response_count) as margin,
        avg(importance_share) over (partition by month_start, region, segment) as mean_importance,
        avg(item_mean) over (partition by month_start, region, segment) as mean_performance
    from {{ ref('int_item_importances') }}
),

final as (
    select
        cast(month_start as date) as month_start,
        cast(region as string) as region,
        cast(segment as string) as segment,
        cast(item as string) as item,
        cast(response_count as bigint) as response_count,
        cast(item_mean as double) as item_mean,
        cast({{ at_least('item_mean - margin', 1) }} as double) as item_mean_low,
        cast({{ at_most('item_mean + margin', 5) }} as double) as item_mean_high,
        cast(importance_share as double) as importance_share,
        cast(explained_share as double) as explained_share,
        -- An item whose interval holds the average of the items is neither above nor below it.
        cast(case
            when importance_share is null then null
            when item_mean - margin <= mean_performance and item_mean + margin >= mean_performance then 'no_difference'
            when item_mean < mean_performance and importance_share >= mean_importance then 'concentrate_here'
            when item_mean < mean_performance then 'low_priority'
            when importance_share >= mean_importance then 'keep_up'
            else 'possible_overkill'
        end as string) as importance_quadrant
    from importances
)

select * from final
