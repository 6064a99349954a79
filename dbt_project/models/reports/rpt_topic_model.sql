-- one row a language and category ('all' categories included): what the suggestions rest on and how often they are right
with

categorised as (
    select language, text_use, category, category as true_category, said_category, suggested_category,
        is_commonest_category, is_model_used
    from {{ ref('fct_topic_suggestions') }}
    where text_use in ('learnt', 'tested')
),

counted as (
    select
        language,
        category,
        count(case when text_use = 'learnt' then 1 end) as learnt_count,
        count(case when text_use = 'tested' then 1 end) as tested_count,
        count(case when text_use = 'tested' and said_category = true_category then 1 end) as right_count,
        count(case when text_use = 'tested' and is_commonest_category then 1 end) as commonest_count,
        count(case when text_use = 'tested' then suggested_category end) as suggested_count,
        count(case when text_use = 'tested' and suggested_category = true_category then 1 end) as suggested_right_count,
        max(case when is_model_used then 1 else 0 end) = 1 as is_model_used
    from {{ with_totals('categorised', ['category']) }}
    group by language, category
),

final as (
    select
        cast({{ month_start('run_day.as_of_date') }} as date) as month_start,
        cast(language as string) as language,
        cast(category as string) as category,
        cast(learnt_count as bigint) as learnt_count,
        cast(tested_count as bigint) as tested_count,
        cast(right_count as bigint) as right_count,
        cast({{ safe_divide('right_count', 'tested_count') }} as double) as right_rate,
        cast({{ wilson_low('right_count', 'tested_count') }} as double) as right_rate_low,
        cast({{ wilson_high('right_count', 'tested_count') }} as double) as right_rate_high,
        cast(case when category = 'all' then {{ safe_divide('commonest_count', 'tested_count') }} end as double) as commonest_rate,
        cast(suggested_count as bigint) as suggested_count,
        cast({{ safe_divide('suggested_right_count', 'suggested_count') }} as double) as suggested_right_rate,
        cast({{ wilson_low('suggested_right_count', 'suggested_count') }} as double) as suggested_right_rate_low,
        cast({{ wilson_high('suggested_right_count', 'suggested_count') }} as double) as suggested_right_rate_high,
        cast(is_model_used as boolean) as is_model_used
    from counted
    cross join {{ ref('stg_run_day') }} as run_day
)

select * from final
