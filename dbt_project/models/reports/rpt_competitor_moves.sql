-- one row a move of a competitor in a region, however many reported it, in the month in which it was first heard of
with

reports as (
    select
        *,
        coalesce(competitor_product, '') as known_product,
        {{ month_start('coalesce(move_effective_date, observed_date)') }} as effective_month
    from {{ ref('fct_market_intelligence') }}
    where competitor is not null and competitor_move is not null
),

moves as (
    select
        competitor,
        known_product,
        competitor_move,
        region,
        effective_month,
        min(observed_date) as first_observed_date,
        min(move_effective_date) as effective_date,
        max(product_id) as product_id,
        count(*) as report_count,
        count(distinct department) as department_count,
        count(case when information_origin = 'internal' then 1 end) as internal_count,
        count(case when information_origin = 'external' then 1 end) as external_count,
        count(case when is_reliable then 1 end) as reliable_count
    from reports
    group by competitor, known_product, competitor_move, region, effective_month
),

final as (
    select
        {{ month_start('first_observed_date') }} as month_start,
        cast(region as string) as region,
        cast(competitor as string) as competitor,
        cast(known_product as string) as competitor_product,
        cast(competitor_move as string) as competitor_move,
        cast(effective_month as date) as effective_month,
        cast(first_observed_date as date) as first_observed_date,
        cast(effective_date as date) as effective_date,
        cast(product_id as string) as product_id,
        cast(report_count as bigint) as report_count,
        cast(department_count as bigint) as department_count,
        -- Verified by whoever wrote it down, or told from inside and from outside.
        cast(reliable_count > 0 or (internal_count > 0 and external_count > 0) as boolean) as is_confirmed
    from moves
)

select * from final
