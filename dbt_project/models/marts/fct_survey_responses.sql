-- one row a returned survey form, with its score and the flags of its answers' quality
{#- Of one respondent's forms the last counts: with one of them all are touched. #}
{%- set respondents_of = "select ledger_record_key from int_survey_respondents where respondent in ({})" %}
{{ config(meta={'increment': {
    'key': ['response_key'],
    'touched_by': {
        'int_survey_respondents': "select ledger_record_key from changes.int_survey_respondents union all "
            ~ respondents_of.format("select respondent from changes.int_survey_respondents"),
        'int_survey_items_unpivoted': "select response_key from changes.int_survey_items_unpivoted union all "
            ~ respondents_of.format(
                "select respondent from int_survey_respondents"
                ~ " where ledger_record_key in (select response_key from changes.int_survey_items_unpivoted)"
            ),
    }
}}) }}
with respondents as (

    select * from {{ ref('int_survey_respondents') }} {{ only_touched('ledger_record_key') }}

),

items as (

    select * from {{ ref('int_survey_items_unpivoted') }} {{ only_touched('response_key') }}

),

scores as (

    select
        response_key,
        count(*) as answered_count,
        min(item_score) as lowest_score,
        max(item_score) as highest_score,
        round(
            sum(case when counts_in_score then weight * item_score end)
            / nullif(sum(case when counts_in_score then weight end), 0), 9
        ) as weighted_mean,
        max(case when item = 'overall' then item_score end) as overall_score
    from items
    group by response_key

),

flagged as (

    select
        respondents.*,
        scores.answered_count,
        scores.weighted_mean,
        scores.overall_score as overall_item_score,
        coalesce(
            scores.answered_count >= {{ threshold('survey_straight_lining_items') }}
            and scores.lowest_score = scores.highest_score, false
        ) as is_straight_lining,
        coalesce(respondents.duration_seconds < {{ threshold('survey_minimum_seconds') }}, false) as is_too_fast,
        respondents.respondent is not null
        and row_number() over (
            partition by respondents.respondent
            order by respondents.answered_at desc nulls last, respondents.ledger_record_key desc
        ) > 1 as is_duplicate_respondent
    from respondents
    left join scores on respondents.ledger_record_key = scores.response_key

),

exclusions as (

    select
        max(case when flag = 'straight_lining' and is_excluded then 1 else 0 end) as excludes_straight_lining,
        max(case when flag = 'too_fast' and is_excluded then 1 else 0 end) as excludes_too_fast,
        max(case when flag = 'duplicate_respondent' and is_excluded then 1 else 0 end) as excludes_duplicates
    from {{ ref('answer_quality_flags') }}

),

final as (

    select
        cast(flagged.ledger_record_key as string) as response_key,
        cast(flagged.response_id as string) as response_id,
        cast({{ month_start('flagged.response_date') }} as date) as month_start,
        cast(coalesce(flagged.known_region, flagged.customer_region, 'unknown') as string) as region,
        cast(coalesce(flagged.known_segment, flagged.customer_segment, 'unknown') as string) as segment,
        cast(flagged.known_survey_id as string) as survey_id,
        cast(flagged.invitation_id as string) as invitation_id,
        cast(flagged.known_customer_id as string) as customer_id,
        cast(flagged.customer_key as string) as customer_key,
        cast(coalesce(flagged.phone_surrogate, flagged.customer_person_key) as string) as person_key,
        cast(flagged.order_id as string) as order_id,
        cast(flagged.answered_at as timestamp) as answered_at,
        cast(flagged.response_date as date) as response_date,
        cast(flagged.date_basis as string) as date_basis,
        cast(coalesce(flagged.mode, 'unknown') as string) as mode,
        cast(coalesce(flagged.known_department, 'unknown') as string) as department,
        cast(coalesce(flagged.answered_count, 0) as integer) as answered_count,
        cast(flagged.weighted_mean as double) as weighted_mean,
        cast(flagged.weighted_mean / 5 * 100 as double) as satisfaction_score,
        cast(flagged.overall_item_score as integer) as overall_score,
        cast(flagged.recommend_score as integer) as recommend_score,
        cast(flagged.duration_seconds as bigint) as duration_seconds,
        cast(flagged.is_straight_lining as boolean) as is_straight_lining,
        cast(flagged.is_too_fast as boolean) as is_too_fast,
        cast(flagged.is_duplicate_respondent as boolean) as is_duplicate_respondent,
        cast(
            (flagged.answered_count is not null or flagged.recommend_score is not null)
            and not (flagged.is_straight_lining and exclusions.excludes_straight_lining = 1)
            and not (flagged.is_too_fast and exclusions.excludes_too_fast = 1)
            and not (flagged.is_duplicate_respondent and exclusions.excludes_duplicates = 1)
        as boolean) as is_valid,
        cast(flagged.ledger_delivery_id as string) as ledger_delivery_id,
        cast(flagged.ledger_row_number as bigint) as ledger_row_number
    from flagged
    cross join exclusions

)

select * from final
