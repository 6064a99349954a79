-- one row a month and source, with their total: by what the register tells who its people are, and of how many it does not
{%- set registers = {'visits': 'is_register_entry', 'orders': 'month_start is not null', 'complaints': 'true'} %}
{%- set grounds = ['phone', 'email', 'customer_number', 'name_and_company', 'decision', 'uncertain', 'none'] %}
with

rows_of_registers as (
    {%- for source_name, filter in registers.items() %}
    select '{{ source_name }}' as source, month_start, identity_basis, identity_confidence
    from {{ ref('fct_' ~ source_name) }}
    where {{ filter }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

-- Summed up before the totals are made: the registers are long.
counted as (
    select
        source,
        month_start,
        count(*) as row_count,
        {%- for ground in grounds %}
        count(case when identity_basis = '{{ ground }}' then 1 end) as {{ ground }}_count,
        {%- endfor %}
        sum(case when identity_basis = 'name_and_company' then 1 - identity_confidence else 0 end) as expected_wrong_count
    from rows_of_registers
    group by source, month_start
),

summed as (
    select
        source,
        month_start,
        sum(row_count) as row_count,
        {%- for ground in grounds %}
        sum({{ ground }}_count) as {{ ground }}_count,
        {%- endfor %}
        sum(expected_wrong_count) as expected_wrong_count
    from {{ with_totals('counted', ['source']) }} as counted_with_totals
    group by source, month_start
),

identified as (
    select
        *,
        row_count - uncertain_count - none_count as identified_count
    from summed
),

final as (
    select
        cast(month_start as date) as month_start,
        cast(source as string) as source,
        cast(row_count as bigint) as row_count,
        cast(phone_count as bigint) as phone_count,
        cast(email_count as bigint) as email_count,
        cast(customer_number_count as bigint) as customer_number_count,
        cast(name_and_company_count as bigint) as name_and_company_count,
        cast(decision_count as bigint) as decision_count,
        cast(uncertain_count as bigint) as uncertain_count,
        cast(none_count as bigint) as unknown_count,
        cast(identified_count as bigint) as identified_count,
        cast({{ safe_divide('identified_count', 'row_count') }} as double) as identified_rate,
        cast({{ wilson_low('identified_count', 'row_count') }} as double) as identified_low,
        cast({{ wilson_high('identified_count', 'row_count') }} as double) as identified_high,
        cast(round(expected_wrong_count, 4) as double) as expected_wrong_count
    from identified
)

select * from final
