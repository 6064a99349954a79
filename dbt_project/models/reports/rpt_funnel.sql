-- one row a month of first visit, region, segment, channel, window and step: how far the leads came, and how fast
-- A lead is at a step if the step or a later one is recorded within the window: who ordered has left contact data,
-- written down or not. `recorded_count` is the step's own record.
{%- set steps = ['visit', 'contact_left', 'quote_or_test_drive', 'order', 'paid'] %}
with

leads as (
    select * from {{ ref('fct_leads') }}
),

run_context as (
    select as_of_date from {{ ref('stg_run_context') }}
),

dated_leads as (
    select
        leads.*,
        {{ days_between('leads.first_visited_date', 'run_context.as_of_date') }}
            <= {{ threshold('funnel_window_days') }} as is_window_open
    from leads
    cross join run_context
),

-- Leads that are alike are one row with their number: the rest works on thousands of rows whatever the number of leads.
lead_groups as (
    select
        month_start,
        region,
        segment,
        source_channel,
        cast(0 as bigint) as days_to_visit,
        days_to_contact_left,
        days_to_quote_or_test_drive,
        days_to_order,
        days_to_paid,
        is_window_open,
        count(*) as lead_count
    from dated_leads
    group by
        month_start,
        region,
        segment,
        source_channel,
        days_to_contact_left,
        days_to_quote_or_test_drive,
        days_to_order,
        days_to_paid,
        is_window_open
),

windows as (
    select '90_days' as step_window, {{ threshold('funnel_window_days') }} as window_days
    union all
    select 'ever', cast(null as double)
),

-- What lies beyond the window has not happened yet, as far as the window goes.
windowed as (
    select
        lead_groups.month_start,
        lead_groups.region,
        lead_groups.segment,
        lead_groups.source_channel,
        windows.step_window,
        lead_groups.lead_count,
        case when windows.window_days is null then false else lead_groups.is_window_open end as is_open,
        {%- for step in steps %}
        case
            when windows.window_days is null or lead_groups.days_to_{{ step }} <= windows.window_days
                then lead_groups.days_to_{{ step }}
        end as days_to_{{ step }}{{ ',' if not loop.last }}
        {%- endfor %}
    from lead_groups
    cross join windows
),

steps as (
    {%- for step in steps %}
    {%- set number = loop.index %}
    select
        month_start,
        region,
        segment,
        source_channel,
        step_window,
        {{ number }} as step_number,
        '{{ step }}' as step,
        lead_count,
        is_open,
        coalesce(
            {%- for later in steps[number - 1:] %}
            days_to_{{ later }}{{ ',' if not loop.last }}
            {%- endfor %}
        ) is not null as is_reached,
        {% if number == 1 %}true{% else -%}
        coalesce(
            {%- for later in steps[number - 2:] %}
            days_to_{{ later }}{{ ',' if not loop.last }}
            {%- endfor %}
        ) is not null
        {%- endif %} as is_entered,
        days_to_{{ step }} as days_from_first,
        {% if number == 1 %}cast(null as bigint){% else -%}
        days_to_{{ step }} - coalesce(
            {%- for earlier in steps[:number - 1] | reverse %}
            days_to_{{ earlier }}{{ ',' if not loop.last }}
            {%- endfor %}
        )
        {%- endif %} as days_from_previous
    from windowed
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

step_cells as (
    select
        month_start,
        region,
        segment,
        source_channel,
        step_window,
        step_number,
        step,
        days_from_first,
        days_from_previous,
        sum(lead_count) as all_count,
        sum(case when is_entered then lead_count else 0 end) as entered_count,
        sum(case when is_reached then lead_count else 0 end) as reached_count,
        sum(case when is_open then lead_count else 0 end) as open_count
    from steps
    group by 1, 2, 3, 4, 5, 6, 7, 8, 9
),

expanded as (
    select * from {{ with_totals('step_cells', ['region', 'segment', 'source_channel']) }}
),

{%- set keys = 'month_start, region, segment, source_channel, step_window, step_number, step' %}

counted as (
    select
        {{ keys }},
        sum(all_count) as all_count,
        sum(entered_count) as entered_count,
        sum(reached_count) as reached_count,
        sum(open_count) as open_count,
        sum(case when days_from_first is not null then all_count else 0 end) as recorded_count,
        sum(case when days_from_first < 0 then all_count else 0 end) as out_of_order_count,
        sum(days_from_previous * all_count) as days_from_previous_sum,
        sum(case when days_from_previous is not null then all_count else 0 end) as days_from_previous_count,
        sum(case when step_number > 1 then days_from_first * all_count end) as days_from_first_sum
    from expanded
    group by {{ keys }}
),

-- Exact percentiles (linear between neighbours) from the number of leads at each number of days.
{%- for days in ['days_from_previous', 'days_from_first'] %}
{{ days }}_counts as (
    select {{ keys }}, {{ days }} as days, sum(all_count) as lead_count
    from expanded
    where {{ days }} is not null and step_number > 1
    group by {{ keys }}, {{ days }}
),

{{ days }}_places as (
    select
        *,
        sum(lead_count) over (
            partition by {{ keys }} order by days nulls last rows between unbounded preceding and current row
        ) as count_up_to,
        sum(lead_count) over (partition by {{ keys }}) as count_in_all
    from {{ days }}_counts
),

{{ days }}_percentiles as (
    select
        {{ keys }},
        {%- for name, fraction in [('median', '0.5e0'), ('p90', '0.9e0')] %}
        {%- set place = fraction ~ ' * (count_in_all - 1)' %}
        min(case when count_up_to > floor({{ place }}) then days end)
        + (max({{ place }}) - floor(max({{ place }}))) * (
            min(case when count_up_to > ceil({{ place }}) then days end)
            - min(case when count_up_to > floor({{ place }}) then days end)
        ) as {{ name }}_days{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ days }}_places
    group by {{ keys }}
),
{%- endfor %}

final as (
    select
        cast(counted.month_start as date) as month_start,
        cast(counted.region as string) as region,
        cast(counted.segment as string) as segment,
        cast(counted.source_channel as string) as source_channel,
        cast(counted.step_window as string) as step_window,
        cast(counted.step_number as bigint) as step_number,
        cast(counted.step as string) as step,
        cast(counted.all_count as bigint) as all_lead_count,
        cast(counted.entered_count as bigint) as entered_count,
        cast(counted.reached_count as bigint) as lead_count,
        cast(counted.recorded_count as bigint) as recorded_count,
        cast(counted.open_count as bigint) as open_window_count,
        cast({{ safe_divide('counted.reached_count', 'counted.entered_count') }} as double) as step_rate,
        cast({{ wilson_low('counted.reached_count', 'counted.entered_count') }} as double) as step_rate_low,
        cast({{ wilson_high('counted.reached_count', 'counted.entered_count') }} as double) as step_rate_high,
        cast({{ safe_divide('counted.reached_count', 'counted.all_count') }} as double) as overall_rate,
        cast({{ wilson_low('counted.reached_count', 'counted.all_count') }} as double) as overall_rate_low,
        cast({{ wilson_high('counted.reached_count', 'counted.all_count') }} as double) as overall_rate_high,
        cast(days_from_previous_percentiles.median_days as double) as median_days,
        cast(days_from_previous_percentiles.p90_days as double) as p90_days,
        cast({{ safe_divide('counted.days_from_previous_sum', 'counted.days_from_previous_count') }} as double)
            as mean_days,
        cast(days_from_first_percentiles.median_days as double) as median_days_from_first,
        cast(days_from_first_percentiles.p90_days as double) as p90_days_from_first,
        cast({{ safe_divide('counted.days_from_first_sum', 'counted.recorded_count') }} as double)
            as mean_days_from_first,
        cast(counted.out_of_order_count as bigint) as out_of_order_count
    from counted
    {%- for days in ['days_from_previous', 'days_from_first'] %}
    left join {{ days }}_percentiles
        on counted.month_start = {{ days }}_percentiles.month_start
        and counted.region = {{ days }}_percentiles.region
        and counted.segment = {{ days }}_percentiles.segment
        and counted.source_channel = {{ days }}_percentiles.source_channel
        and counted.step_window = {{ days }}_percentiles.step_window
        and counted.step_number = {{ days }}_percentiles.step_number
    {%- endfor %}
)

select * from final
