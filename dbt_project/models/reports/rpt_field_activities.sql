-- one row a month, region and value of a breakdown: what the field teams did, how well and how punctually
{%- set breakdowns = {'total': "'all'", 'department': 'department', 'field_worker': 'employee_id'} %}
{%- set measures = [
    'day_count', 'reported_day_count', 'target_met_day_count', 'shop_count', 'standard_shop_count',
    'people_approached_count', 'enquiry_count', 'contact_count', 'in_time_count', 'judged_report_count',
] %}
with

cells as (
    {%- for breakdown, value in breakdowns.items() %}
    select
        month_start,
        region,
        '{{ breakdown }}' as breakdown,
        coalesce({{ value }}, 'unknown') as breakdown_value,
        1 as day_count,
        case when is_reported then 1 else 0 end as reported_day_count,
        case when is_target_met then 1 else 0 end as target_met_day_count,
        shop_count,
        standard_shop_count,
        people_approached_count,
        enquiry_count,
        contact_count,
        case when report_status = 'in_time' then 1 else 0 end as in_time_count,
        case when report_status <> 'undeterminable' then 1 else 0 end as judged_report_count
    from {{ ref('fct_field_days') }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

counted as (
    select
        month_start, region, breakdown, breakdown_value,
        {%- for measure in measures %}
        sum({{ measure }}) as {{ measure }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ with_totals('cells', ['region']) }}
    group by month_start, region, breakdown, breakdown_value
),

final as (
    select
        cast(month_start as date) as month_start,
        cast(region as string) as region,
        cast(breakdown as string) as breakdown,
        cast(breakdown_value as string) as breakdown_value,
        {%- for measure in measures %}
        cast({{ measure }} as bigint) as {{ measure }},
        {%- endfor %}
        cast({{ safe_divide('shop_count', 'day_count * ' ~ threshold('field_shops_per_day')) }} as double) as activity_attainment,
        {%- for rate, (part, whole) in {
            'target_met_rate': ('target_met_day_count', 'day_count'),
            'standard_rate': ('standard_shop_count', 'shop_count'),
            'punctuality_rate': ('in_time_count', 'judged_report_count'),
        }.items() %}
        cast({{ safe_divide(part, whole) }} as double) as {{ rate }},
        cast({{ wilson_low(part, whole) }} as double) as {{ rate }}_low,
        cast({{ wilson_high(part, whole) }} as double) as {{ rate }}_high{{ ',' if not loop.last }}
        {%- endfor %}
    from counted
)

select * from final
