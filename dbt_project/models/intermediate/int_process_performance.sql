-- one row a month, region, segment and customer: what the process did to the customer, as sums
{%- set names = [
    'due_batch_count', 'in_time_batch_count', 'line_stop_count', 'warning_count', 'major_complaint_count',
    'inspected_units', 'conforming_units'
] %}
with happened as (

    select due_month as month_start, region, segment, customer_key,
        1 as due_batch_count, case when arrival_status = 'in_time' then 1 else 0 end as in_time_batch_count,
        cast(0 as decimal(18, 2)) as extra_freight_amount,
        0 as line_stop_count, 0 as warning_count, 0 as major_complaint_count, 0 as inspected_units, 0 as conforming_units
    from {{ ref('fct_shipments') }}
    where arrival_status in ('in_time', 'late')
    union all
    select month_start, region, segment, customer_key, 0, 0, extra_freight_amount, 0, 0, 0, 0, 0
    from {{ ref('fct_shipments') }}
    where extra_freight_amount > 0
    union all
    select month_start, region, segment, customer_key, 0, 0, 0,
        case when incident_type = 'line_stop' then 1 else 0 end,
        case when incident_type = 'customer_warning' then 1 else 0 end,
        0, 0, 0
    from {{ ref('fct_quality_incidents') }}
    where incident_type in ('line_stop', 'customer_warning')
    union all
    select month_start, region, segment, customer_key, 0, 0, 0, 0, 0, 1, 0, 0
    from {{ ref('fct_complaints') }}
    where is_complaint and priority in ('high', 'urgent')
    union all
    select month_start, region, segment, customer_key, 0, 0, 0, 0, 0, 0, inspected_units,
        inspected_units - nonconforming_units
    from {{ ref('fct_inspections') }}
    where inspection_kind = 'outgoing'

),

final as (

    select
        cast(month_start as date) as month_start,
        cast(region as string) as region,
        cast(segment as string) as segment,
        cast(coalesce(customer_key, 'unknown') as string) as customer_key,
        cast(sum(extra_freight_amount) as decimal(18, 2)) as extra_freight_amount
        {%- for name in names %},
        cast(sum({{ name }}) as bigint) as {{ name }}
        {%- endfor %}
    from happened
    group by month_start, region, segment, coalesce(customer_key, 'unknown')

)

select * from final
