-- one row a month, region and segment: the index of the survey, its response rate and its recommendation score
{{ config(meta={'increment': {
    'key': ['month_start'],
    'touched_by': {
        'fct_survey_responses': 'select month_start from changes.fct_survey_responses',
        'fct_survey_invitations': 'select month_start from changes.fct_survey_invitations',
        'fct_survey_items': 'select month_start from changes.fct_survey_items',
    }
}}) }}
with responses as (

    select * from {{ ref('fct_survey_responses') }} {{ only_touched('month_start') }}

),

invitations as (

    select month_start, region, segment, is_delivered, is_answered
    from {{ ref('fct_survey_invitations') }} {{ only_touched('month_start') }}

),

scored_items as (

    select month_start, region, segment, item, item_score, weight
    from {{ ref('fct_survey_items') }} {{ only_touched('month_start') }}
    where is_valid and counts_in_score

),

item_means as (

    select
        month_start,
        region,
        segment,
        item,
        max(weight) as weight,
        avg(cast(item_score as double)) as item_mean,
        count(*) as scored_answer_count,
        count(case when item_score >= 4 then 1 end) as top_two_count
    from {{ with_totals('scored_items', ['region', 'segment']) }} as totals
    group by month_start, region, segment, item

),

scores as (

    select
        month_start,
        region,
        segment,
        -- nine decimals: the last digits of a sum of fractions depend on the order in which it was summed
        round(sum(weight * item_mean) / nullif(sum(weight), 0), 9) as weighted_mean,
        sum(scored_answer_count) as scored_answer_count,
        sum(top_two_count) as top_two_count
    from item_means
    group by month_start, region, segment

),

response_counts as (

    select
        month_start,
        region,
        segment,
        count(*) as returned_count,
        count(case when is_valid then 1 end) as response_count,
        count(case when is_straight_lining or is_too_fast or is_duplicate_respondent then 1 end) as flagged_response_count,
        count(case when is_valid then satisfaction_score end) as scored_response_count,
        stddev_samp(case when is_valid then satisfaction_score end) as score_deviation,
        count(case when is_valid then recommend_score end) as recommend_count,
        count(case when is_valid and recommend_score >= 9 then 1 end) as promoter_count,
        count(case when is_valid and recommend_score <= 6 then 1 end) as detractor_count
    from {{ with_totals('responses', ['region', 'segment']) }} as totals
    group by month_start, region, segment

),

invitation_counts as (

    select
        month_start,
        region,
        segment,
        count(*) as invitation_count,
        count(case when is_delivered then 1 end) as invitation_delivered_count,
        count(case when is_delivered and is_answered then 1 end) as invitation_answered_count
    from {{ with_totals('invitations', ['region', 'segment']) }} as totals
    group by month_start, region, segment

),

keys as (

    select month_start, region, segment from response_counts
    union
    select month_start, region, segment from invitation_counts

),

joined as (

    select
        keys.month_start as key_month_start,
        keys.region as key_region,
        keys.segment as key_segment,
        scores.weighted_mean,
        scores.weighted_mean / 5 * 100 as satisfaction_score,
        round(
            {{ z_value() }} * response_counts.score_deviation / sqrt(nullif(response_counts.scored_response_count, 0)), 9
        ) as score_margin,
        coalesce(scores.scored_answer_count, 0) as scored_answer_count,
        coalesce(scores.top_two_count, 0) as top_two_count,
        coalesce(response_counts.returned_count, 0) as returned_count,
        coalesce(response_counts.response_count, 0) as response_count,
        coalesce(response_counts.flagged_response_count, 0) as flagged_response_count,
        coalesce(response_counts.recommend_count, 0) as recommend_count,
        coalesce(response_counts.promoter_count, 0) as promoter_count,
        coalesce(response_counts.detractor_count, 0) as detractor_count,
        coalesce(invitation_counts.invitation_count, 0) as invitation_count,
        coalesce(invitation_counts.invitation_delivered_count, 0) as invitation_delivered_count,
        coalesce(invitation_counts.invitation_answered_count, 0) as invitation_answered_count
    from keys
    left join scores
        on keys.month_start = scores.month_start and keys.region = scores.region and keys.segment = scores.segment
    left join response_counts
        on keys.month_start = response_counts.month_start
        and keys.region = response_counts.region
        and keys.segment = response_counts.segment
    left join invitation_counts
        on keys.month_start = invitation_counts.month_start
        and keys.region = invitation_counts.region
        and keys.segment = invitation_counts.segment

),

recommended as (

    select
        *,
        {{ safe_divide('promoter_count - detractor_count', 'recommend_count') }} as net_promoters,
        {{ safe_divide('promoter_count + detractor_count', 'recommend_count') }} as outspoken_share
    from joined

),

bounded as (

    select
        *,
        {{ z_value() }} * sqrt(
            greatest(outspoken_share - net_promoters * net_promoters, 0) / nullif(recommend_count, 0)
        ) as recommendation_margin
    from recommended

),

final as (

    select
        cast(key_month_start as date) as month_start,
        cast(key_region as string) as region,
        cast(key_segment as string) as segment,
        cast(returned_count as bigint) as returned_count,
        cast(response_count as bigint) as response_count,
        cast(flagged_response_count as bigint) as flagged_response_count,
        cast(invitation_count as bigint) as invitation_count,
        cast(invitation_delivered_count as bigint) as invitation_delivered_count,
        cast(invitation_answered_count as bigint) as invitation_answered_count,
        cast({{ safe_divide('invitation_answered_count', 'invitation_delivered_count') }} as double) as response_rate,
        cast({{ wilson_low('invitation_answered_count', 'invitation_delivered_count') }} as double) as response_rate_low,
        cast({{ wilson_high('invitation_answered_count', 'invitation_delivered_count') }} as double) as response_rate_high,
        cast({{ threshold('response_rate_target') }} as double) as target_response_rate,
        cast(satisfaction_score as double) as satisfaction_score,
        cast(greatest(satisfaction_score - score_margin, 20) as double) as satisfaction_score_low,
        cast(least(satisfaction_score + score_margin, 100) as double) as satisfaction_score_high,
        cast((weighted_mean - 1) / 4 * 100 as double) as rescaled_score,
        cast(scored_answer_count as bigint) as scored_answer_count,
        cast(top_two_count as bigint) as top_two_count,
        cast({{ safe_divide('top_two_count', 'scored_answer_count') }} as double) as top_two_rate,
        cast({{ wilson_low('top_two_count', 'scored_answer_count') }} as double) as top_two_rate_low,
        cast({{ wilson_high('top_two_count', 'scored_answer_count') }} as double) as top_two_rate_high,
        cast(recommend_count as bigint) as recommend_count,
        cast(promoter_count as bigint) as promoter_count,
        cast(detractor_count as bigint) as detractor_count,
        cast(net_promoters * 100 as double) as net_promoter_score,
        cast(greatest(net_promoters - recommendation_margin, -1) * 100 as double) as net_promoter_score_low,
        cast(least(net_promoters + recommendation_margin, 1) * 100 as double) as net_promoter_score_high,
        cast({{ threshold('satisfaction_target_score') }} as double) as target_score,
        -- nine decimals: weights that are no binary fractions must not push an exact 80 below 80
        cast(round(satisfaction_score, 9) < {{ threshold('satisfaction_target_score') }} as boolean) as is_below_target
    from bounded

)

select * from final
