-- one row a month, region and segment: sums over the responses of twelve months from which correlations of items follow
{%- set items = ['technology', 'quality', 'service', 'delivery', 'price', 'overall'] %}
with

answers as (
    select
        response_key,
        month_start,
        region,
        segment,
        count(*) as answered_count,
        {%- for item in items %}
        cast(max(case when item = '{{ item }}' then item_score end) as bigint) as {{ item }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ ref('fct_survey_items') }}
    where is_valid
    group by response_key, month_start, region, segment
),

-- What no form ever asked is no gap; a response that leaves out what was asked tells nothing about how items go together.
complete as (
    select *
    from answers
    where overall is not null
        and answered_count = (select count(distinct item) from {{ ref('fct_survey_items') }} where is_valid)
),

by_month as (
    select
        month_start,
        region,
        segment,
        count(*) as response_count,
        {%- for item in items %}
        sum({{ item }}) as {{ item }}_sum,
        {%- for other in items[loop.index0:] %}
        sum({{ item }} * {{ other }}) as {{ item }}_{{ other }}_sum{{ ',' if not (loop.last and item == items[-1]) }}
        {%- endfor %}
        {%- endfor %}
    from {{ with_totals('complete', ['region', 'segment']) }} as totals
    group by month_start, region, segment
),

months as (
    select distinct month_start as window_end from answers
),

final as (
    select
        cast(months.window_end as date) as month_start,
        cast(by_month.region as string) as region,
        cast(by_month.segment as string) as segment,
        cast(sum(by_month.response_count) as bigint) as response_count,
        {%- for item in items %}
        cast(sum(by_month.{{ item }}_sum) as bigint) as {{ item }}_sum,
        {%- for other in items[loop.index0:] %}
        cast(sum(by_month.{{ item }}_{{ other }}_sum) as bigint) as {{ item }}_{{ other }}_sum{{ ',' if not (loop.last and item == items[-1]) }}
        {%- endfor %}
        {%- endfor %}
    from months
    inner join by_month
        on by_month.month_start <= months.window_end
        and {{ months_between('by_month.month_start', 'months.window_end') }} < {{ threshold('importance_months') }}
    group by months.window_end, by_month.region, by_month.segment
)

select * from final
