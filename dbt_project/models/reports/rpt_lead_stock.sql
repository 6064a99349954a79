-- one row a region, segment and value of a breakdown as of the run: the stock of leads, how old, and what is planned
{%- set breakdowns = {'total': "'all'", 'department': 'department', 'consultant': 'employee_id', 'age_band': 'age_band'} %}
{%- set counts = {
    'lead_count': 'true',
    'ordered_count': "lead_state = 'ordered'",
    'lost_count': "lead_state = 'lost'",
    'no_contact_data_count': "lead_state = 'no_contact_data'",
    'dormant_count': "lead_state = 'dormant'",
    'open_count': "lead_state = 'open'",
    'open_new_count': "age_band = 'new'",
    'open_current_count': "age_band = 'current'",
    'open_ageing_count': "age_band = 'ageing'",
    'open_old_count': "age_band = 'old'",
    'overdue_count': "plan_state = 'overdue'",
    'planned_count': "plan_state = 'not_yet_due'",
    'no_next_date_count': "plan_state = 'no_next_date'",
    'never_followed_up_count': "plan_state = 'never_followed_up'",
    'worked_by_another_count': "lead_state = 'open' and is_worked_by_another",
} %}
with

leads as (
    select * from {{ ref('fct_lead_stock') }}
),

cells as (
    {%- for breakdown, value in breakdowns.items() %}
    select
        region, segment, '{{ breakdown }}' as breakdown, coalesce({{ value }}, 'unknown') as breakdown_value, age_days, lead_state
        {%- for name, condition in counts.items() %},
        case when {{ condition }} then 1 else 0 end as {{ name }}
        {%- endfor %}
    from leads
    {%- if breakdown == 'age_band' %}
    where lead_state = 'open'
    {%- endif %}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

final as (
    select
        cast(region as string) as region,
        cast(segment as string) as segment,
        cast(breakdown as string) as breakdown,
        cast(breakdown_value as string) as breakdown_value
        {%- for name in counts %},
        cast(sum({{ name }}) as bigint) as {{ name }}
        {%- endfor %},
        cast({{ percentile("case when lead_state = 'open' then age_days end", 0.5) }} as double) as median_open_age_days,
        cast({{ safe_divide('sum(no_next_date_count + never_followed_up_count)', 'sum(open_count)') }} as double) as unplanned_rate,
        cast({{ wilson_low('sum(no_next_date_count + never_followed_up_count)', 'sum(open_count)') }} as double) as unplanned_rate_low,
        cast({{ wilson_high('sum(no_next_date_count + never_followed_up_count)', 'sum(open_count)') }} as double) as unplanned_rate_high
    from {{ with_totals('cells', ['region', 'segment']) }}
    group by region, segment, breakdown, breakdown_value
)

select * from final
