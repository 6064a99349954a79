-- one row a month of sending, region, segment and product ('all' included): calls, forms and verdicts
{%- set counts = {
    'sent_count': "true",
    'phoned_in_time_count': "phone_status = 'in_time'",
    'phone_due_count': "phone_status in ('in_time', 'breached')",
    'form_in_time_count': "form_status = 'in_time'",
    'form_due_count': "form_status in ('in_time', 'breached')",
    'form_returned_count': "form_returned_date is not null",
    'accepted_count': "sample_verdict = 'accepted'",
    'improve_count': "sample_verdict = 'improve'",
    'rejected_count': "sample_verdict = 'rejected'",
    'fully_reviewed_count': "form_returned_date is not null and is_fully_reviewed",
} %}
with samples as (

    select * from {{ ref('fct_samples') }}

),

parts as (

    select *, 'total' as breakdown, 'all' as breakdown_value
    from samples
    union all
    select *, 'product' as breakdown, coalesce(product_id, 'unknown') as breakdown_value
    from samples

),

counted as (

    select
        month_start,
        region,
        segment,
        breakdown,
        breakdown_value
        {%- for name, condition in counts.items() %},
        count(case when {{ condition }} then 1 end) as {{ name }}
        {%- endfor %}
    from {{ with_totals('parts', ['region', 'segment']) }} as totals
    group by month_start, region, segment, breakdown, breakdown_value

),

final as (

    select
        cast(month_start as date) as month_start,
        cast(region as string) as region,
        cast(segment as string) as segment,
        cast(breakdown as string) as breakdown,
        cast(breakdown_value as string) as breakdown_value,
        cast(sent_count as bigint) as sent_count,
        cast(phone_due_count as bigint) as phone_due_count,
        cast(phoned_in_time_count as bigint) as phoned_in_time_count,
        cast({{ safe_divide('phoned_in_time_count', 'phone_due_count') }} as double) as phone_rate,
        cast({{ wilson_low('phoned_in_time_count', 'phone_due_count') }} as double) as phone_rate_low,
        cast({{ wilson_high('phoned_in_time_count', 'phone_due_count') }} as double) as phone_rate_high,
        cast(form_due_count as bigint) as form_due_count,
        cast(form_in_time_count as bigint) as form_in_time_count,
        cast({{ safe_divide('form_in_time_count', 'form_due_count') }} as double) as form_rate,
        cast({{ wilson_low('form_in_time_count', 'form_due_count') }} as double) as form_rate_low,
        cast({{ wilson_high('form_in_time_count', 'form_due_count') }} as double) as form_rate_high,
        cast(form_returned_count as bigint) as form_returned_count,
        cast(accepted_count as bigint) as accepted_count,
        cast(improve_count as bigint) as improve_count,
        cast(rejected_count as bigint) as rejected_count,
        cast(fully_reviewed_count as bigint) as fully_reviewed_count
    from counted

)

select * from final
