-- one row a month, region and segment: what the process did to customers, and how many of its criteria were met
with performance as (

    select * from {{ ref('int_process_performance') }}

),

summed as (

    select
        month_start,
        region,
        segment
        {%- for name in process_sums() %},
        sum({{ name }}) as {{ name }}
        {%- endfor %}
    from {{ with_totals('performance', ['region', 'segment']) }} as totals
    group by month_start, region, segment

),

judged as (

    select
        *
        {%- for name, condition in process_criteria().items() %},
        {{ condition }} as is_{{ name }}_met
        {%- endfor %}
    from summed

),

final as (

    select
        cast(judged.month_start as date) as month_start,
        cast(judged.region as string) as region,
        cast(judged.segment as string) as segment,
        cast(due_batch_count as bigint) as due_batch_count,
        cast(in_time_batch_count as bigint) as in_time_batch_count,
        cast({{ safe_divide('in_time_batch_count', 'due_batch_count') }} as double) as on_time_rate,
        cast({{ wilson_low('in_time_batch_count', 'due_batch_count') }} as double) as on_time_rate_low,
        cast({{ wilson_high('in_time_batch_count', 'due_batch_count') }} as double) as on_time_rate_high,
        cast(due_batch_count - in_time_batch_count as bigint) as late_batch_count,
        cast(extra_freight_amount as decimal(18, 2)) as extra_freight_amount,
        cast(line_stop_count as bigint) as line_stop_count,
        cast(warning_count as bigint) as warning_count,
        cast(major_complaint_count as bigint) as major_complaint_count,
        cast(inspected_units as bigint) as inspected_units,
        cast(conforming_units as bigint) as conforming_units,
        cast({{ safe_divide('conforming_units', 'inspected_units') }} as double) as quality_pass_rate,
        cast({{ wilson_low('conforming_units', 'inspected_units') }} as double) as quality_pass_rate_low,
        cast({{ wilson_high('conforming_units', 'inspected_units') }} as double) as quality_pass_rate_high,
        {%- for name in process_criteria() %}
        cast(is_{{ name }}_met as boolean) as is_{{ name }}_met,
        {%- endfor %}
        cast({{ criteria_count('is not null') }} as bigint) as criteria_count,
        cast({{ criteria_count('') }} as bigint) as criteria_met_count,
        cast(100 * {{ safe_divide(criteria_count(''), criteria_count('is not null')) }} as double) as process_score,
        cast(satisfaction.satisfaction_score as double) as survey_score
    from judged
    left join {{ ref('rpt_satisfaction') }} as satisfaction
        on judged.month_start = satisfaction.month_start
        and judged.region = satisfaction.region
        and judged.segment = satisfaction.segment

)

select * from final
