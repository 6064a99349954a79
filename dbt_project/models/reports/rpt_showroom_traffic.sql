-- one row a month, region, segment, breakdown and value: entries of the visitors' register and what came of them
{%- set breakdowns = ['visit_order', 'intent_level', 'source_channel', 'visit_type', 'department'] %}
{%- set measures = ['visit_count', 'head_count', 'contact_left_count', 'test_drive_count', 'order_count'] %}
with

-- What is known of each visit, and each order on its own date with what is known of the visit it is credited to.
happenings as (
    select
        month_start,
        region,
        segment,
        {%- for breakdown in breakdowns %}
        {{ breakdown }},
        {%- endfor %}
        visit_count,
        head_count,
        contact_left_count,
        test_drive_count,
        0 as order_count
    from {{ ref('int_visits_counted') }}
    where is_register_entry
    union all
    select
        month_start,
        region,
        segment,
        {%- for breakdown in breakdowns %}
        {{ breakdown }},
        {%- endfor %}
        0 as visit_count,
        0 as head_count,
        0 as contact_left_count,
        0 as test_drive_count,
        order_count
    from {{ ref('int_credited_orders_counted') }}
    where is_attributed
),

cells as (
    {%- for breakdown in ['total'] + breakdowns %}
    select
        month_start,
        region,
        segment,
        '{{ breakdown }}' as breakdown,
        {{ "'total'" if breakdown == 'total' else breakdown }} as breakdown_value,
        {%- for measure in measures %}
        sum({{ measure }}) as {{ measure }}{{ ',' if not loop.last }}
        {%- endfor %}
    from happenings
    group by 1, 2, 3, 4, 5
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

counted as (
    select
        month_start,
        region,
        segment,
        breakdown,
        breakdown_value,
        {%- for measure in measures %}
        sum({{ measure }}) as {{ measure }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ with_totals('cells', ['region', 'segment']) }}
    group by month_start, region, segment, breakdown, breakdown_value
),

-- A value that did not occur in a month is a 0 there, and the form's own channels and levels always have a line.
months as (
    select distinct month_start from counted
),

lines as (
    select distinct region, segment, breakdown, breakdown_value from counted
    union
    select 'all', 'all', 'source_channel', source_channel
    from {{ ref('channels') }} where traffic_table_order is not null
    union
    select 'all', 'all', 'intent_level', level from {{ ref('intent_levels') }}
),

filled as (
    select
        months.month_start,
        lines.region,
        lines.segment,
        lines.breakdown,
        lines.breakdown_value,
        {%- for measure in measures %}
        coalesce(counted.{{ measure }}, 0) as {{ measure }}{{ ',' if not loop.last }}
        {%- endfor %}
    from months
    cross join lines
    left join counted
        on months.month_start = counted.month_start
        and lines.region = counted.region
        and lines.segment = counted.segment
        and lines.breakdown = counted.breakdown
        and lines.breakdown_value = counted.breakdown_value
),

with_bases as (
    select
        *,
        sum(visit_count) over (partition by month_start, region, segment, breakdown) as all_count,
        sum(case when breakdown_value <> 'not_recorded' then visit_count else 0 end)
            over (partition by month_start, region, segment, breakdown) as known_count
    from filled
),

final as (
    select
        cast(rows_now.month_start as date) as month_start,
        cast(rows_now.region as string) as region,
        cast(rows_now.segment as string) as segment,
        cast(rows_now.breakdown as string) as breakdown,
        cast(rows_now.breakdown_value as string) as breakdown_value,
        cast(rows_now.visit_count as bigint) as visit_count,
        cast(rows_now.head_count as bigint) as head_count,
        cast(rows_now.contact_left_count as bigint) as contact_left_count,
        cast({{ safe_divide('rows_now.contact_left_count', 'rows_now.visit_count') }} as double) as contact_left_rate,
        cast({{ wilson_low('rows_now.contact_left_count', 'rows_now.visit_count') }} as double) as contact_left_rate_low,
        cast({{ wilson_high('rows_now.contact_left_count', 'rows_now.visit_count') }} as double) as contact_left_rate_high,
        cast(rows_now.known_count as bigint) as known_count,
        cast(rows_now.all_count as bigint) as all_count,
        cast(
            case
                when rows_now.breakdown_value <> 'not_recorded'
                    then {{ safe_divide('rows_now.visit_count', 'rows_now.known_count') }}
            end as double
        ) as share_of_known,
        cast({{ safe_divide('rows_now.visit_count', 'rows_now.all_count') }} as double) as share_of_all,
        cast(previous_month.visit_count as bigint) as previous_month_visit_count,
        cast({{ growth_rate('rows_now.visit_count', 'previous_month.visit_count') }} as double)
            as month_over_month_growth_rate,
        cast(last_year.visit_count as bigint) as last_year_visit_count,
        cast({{ growth_rate('rows_now.visit_count', 'last_year.visit_count') }} as double)
            as year_over_year_growth_rate,
        cast(rows_now.test_drive_count as bigint) as test_drive_count,
        cast(rows_now.order_count as bigint) as order_count,
        cast({{ safe_divide('rows_now.order_count', 'rows_now.visit_count') }} as double) as close_rate,
        -- Orders of the month may stem from earlier visits: with more orders than visits it is no share.
        cast(
            case
                when rows_now.order_count <= rows_now.visit_count
                    then {{ wilson_low('rows_now.order_count', 'rows_now.visit_count') }}
            end as double
        ) as close_rate_low,
        cast(
            case
                when rows_now.order_count <= rows_now.visit_count
                    then {{ wilson_high('rows_now.order_count', 'rows_now.visit_count') }}
            end as double
        ) as close_rate_high
    from with_bases as rows_now
    {%- for base, months_back in [('previous_month', -1), ('last_year', -12)] %}
    left join with_bases as {{ base }}
        on {{ add_months('rows_now.month_start', months_back) }} = {{ base }}.month_start
        and rows_now.region = {{ base }}.region
        and rows_now.segment = {{ base }}.segment
        and rows_now.breakdown = {{ base }}.breakdown
        and rows_now.breakdown_value = {{ base }}.breakdown_value
    {%- endfor %}
)

select * from final
