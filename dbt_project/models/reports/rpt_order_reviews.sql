-- one row a month of the order, region, segment and value of a breakdown; sample orders stand apart
{%- set breakdowns = {'total': "'all'", 'department': 'department', 'review_part': 'review_part'} %}
{%- set cell = 'month_start, region, segment, breakdown, breakdown_value' %}
with

reviews as (
    select * from {{ ref('fct_order_reviews') }}
),

parts as (
    {%- for breakdown, column in breakdowns.items() %}
    select
        *,
        '{{ breakdown }}' as breakdown,
        {{ column }} as breakdown_value,
        -- a part of the review is of all orders: there every row is one of its own
        {{ 'true' if breakdown == 'review_part' else 'is_first_part' }} as is_order
    from reviews
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

counted as (
    select
        {{ cell }},
        count(case when is_order and not is_sample_order then 1 end) as order_count,
        count(case when is_order and not is_sample_order and is_complete then 1 end) as complete_count,
        count(case when is_order and not is_sample_order and is_refused then 1 end) as refused_count,
        count(case when is_order and not is_sample_order and is_delivered and not is_complete then 1 end) as delivered_incomplete_count,
        count(case when not is_sample_order then 1 end) as signature_due_count,
        count(case when not is_sample_order and is_signed then 1 end) as signature_count,
        count(case when is_order and is_sample_order then 1 end) as sample_order_count,
        sum(case when is_order and is_sample_order then sample_units end) as sample_units,
        count(case when is_order and is_sample_too_large then 1 end) as sample_too_large_count,
        {%- for decision in ['within', 'beyond', 'undecided'] %}
        count(case when is_order and not is_sample_order and price_decision = '{{ decision }}' then 1 end) as price_{{ decision }}_count
        {{- ',' if not loop.last }}
        {%- endfor %}
    from {{ with_totals('parts', ['region', 'segment']) }} as totals
    group by {{ cell }}
),

judged as (
    select *, price_within_count + price_beyond_count + price_undecided_count as price_known_count
    from counted
),

final as (
    select
        cast(month_start as date) as month_start,
        cast(region as string) as region,
        cast(segment as string) as segment,
        cast(breakdown as string) as breakdown,
        cast(breakdown_value as string) as breakdown_value,
        cast(order_count as bigint) as order_count,
        cast(complete_count as bigint) as complete_count,
        cast({{ safe_divide('complete_count', 'order_count') }} as double) as completeness_rate,
        cast({{ wilson_low('complete_count', 'order_count') }} as double) as completeness_rate_low,
        cast({{ wilson_high('complete_count', 'order_count') }} as double) as completeness_rate_high,
        cast(signature_due_count as bigint) as signature_due_count,
        cast(signature_count as bigint) as signature_count,
        cast({{ safe_divide('signature_count', 'signature_due_count') }} as double) as signature_rate,
        cast(refused_count as bigint) as refused_count,
        cast(delivered_incomplete_count as bigint) as delivered_incomplete_count,
        cast(sample_order_count as bigint) as sample_order_count,
        cast(coalesce(sample_units, 0) as decimal(18, 4)) as sample_units,
        cast(sample_too_large_count as bigint) as sample_too_large_count,
        cast(price_known_count as bigint) as price_known_count,
        cast(price_within_count as bigint) as price_within_count,
        cast(price_beyond_count as bigint) as price_beyond_count,
        cast(price_undecided_count as bigint) as price_undecided_count,
        cast(price_beyond_count + price_undecided_count as bigint) as price_breach_count,
        cast({{ safe_divide('price_within_count', 'price_known_count') }} as double) as price_within_rate,
        cast({{ wilson_low('price_within_count', 'price_known_count') }} as double) as price_within_rate_low,
        cast({{ wilson_high('price_within_count', 'price_known_count') }} as double) as price_within_rate_high
    from judged
)

select * from final
