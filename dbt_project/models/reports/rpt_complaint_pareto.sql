-- one row a month of receipt, region, segment and category of complaint, the most frequent first
{{ config(meta={'increment': {
    'key': ['month_start'],
    'touched_by': {
        'fct_complaints': 'select month_start from changes.fct_complaints',
    }
}}) }}
with complaints as (

    select month_start, region, segment, category
    from {{ ref('fct_complaints') }} {{ only_touched('month_start') }}
    where is_complaint

),

counted as (

    select month_start, region, segment, category, count(*) as complaint_count
    from {{ with_totals('complaints', ['region', 'segment']) }} as totals
    group by month_start, region, segment, category

),

ranked as (

    select
        *,
        sum(complaint_count) over (partition by month_start, region, segment) as all_complaint_count,
        row_number() over (
            partition by month_start, region, segment order by complaint_count desc nulls last, category
        ) as category_rank,
        sum(complaint_count) over (
            partition by month_start, region, segment order by complaint_count desc nulls last, category
            rows between unbounded preceding and current row
        ) as cumulative_complaint_count
    from counted

),

final as (

    select
        cast(month_start as date) as month_start,
        cast(region as string) as region,
        cast(segment as string) as segment,
        cast(category as string) as category,
        cast(category_rank as bigint) as category_rank,
        cast(complaint_count as bigint) as complaint_count,
        cast(cumulative_complaint_count as bigint) as cumulative_complaint_count,
        cast(all_complaint_count as bigint) as all_complaint_count,
        cast({{ safe_divide('complaint_count', 'all_complaint_count') }} as double) as share,
        cast({{ safe_divide('cumulative_complaint_count', 'all_complaint_count') }} as double) as cumulative_share,
        -- the most frequent category is always class A, even where it alone exceeds the bound
        cast(case
            when category_rank = 1 then 'A'
            when {{ safe_divide('cumulative_complaint_count', 'all_complaint_count') }} <= {{ threshold('pareto_a_share') }} then 'A'
            when {{ safe_divide('cumulative_complaint_count', 'all_complaint_count') }} <= {{ threshold('pareto_b_share') }} then 'B'
            else 'C'
        end as string) as pareto_class
    from ranked

)

select * from final
