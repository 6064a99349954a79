-- one row a text that topics are learnt from or suggested for: the newest complaints and survey comments
with

texts as (
    select
        ledger_record_key as text_key,
        'complaints' as source,
        category,
        coalesce(description_redacted, issue) as text,
        received_at as written_at
    from {{ ref('stg_complaints') }}
    union all
    select
        ledger_record_key as text_key,
        'survey_responses' as source,
        cast(null as string) as category,
        coalesce(comment_title_redacted || ' ' || comment_redacted, comment_redacted, comment_title_redacted) as text,
        answered_at as written_at
    from {{ ref('stg_survey_responses') }}
),

ranked as (
    select
        *,
        row_number() over (
            partition by source, category is null
            order by written_at desc nulls last, text_key
        ) as newness
    from texts
    where trim(text) != ''
),

final as (
    select
        cast(text_key as string) as text_key,
        cast(source as string) as source,
        cast(category as string) as category,
        cast(substring(text, 1, 1000) as string) as text,
        cast(written_at as timestamp) as written_at
    from ranked
    where newness <= {{ threshold('topic_most_texts') }}
)

select * from final
