-- one row a month, region, segment, source and suggested category: texts that nobody has put into a category
with

uncategorised as (
    select month_start, region, segment, text_source, suggested_category, confidence
    from {{ ref('fct_topic_suggestions') }}
    where text_use = 'uncategorised'
),

counted as (
    select
        month_start,
        region,
        segment,
        text_source,
        suggested_category,
        count(*) as text_count,
        count(case when is_suggested then 1 end) as suggested_count,
        avg(case when is_suggested then confidence end) as mean_confidence
    from {{ with_totals("(select *, suggested_category is not null as is_suggested from uncategorised)", ['region', 'segment', 'suggested_category']) }}
    group by month_start, region, segment, text_source, suggested_category
),

final as (
    select
        cast(month_start as date) as month_start,
        cast(region as string) as region,
        cast(segment as string) as segment,
        cast(text_source as string) as text_source,
        cast(suggested_category as string) as suggested_category,
        cast(text_count as bigint) as text_count,
        cast(suggested_count as bigint) as suggested_count,
        cast({{ safe_divide('suggested_count', 'text_count') }} as double) as suggested_share,
        cast(mean_confidence as double) as mean_confidence
    from counted
)

select * from final
