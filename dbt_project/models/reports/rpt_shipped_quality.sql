-- one row a month, region, segment and product ('all' included): complaints and returns held against units shipped
{%- set chart = 'partition by region, segment, breakdown, breakdown_value' %}
with counted as (

    select * from {{ ref('int_shipped_quality_counted') }}

),

-- the mean of all months with shipments is the centre of the u-chart; its limits widen where little was shipped
charted as (

    select
        *,
        {{ safe_divide('complaint_count', 'shipped_units') }} as complaint_share,
        case when shipped_units > 0 then
            {{ safe_divide(
                'sum(case when shipped_units > 0 then complaint_count end) over (' ~ chart ~ ')',
                'sum(shipped_units) over (' ~ chart ~ ')'
            ) }}
        end as center_share
    from counted

),

limited as (

    select
        *,
        case when shipped_units > 0 then
            greatest(center_share - {{ threshold('control_limit_sigmas') }} * sqrt(center_share / shipped_units), 0)
        end as lower_share,
        center_share + {{ threshold('control_limit_sigmas') }} * sqrt(center_share / shipped_units) as upper_share
    from charted

),

final as (

    select
        cast(month_start as date) as month_start,
        cast(region as string) as region,
        cast(segment as string) as segment,
        cast(breakdown as string) as breakdown,
        cast(breakdown_value as string) as breakdown_value,
        cast(shipped_units as bigint) as shipped_units,
        cast(complaint_count as bigint) as complaint_count,
        cast(complaint_share * 1000000 as double) as complaint_ppm,
        cast(center_share * 1000000 as double) as control_center,
        cast(lower_share * 1000000 as double) as control_lower,
        cast(upper_share * 1000000 as double) as control_upper,
        cast(complaint_share > upper_share or complaint_share < lower_share as boolean) as is_out_of_control,
        cast(shipped_complaint_count as bigint) as shipped_complaint_count,
        cast({{ safe_divide('shipped_complaint_count', 'shipped_units') }} * 1000000 as double) as shipped_complaint_ppm,
        cast(return_count as bigint) as return_count,
        cast(returned_units as bigint) as returned_units,
        cast(refused_units as bigint) as refused_units,
        cast({{ safe_divide('returned_units', 'shipped_units') }} as double) as return_rate,
        -- more given back than shipped in a month is no share of it
        cast(case when returned_units <= shipped_units then {{ wilson_low('returned_units', 'shipped_units') }} end as double)
            as return_rate_low,
        cast(case when returned_units <= shipped_units then {{ wilson_high('returned_units', 'shipped_units') }} end as double)
            as return_rate_high
    from limited

)

select * from final
