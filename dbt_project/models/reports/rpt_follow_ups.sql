-- one row a month, region, segment and value of a breakdown: contacts made in the month, plans that fell due in it
{%- set breakdowns = {'total': "'all'", 'department': 'department', 'consultant': 'employee_id', 'follow_up_method': 'follow_up_method'} %}
{%- set measures = [
    'contact_count', 'signed_count', 'signature_known_count', 'planned_count', 'kept_count', 'late_count', 'overdue_count',
    'not_yet_due_count',
] %}
with

contacts as (
    select * from {{ ref('fct_follow_ups') }}
),

cells as (
    {%- for breakdown, value in breakdowns.items() %}
    select
        month_start, region, segment, '{{ breakdown }}' as breakdown, coalesce({{ value }}, 'unknown') as breakdown_value,
        count(*) as contact_count,
        count(*) filter (where is_signed_by_supervisor) as signed_count,
        count(is_signed_by_supervisor) as signature_known_count,
        0 as planned_count, 0 as kept_count, 0 as late_count, 0 as overdue_count, 0 as not_yet_due_count
    from contacts
    group by 1, 2, 3, 4, 5
    union all
    select
        planned_month, region, segment, '{{ breakdown }}', coalesce({{ value }}, 'unknown'),
        0, 0, 0,
        count(*),
        count(*) filter (where plan_status = 'kept'),
        count(*) filter (where plan_status = 'late'),
        count(*) filter (where plan_status = 'overdue'),
        count(*) filter (where plan_status = 'not_yet_due')
    from contacts
    where planned_month is not null
    group by 1, 2, 3, 4, 5
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

counted as (
    select
        month_start, region, segment, breakdown, breakdown_value,
        {%- for measure in measures %}
        sum({{ measure }}) as {{ measure }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ with_totals('cells', ['region', 'segment']) }}
    group by month_start, region, segment, breakdown, breakdown_value
),

-- A rate of one person on a handful of plans says nothing of the person: it is not published.
based as (
    select
        *,
        kept_count + late_count + overdue_count as due_count,
        case
            when breakdown <> 'consultant' or kept_count + late_count + overdue_count >= {{ threshold('small_base') }}
                then kept_count + late_count + overdue_count
        end as judged_count
    from counted
),

final as (
    select
        cast(month_start as date) as month_start,
        cast(region as string) as region,
        cast(segment as string) as segment,
        cast(breakdown as string) as breakdown,
        cast(breakdown_value as string) as breakdown_value,
        cast(contact_count as bigint) as contact_count,
        cast({{ safe_divide('signed_count', 'signature_known_count') }} as double) as signed_rate,
        cast({{ wilson_low('signed_count', 'signature_known_count') }} as double) as signed_rate_low,
        cast({{ wilson_high('signed_count', 'signature_known_count') }} as double) as signed_rate_high,
        cast(planned_count as bigint) as planned_count,
        cast(due_count as bigint) as due_count,
        cast(kept_count as bigint) as kept_count,
        cast(late_count as bigint) as late_count,
        cast(overdue_count as bigint) as overdue_count,
        cast(not_yet_due_count as bigint) as not_yet_due_count,
        cast({{ safe_divide('kept_count', 'judged_count') }} as double) as compliance_rate,
        cast({{ wilson_low('kept_count', 'judged_count') }} as double) as compliance_rate_low,
        cast({{ wilson_high('kept_count', 'judged_count') }} as double) as compliance_rate_high
    from based
)

select * from final
