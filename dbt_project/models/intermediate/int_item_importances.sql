-- one row a month, region, segment and item: how much of the overall satisfaction goes with the item
with

estimated as (
    select * from {{ estimated('item_importances', ['int_survey_answers_summed', 'thresholds']) }}
),

final as (
    select
        cast(month_start as date) as month_start,
        cast(region as string) as region,
        cast(segment as string) as segment,
        cast(item as string) as item,
        cast(response_count as bigint) as response_count,
        cast(item_mean as double) as item_mean,
        cast(item_deviation as double) as item_deviation,
        cast(importance_share as double) as importance_share,
        cast(explained_share as double) as explained_share
    from estimated
)

select * from final
