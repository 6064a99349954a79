-- one row a region, segment and department, or field that a customer's file must hold, with their total: how whole and how
-- old the files are
{%- set counts = {
    'file_count': 'is_in_master', 'without_file_count': 'not is_in_master', 'complete_count': 'is_complete',
    'age_known_count': 'is_in_master and age_days is not null', 'stale_count': 'is_in_master and is_stale',
    'opening_known_count': 'is_opened_late is not null', 'opened_late_count': 'is_opened_late',
    'changed_count': 'version_count > 1',
} %}
with

files as (
    select
        customer_files.*,
        {{ month_start('run_day.as_of_date') }} as run_month
    from {{ ref('fct_customer_files') }} as customer_files
    cross join {{ ref('stg_run_day') }} as run_day
),

fields as (
    select field_name from {{ ref('customer_file_fields') }}
),

cells as (
    {%- for breakdown, value in {'total': "'all'", 'department': "coalesce(department, 'unknown')"}.items() %}
    select
        run_month as month_start, region, segment, '{{ breakdown }}' as breakdown, {{ value }} as breakdown_value,
        {%- for name, condition in counts.items() %}
        sum(case when {{ condition }} then 1 else 0 end) as {{ name }},
        {%- endfor %}
        sum(case when is_in_master then required_count else 0 end) as required_count,
        sum(case when is_in_master then filled_count else 0 end) as filled_count,
        sum(case when is_in_master then age_days else 0 end) as age_days
    from files
    group by run_month, region, segment, {{ value }}
    union all
    {%- endfor %}
    select
        files.run_month as month_start, files.region, files.segment, 'field' as breakdown, fields.field_name as breakdown_value,
        {%- for name, condition in counts.items() %}
        {{ 'count(*)' if name == 'file_count' else 'cast(null as bigint)' }} as {{ name }},
        {%- endfor %}
        count(*) as required_count,
        sum(case when ' ' || files.missing_fields || ' ' like '% ' || fields.field_name || ' %' then 0 else 1 end) as filled_count,
        cast(null as bigint) as age_days
    from files
    cross join fields
    where files.is_in_master
    group by files.run_month, files.region, files.segment, fields.field_name
),

counted as (
    select
        month_start,
        region,
        segment,
        breakdown,
        breakdown_value,
        {%- for name in counts %}
        sum({{ name }}) as {{ name }},
        {%- endfor %}
        sum(required_count) as required_count,
        sum(filled_count) as filled_count,
        sum(age_days) as age_days
    from {{ with_totals('cells', ['region', 'segment']) }}
    group by month_start, region, segment, breakdown, breakdown_value
),

final as (
    select
        cast(month_start as date) as month_start,
        cast(region as string) as region,
        cast(segment as string) as segment,
        cast(breakdown as string) as breakdown,
        cast(breakdown_value as string) as breakdown_value,
        {%- for name in counts %}
        cast({{ name }} as bigint) as {{ name }},
        {%- endfor %}
        cast(required_count as bigint) as required_count,
        cast(filled_count as bigint) as filled_count,
        cast({{ safe_divide('filled_count', 'required_count') }} as double) as completeness,
        {%- for rate, (part, base) in {
            'complete_rate': ('complete_count', 'file_count'), 'stale_rate': ('stale_count', 'age_known_count'),
            'opened_late_rate': ('opened_late_count', 'opening_known_count'),
        }.items() %}
        cast({{ safe_divide(part, base) }} as double) as {{ rate }},
        cast({{ wilson_low(part, base) }} as double) as {{ rate }}_low,
        cast({{ wilson_high(part, base) }} as double) as {{ rate }}_high,
        {%- endfor %}
        cast({{ safe_divide('age_days', 'age_known_count') }} as double) as mean_age_days
    from counted
)

select * from final
