-- one row a month, region, segment and value of a breakdown: what was owed at its end by age, what came in beyond terms
{%- set breakdowns = {'total': "'all'", 'department': 'department', 'channel': 'channel'} %}
{%- set bands = {
    'not_due': 'not_due_amount', 'days_1_30': 'overdue_1_30_amount', 'days_31_60': 'overdue_31_60_amount',
    'days_61_90': 'overdue_61_90_amount', 'over_90': 'overdue_over_90_amount'
} %}
{%- set cell = 'month_start, region, segment, breakdown, breakdown_value' %}
with

rows_of_both as (
    select
        month_start, region, segment, channel, department, age_band, owed_amount,
        cast(null as decimal(18, 2)) as received_amount, cast(null as bigint) as days_beyond_terms
    from {{ ref('fct_receivable_months') }}
    union all
    select
        paid_month as month_start, region, segment, channel, department, cast(null as string) as age_band,
        cast(null as decimal(18, 2)) as owed_amount, instalment_amount as received_amount, days_beyond_terms
    from {{ ref('fct_instalments') }}
    where paid_date is not null
),

parts as (
    {{ broken_down('rows_of_both', breakdowns) }}
),

counted as (
    select
        {{ cell }},
        coalesce(sum(owed_amount), 0) as owed_amount,
        {%- for band, name in bands.items() %}
        coalesce(sum(case when age_band = '{{ band }}' then owed_amount end), 0) as {{ name }},
        {%- endfor %}
        count(case when age_band <> 'not_due' then 1 end) as overdue_count,
        coalesce(sum(received_amount), 0) as received_amount,
        coalesce(sum(case when days_beyond_terms > 0 then received_amount end), 0) as received_late_amount,
        sum(received_amount * days_beyond_terms) as amount_days_beyond_terms
    from {{ with_totals('parts', ['region', 'segment']) }} as totals
    group by {{ cell }}
),

final as (
    select
        cast(month_start as date) as month_start,
        cast(region as string) as region,
        cast(segment as string) as segment,
        cast(breakdown as string) as breakdown,
        cast(breakdown_value as string) as breakdown_value,
        cast(owed_amount as decimal(18, 2)) as owed_amount,
        {%- for name in bands.values() %}
        cast({{ name }} as decimal(18, 2)) as {{ name }},
        {%- endfor %}
        cast(owed_amount - not_due_amount as decimal(18, 2)) as overdue_amount,
        cast(overdue_count as bigint) as overdue_count,
        cast({{ safe_divide('owed_amount - not_due_amount', 'owed_amount') }} as double) as overdue_share,
        cast(received_amount as decimal(18, 2)) as received_amount,
        cast({{ safe_divide('received_late_amount', 'received_amount') }} as double) as received_late_share,
        cast({{ safe_divide('amount_days_beyond_terms', 'received_amount') }} as double) as days_beyond_terms
    from counted
)

select * from final
