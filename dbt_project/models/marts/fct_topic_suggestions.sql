-- one row a text that was read for topics: the suggestion beside the category that a person gave, never in its place
with

said as (
    select * from {{ ref('int_topic_suggestions') }}
),

records as (
    select
        complaint_key as text_key, 'complaints' as source, complaint_id as record_id, month_start, region, segment,
        received_date as written_date, nullif(category, 'unknown') as category, ledger_delivery_id, ledger_row_number
    from {{ ref('fct_complaints') }}
    union all
    select
        response_key as text_key, 'survey_responses' as source, response_id as record_id, month_start, region, segment,
        response_date as written_date, cast(null as string) as category, ledger_delivery_id, ledger_row_number
    from {{ ref('fct_survey_responses') }}
),

texts as (
    select
        records.*,
        said.language,
        said.text_use,
        said.said_category,
        said.confidence
    from said
    inner join records on said.source = records.source and said.text_key = records.text_key
),

commonest as (
    select
        language,
        category,
        row_number() over (partition by language order by count(*) desc, category) as place
    from texts
    where text_use = 'learnt'
    group by language, category
),

-- A model is used where it is surely better than always saying what is commonest.
judged as (
    select
        texts.language,
        count(*) as tested_count,
        count(case when texts.said_category = texts.category then 1 end) as right_count,
        count(case when texts.category = commonest.category then 1 end) as commonest_count
    from texts
    inner join commonest on texts.language = commonest.language and commonest.place = 1
    where texts.text_use = 'tested'
    group by texts.language
),

models as (
    select
        language,
        {{ wilson_low('right_count', 'tested_count') }} > {{ safe_divide('commonest_count', 'tested_count') }} as is_used
    from judged
),

final as (
    select
        cast(texts.source || '-' || texts.text_key as string) as topic_text_key,
        cast(texts.source as string) as text_source,
        cast(texts.record_id as string) as record_id,
        cast(texts.month_start as date) as month_start,
        cast(texts.region as string) as region,
        cast(texts.segment as string) as segment,
        cast(texts.written_date as date) as written_date,
        cast(texts.language as string) as language,
        cast(texts.text_use as string) as text_use,
        cast(coalesce(texts.category, 'unknown') as string) as category,
        cast(texts.said_category as string) as said_category,
        cast(texts.confidence as double) as confidence,
        cast(coalesce(texts.category = commonest.category, false) as boolean) as is_commonest_category,
        cast(coalesce(models.is_used, false) as boolean) as is_model_used,
        cast(case
            when models.is_used and texts.confidence >= {{ threshold('topic_minimum_confidence') }} then texts.said_category
        end as string) as suggested_category,
        cast(texts.ledger_delivery_id as string) as ledger_delivery_id,
        cast(texts.ledger_row_number as bigint) as ledger_row_number
    from texts
    left join models on texts.language = models.language
    left join commonest on texts.language = commonest.language and commonest.place = 1
)

select * from final
