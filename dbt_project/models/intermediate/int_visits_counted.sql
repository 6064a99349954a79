-- one row a month and combination of what a visit is reported by: how many visits, and what was done on them
{%- set dimensions = [
    'month_start', 'is_register_entry', 'region', 'segment', 'department', 'visit_type', 'source_channel', 'intent_level',
    'visit_order',
] %}
{{ config(meta={'increment': {
    'key': ['month_start'],
    'touched_by': {
        'fct_visits': 'select month_start from '
            ~ changed_rows('fct_visits', dimensions + ['heads_count', 'is_contact_left', 'is_test_drive']),
    },
}}) }}
with

visits as (
    select * from {{ ref('fct_visits') }} {{ only_touched('month_start') }}
),

final as (
    select
        cast(month_start as date) as month_start,
        cast(is_register_entry as boolean) as is_register_entry,
        {%- for dimension in dimensions[2:] %}
        cast(coalesce({{ dimension }}, 'not_recorded') as string) as {{ dimension }},
        {%- endfor %}
        cast(count(*) as bigint) as visit_count,
        cast(sum(heads_count) as bigint) as head_count,
        cast(sum(case when is_contact_left then 1 else 0 end) as bigint) as contact_left_count,
        cast(sum(case when is_test_drive then 1 else 0 end) as bigint) as test_drive_count
    from visits
    group by 1, 2, 3, 4, 5, 6, 7, 8, 9
)

select * from final
