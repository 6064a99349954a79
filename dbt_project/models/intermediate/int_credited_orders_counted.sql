-- one row a month of the order and combination of what the visit credited with it (last touch) is reported by
{%- set of_visit = ['department', 'visit_type', 'source_channel', 'intent_level', 'visit_order'] %}
{{ config(meta={'increment': {
    'key': ['month_start'],
    'touched_by': {
        'fct_attribution': 'select month_start from ' ~ changed_rows('fct_attribution', [
            'attribution_model', 'order_id', 'visit_key', 'month_start', 'region', 'segment', 'credited_amount',
        ] + of_visit),
    },
}}) }}
with

credits as (
    select * from {{ ref('fct_attribution') }} {{ only_touched('month_start') }} where attribution_model = 'last_touch'
),

final as (
    select
        cast(month_start as date) as month_start,
        cast(visit_key is not null as boolean) as is_attributed,
        cast(region as string) as region,
        cast(segment as string) as segment,
        {%- for dimension in of_visit %}
        cast(coalesce({{ dimension }}, 'not_recorded') as string) as {{ dimension }},
        {%- endfor %}
        cast(count(*) as bigint) as order_count,
        cast(sum(credited_amount) as decimal(18, 2)) as sales_amount
    from credits
    group by 1, 2, 3, 4, 5, 6, 7, 8, 9
)

select * from final
