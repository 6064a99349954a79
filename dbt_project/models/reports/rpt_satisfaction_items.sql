-- one row a month, region, segment and item of the survey form
{{ config(meta={'increment': {
    'key': ['month_start'],
    'touched_by': {
        'fct_survey_items': 'select month_start from changes.fct_survey_items',
    }
}}) }}
with items as (

    select month_start, region, segment, item, item_score, weight, counts_in_score
    from {{ ref('fct_survey_items') }} {{ only_touched('month_start') }}
    where is_valid

),

counted as (

    select
        month_start,
        region,
        segment,
        item,
        max(weight) as weight,
        count(case when counts_in_score then 1 end) as scored_count,
        count(*) as answered_count,
        avg(cast(item_score as double)) as item_mean,
        -- nine decimals: the last digits of a sum of fractions depend on the order in which it was summed
        round(stddev_samp(cast(item_score as double)), 9) as item_deviation,
        count(case when item_score >= 4 then 1 end) as top_two_count,
        count(case when item_score = 5 then 1 end) as level_5_count,
        count(case when item_score = 4 then 1 end) as level_4_count,
        count(case when item_score = 3 then 1 end) as level_3_count,
        count(case when item_score = 2 then 1 end) as level_2_count,
        count(case when item_score = 1 then 1 end) as level_1_count
    from {{ with_totals('items', ['region', 'segment']) }} as totals
    group by month_start, region, segment, item

),

final as (

    select
        cast(month_start as date) as month_start,
        cast(region as string) as region,
        cast(segment as string) as segment,
        cast(item as string) as item,
        cast(answered_count as bigint) as answered_count,
        cast(item_mean as double) as item_mean,
        cast(greatest(item_mean - {{ z_value() }} * item_deviation / sqrt(answered_count), 1) as double) as item_mean_low,
        cast(least(item_mean + {{ z_value() }} * item_deviation / sqrt(answered_count), 5) as double) as item_mean_high,
        cast(top_two_count as bigint) as top_two_count,
        cast({{ safe_divide('top_two_count', 'answered_count') }} as double) as top_two_rate,
        cast({{ wilson_low('top_two_count', 'answered_count') }} as double) as top_two_rate_low,
        cast({{ wilson_high('top_two_count', 'answered_count') }} as double) as top_two_rate_high,
        cast(weight as double) as weight,
        cast(scored_count as bigint) as scored_count,
        cast(level_5_count as bigint) as level_5_count,
        cast(level_4_count as bigint) as level_4_count,
        cast(level_3_count as bigint) as level_3_count,
        cast(level_2_count as bigint) as level_2_count,
        cast(level_1_count as bigint) as level_1_count,
        cast(item_mean < {{ threshold('satisfaction_item_minimum') }} as boolean) as is_below_minimum
    from counted

)

select * from final
