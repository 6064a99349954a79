-- one row a month, region, segment and value of a breakdown in which complaints came in or were closed, totals included
{%- set breakdowns = {
    'total': "'all'",
    'kind': 'kind', 'category': 'category', 'received_via': 'received_via',
    'priority': 'priority', 'department': 'department', 'product': 'product_name'
} %}
{%- set cell = 'month_start, region, segment, breakdown, breakdown_value' %}
{%- set counts = {
    'received_count': 'true',
    'complaint_count': 'is_complaint',
    'replied_in_time_count': "reply_status = 'in_time'",
    'breached_count': "reply_status = 'breached'",
    'not_yet_due_count': "reply_status = 'not_yet_due'",
    'undeterminable_count': "reply_status = 'undeterminable'",
    'working_replied_in_time_count': "working_reply_status = 'in_time'",
    'working_breached_count': "working_reply_status = 'breached'",
    'working_undeterminable_count': "working_reply_status = 'undeterminable'",
    'declared_in_time_count': 'is_declared_in_time',
    'measured_count': "clock_basis = 'measured'",
    'declared_count': "clock_basis = 'declared'",
    'closed_count': 'is_closed',
    'closed_and_informed_count': 'is_closed and is_customer_informed',
    'closed_and_known_count': 'is_closed and is_customer_informed is not null',
    'recurrence_count': 'is_recurrence',
    'repeated_problem_count': 'is_repeated_problem',
    'opened_count': 'is_closing_known and not (is_closed and closed_date is null)',
} %}
{{ config(meta={'increment': {
    'key': ['month_start'],
    'touched_by': {
        'fct_complaints': "select month_start from changes.fct_complaints union all"
            ~ " select cast(date_trunc('month', closed_date) as date) from changes.fct_complaints where closed_date is not null",
    }
}}) }}
with

received as (
    select * from {{ ref('fct_complaints') }} {{ only_touched('month_start') }}
),

closed as (
    select
        fct_complaints.*,
        {{ month_start('closed_date') }} as closed_month
    from {{ ref('fct_complaints') }} as fct_complaints
    where is_closing_known and closed_date is not null
),

parts as (
    {%- for breakdown, column in breakdowns.items() %}
    select
        month_start,
        region,
        segment,
        '{{ breakdown }}' as breakdown,
        {{ column }} as breakdown_value,
        {%- for name, condition in counts.items() %}
        count(case when {{ condition }} then 1 end) as {{ name }},
        {%- endfor %}
        0 as closed_in_month_count
    from received
    group by 1, 2, 3, 4, 5
    union all
    select
        closed_month as month_start,
        region,
        segment,
        '{{ breakdown }}' as breakdown,
        {{ column }} as breakdown_value,
        {%- for name in counts %}
        0 as {{ name }},
        {%- endfor %}
        count(*) as closed_in_month_count
    from closed {{ only_touched('closed_month') }}
    group by 1, 2, 3, 4, 5
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

counted as (
    select
        {{ cell }},
        {%- for name in counts %}
        sum({{ name }}) as {{ name }},
        {%- endfor %}
        sum(closed_in_month_count) as closed_in_month_count
    from {{ with_totals('parts', ['region', 'segment']) }} as totals
    group by {{ cell }}
),

replies as (
    {%- for breakdown, column in breakdowns.items() %}
    select
        month_start,
        region,
        segment,
        '{{ breakdown }}' as breakdown,
        {{ column }} as breakdown_value,
        reply_hours,
        working_reply_hours
    from received
    where reply_hours is not null or working_reply_hours is not null
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

reply_times as (
    select
        {{ cell }},
        {{ percentile('reply_hours', 0.5) }} as median_reply_hours,
        {{ percentile('reply_hours', 0.9) }} as p90_reply_hours,
        -- nine decimals: the last digits of a sum of fractions depend on the order in which it was summed
        round(avg(reply_hours), 9) as mean_reply_hours,
        {{ percentile('working_reply_hours', 0.5) }} as median_working_reply_hours
    from {{ with_totals('replies', ['region', 'segment']) }} as totals
    group by {{ cell }}
),

final as (
    select
        cast(counted.month_start as date) as month_start,
        cast(counted.region as string) as region,
        cast(counted.segment as string) as segment,
        cast(counted.breakdown as string) as breakdown,
        cast(counted.breakdown_value as string) as breakdown_value,
        {%- for name in counts %}
        cast(counted.{{ name }} as bigint) as {{ name }},
        {%- endfor %}
        cast(counted.closed_in_month_count as bigint) as closed_in_month_count,
        cast(reply_times.median_reply_hours as double) as median_reply_hours,
        cast(reply_times.p90_reply_hours as double) as p90_reply_hours,
        cast(reply_times.mean_reply_hours as double) as mean_reply_hours,
        cast(reply_times.median_working_reply_hours as double) as median_working_reply_hours
    from counted
    left join reply_times
        on {{ same_cell('counted', 'reply_times') }}
        and counted.month_start = reply_times.month_start
)

select * from final
