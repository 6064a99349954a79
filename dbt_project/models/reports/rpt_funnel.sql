-- one row a month of first visit, region, segment, channel, window and step: how far the leads came, and how fast
-- A lead is at a step if the step or a later one is recorded within the window: who ordered has left contact data,
-- written down or not. `recorded_count` is the step's own record. Months before the first follow-up card have no step
-- "follow_up": its figures are null, and the next step is entered from the one before.
{%- set steps = ['visit', 'contact_left', 'follow_up', 'quote_or_test_drive', 'order', 'paid'] %}
{%- set measured_days = ['days_from_previous', 'days_from_first'] %}
{#- With the day of the run, leads come to the end of their window. #}
{{ config(meta={'increment': {
    'key': ['month_start'],
    'touched_by': {
        'fct_leads': 'select month_start from ' ~ changed_rows('fct_leads', [
            'month_start', 'region', 'segment', 'source_channel', 'first_visited_date', 'days_to_contact_left',
            'days_to_follow_up', 'days_to_quote_or_test_drive', 'days_to_order', 'days_to_paid',
        ]),
        'int_follow_ups_matched_to_leads': '
            select month_start from fct_leads
            where (select min(contacted_date) from changes.int_follow_ups_matched_to_leads)
                <= coalesce((select min(contacted_date) from int_follow_ups_matched_to_leads), date \'9999-12-31\')',
        'stg_run_day': 'select month_start from fct_leads where first_visited_date
            between (select min(as_of_date) from changes.stg_run_day)
                - (select cast(value as integer) from thresholds where rule_id = \'funnel_window_days\')
            and (select max(as_of_date) from changes.stg_run_day)',
    },
}}) }}
with

leads as (
    select * from {{ ref('fct_leads') }} {{ only_touched('month_start') }}
),

run_context as (
    select as_of_date from {{ ref('stg_run_day') }}
),

first_cards as (
    select {{ month_start('min(contacted_date)') }} as month_start from {{ ref('int_follow_ups_matched_to_leads') }}
),

dated_leads as (
    select
        leads.*,
        coalesce(leads.month_start >= first_cards.month_start, false) as has_cards,
        {{ days_between('leads.first_visited_date', 'run_context.as_of_date') }}
            <= {{ threshold('funnel_window_days') }} as is_window_open
    from leads
    cross join run_context
    cross join first_cards
),

-- Leads that are alike are one row with their number: the rest works on thousands of rows whatever the number of leads.
lead_groups as (
    select
        month_start,
        coalesce(region, 'unknown') as region,
        coalesce(segment, 'unknown') as segment,
        coalesce(source_channel, 'unknown') as source_channel,
        days_to_contact_left,
        case when has_cards then days_to_follow_up end as days_to_follow_up,
        days_to_quote_or_test_drive,
        days_to_order,
        days_to_paid,
        has_cards,
        is_window_open,
        count(*) as lead_count
    from dated_leads
    group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
),

-- The cells of the report and the totals that each counts in, numbered: what follows groups by numbers, not by texts.
details as (
    select *, row_number() over (order by month_start nulls last, region, segment, source_channel) as detail_number
    from (select distinct month_start, region, segment, source_channel from lead_groups) as distinct_details
),

totals as (
    select *, dense_rank() over (order by month_start nulls last, region, segment, source_channel) as cell_number
    from {{ with_totals('details', ['region', 'segment', 'source_channel']) }} as details_and_totals
),

cells as (
    select distinct cell_number, month_start, region, segment, source_channel from totals
),

windows as (
    select 1 as window_number, '90_days' as step_window, {{ threshold('funnel_window_days') }} as window_days
    union all
    select 2, 'ever', cast(null as double)
),

-- What lies beyond the window has not happened yet, as far as the window goes.
windowed as (
    select
        details.detail_number,
        windows.window_number,
        lead_groups.lead_count,
        lead_groups.has_cards,
        case when windows.window_days is null then false else lead_groups.is_window_open end as is_open,
        cast(0 as bigint) as days_to_visit,
        {%- for step in steps[1:] %}
        case
            when windows.window_days is null or lead_groups.days_to_{{ step }} <= windows.window_days
                then lead_groups.days_to_{{ step }}
        end as days_to_{{ step }}{{ ',' if not loop.last }}
        {%- endfor %}
    from lead_groups
    inner join details
        on lead_groups.month_start = details.month_start
        and lead_groups.region = details.region
        and lead_groups.segment = details.segment
        and lead_groups.source_channel = details.source_channel
    cross join windows
),

steps as (
    {%- for step in steps %}
    {%- set number = loop.index %}
    select
        detail_number,
        window_number,
        {{ number }} as step_number,
        lead_count,
        is_open,
        {{ 'has_cards' if step == 'follow_up' else 'true' }} as is_known,
        coalesce(
            {%- for later in steps[number - 1:] %}
            days_to_{{ later }}{{ ',' if not loop.last }}
            {%- endfor %}
        ) is not null as is_reached,
        {% if number == 1 %}true{% else -%}
        coalesce(
            {%- if steps[number - 2] == 'follow_up' %}
            case when not has_cards then days_to_{{ steps[number - 3] }} end,
            {%- endif %}
            {%- for later in steps[number - 2:] %}
            days_to_{{ later }}{{ ',' if not loop.last }}
            {%- endfor %}
        ) is not null
        {%- endif %} as is_entered,
        days_to_{{ step }} as days_from_first,
        {% if number == 1 %}cast(null as bigint){% else -%}
        -- A call on the third day is no step before the test drive on the first.
        days_to_{{ step }} - coalesce(
            {%- for earlier in steps[1:number - 1] | reverse %}
            case when days_to_{{ earlier }} <= days_to_{{ step }} then days_to_{{ earlier }} end,
            {%- endfor %}
            days_to_visit
        )
        {%- endif %} as days_from_previous
    from windowed
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

step_details as (
    select
        detail_number,
        window_number,
        step_number,
        sum(lead_count) as all_count,
        sum(case when is_entered then lead_count else 0 end) as entered_count,
        sum(case when not is_known then null when is_reached then lead_count else 0 end) as reached_count,
        sum(case when is_open then lead_count else 0 end) as open_count,
        sum(case when not is_known then null when days_from_first is not null then lead_count else 0 end) as recorded_count,
        sum(case when not is_known then null when days_from_first < 0 then lead_count else 0 end) as out_of_order_count,
        sum(days_from_previous * lead_count) as days_from_previous_sum,
        sum(case when days_from_previous is not null then lead_count else 0 end) as days_from_previous_count,
        sum(case when step_number > 1 then days_from_first * lead_count end) as days_from_first_sum
    from steps
    group by detail_number, window_number, step_number
),

counted as (
    select
        totals.cell_number,
        step_details.window_number,
        step_details.step_number,
        {%- for measure in [
            'all_count', 'entered_count', 'reached_count', 'open_count', 'recorded_count', 'out_of_order_count',
            'days_from_previous_sum', 'days_from_previous_count', 'days_from_first_sum',
        ] %}
        sum(step_details.{{ measure }}) as {{ measure }}{{ ',' if not loop.last }}
        {%- endfor %}
    from step_details
    inner join totals
        on step_details.detail_number = totals.detail_number
    group by totals.cell_number, step_details.window_number, step_details.step_number
),

-- How many leads took each number of days, since the step before and since the first visit.
day_details as (
    {%- for days in measured_days %}
    select
        detail_number,
        window_number * 100 + step_number * 10 + {{ loop.index }} as series_number,
        {{ days }} as days,
        cast(sum(lead_count) as bigint) as lead_count
    from steps
    where {{ days }} is not null and step_number > 1
    group by detail_number, window_number, step_number, {{ days }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

day_counts as (
    select
        totals.cell_number,
        day_details.series_number,
        day_details.days,
        cast(sum(day_details.lead_count) as bigint) as lead_count
    from day_details
    inner join totals
        on day_details.detail_number = totals.detail_number
    group by totals.cell_number, day_details.series_number, day_details.days
),

day_places as (
    select
        *,
        sum(lead_count) over (
            partition by cell_number, series_number
            order by days nulls last rows between unbounded preceding and current row
        ) as count_up_to,
        sum(lead_count) over (partition by cell_number, series_number) as count_in_all
    from day_counts
),

-- Exact percentiles (linear between neighbours).
percentiles as (
    select
        cell_number,
        series_number,
        {%- for name, fraction in [('median', '0.5e0'), ('p90', '0.9e0')] %}
        {%- set place = fraction ~ ' * (count_in_all - 1)' %}
        min(case when count_up_to > floor({{ place }}) then days end)
        + (max({{ place }}) - floor(max({{ place }}))) * (
            min(case when count_up_to > ceil({{ place }}) then days end)
            - min(case when count_up_to > floor({{ place }}) then days end)
        ) as {{ name }}_days{{ ',' if not loop.last }}
        {%- endfor %}
    from day_places
    group by cell_number, series_number
),

final as (
    select
        cast(cells.month_start as date) as month_start,
        cast(cells.region as string) as region,
        cast(cells.segment as string) as segment,
        cast(cells.source_channel as string) as source_channel,
        cast(windows.step_window as string) as step_window,
        cast(counted.step_number as bigint) as step_number,
        cast(
            case counted.step_number
                {%- for step in steps %}
                when {{ loop.index }} then '{{ step }}'
                {%- endfor %}
            end as string
        ) as step,
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
    inner join cells
        on counted.cell_number = cells.cell_number
    inner join windows
        on counted.window_number = windows.window_number
    {%- for days in measured_days %}
    left join percentiles as {{ days }}_percentiles
        on counted.cell_number = {{ days }}_percentiles.cell_number
        and counted.window_number * 100 + counted.step_number * 10 + {{ loop.index }} = {{ days }}_percentiles.series_number
    {%- endfor %}
)

select * from final
