-- one row a text: what a model of the categorised complaints says that it is about
with

estimated as (
    select * from {{ estimated('complaint_topics', ['int_topic_texts', 'thresholds']) }}
),

final as (
    select
        cast(text_key as string) as text_key,
        cast(source as string) as source,
        cast(language as string) as language,
        cast(text_use as string) as text_use,
        cast(said_category as string) as said_category,
        cast(confidence as double) as confidence
    from estimated
)

select * from final
