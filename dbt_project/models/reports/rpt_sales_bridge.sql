-- one row a complete month, region, segment, comparison and product category (or the total): why sales changed
-- Pieces are added up within a category only: a car and a floor mat are no two pieces of anything. Of products sold in
-- both months, at last time's prices: as many pieces more or fewer at the category's average (volume), dearer or cheaper
-- products among them (mix), and then today's prices (price). Each step is a difference of amounts in cents, so that
-- they add up without a remainder.
{%- set comparisons = {'previous_month': -1, 'last_year': -12} %}
{%- set cell = 'month_start, comparison, region, segment, product_category' %}
{%- set effects = ['volume_effect', 'mix_effect', 'price_effect', 'added_effect', 'dropped_effect', 'other_effect'] %}
with

products as (
    select
        sales.month_start,
        sales.region,
        sales.segment,
        coalesce(products.product_category, 'unknown') as product_category,
        sales.breakdown_value as product_id,
        sales.sales_amount,
        sales.units_sold
    from {{ ref('int_sales_counted') }} as sales
    left join {{ ref('dim_products') }} as products
        on sales.breakdown_value = products.product_id
    where sales.breakdown = 'product'
),

complete_months as (
    select dates.month_start
    from {{ ref('dim_dates') }} as dates
    cross join {{ ref('stg_run_day') }} as today
    where dates.month_start >= (select min(month_start) from products)
    group by dates.month_start
    having max(dates.date_day) <= max(today.as_of_date)
),

compared_months as (
    {%- for comparison, distance in comparisons.items() %}
    select
        months.month_start,
        '{{ comparison }}' as comparison,
        {{ add_months('months.month_start', distance) }} as base_month_start
    from complete_months as months
    where {{ add_months('months.month_start', distance) }} >= (select min(month_start) from products)
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

sides as (
    select
        compared_months.month_start,
        compared_months.comparison,
        products.region,
        products.segment,
        products.product_category,
        products.product_id,
        cast(0 as decimal(18, 2)) as base_amount,
        cast(null as decimal(18, 4)) as base_units,
        products.sales_amount,
        products.units_sold
    from compared_months
    inner join products
        on compared_months.month_start = products.month_start
    union all
    select
        compared_months.month_start,
        compared_months.comparison,
        products.region,
        products.segment,
        products.product_category,
        products.product_id,
        products.sales_amount as base_amount,
        products.units_sold as base_units,
        cast(0 as decimal(18, 2)) as sales_amount,
        cast(null as decimal(18, 4)) as units_sold
    from compared_months
    inner join products
        on compared_months.base_month_start = products.month_start
),

compared as (
    select
        {{ cell }},
        product_id,
        sum(base_amount) as base_amount,
        sum(base_units) as base_units,
        sum(sales_amount) as sales_amount,
        sum(units_sold) as units_sold
    from sides
    group by {{ cell }}, product_id
),

-- Without pieces on both sides there is no price to compare: more given back than sold stays by itself.
told_apart as (
    select
        *,
        case
            when base_units > 0 and units_sold > 0 then 'continued'
            when base_units is null then 'added'
            when units_sold is null then 'dropped'
            else 'other'
        end as product_kind
    from compared
),

repriced as (
    select
        *,
        case
            when product_kind = 'continued'
                then {{ in_cents('cast(units_sold as double) * cast(base_amount as double) / cast(base_units as double)') }}
        end as repriced_amount
    from told_apart
),

categories as (
    select
        {{ cell }},
        sum(base_amount) as base_amount,
        sum(sales_amount) as sales_amount,
        coalesce(sum(case when product_kind = 'continued' then base_amount end), 0) as continued_base_amount,
        coalesce(sum(case when product_kind = 'continued' then sales_amount end), 0) as continued_amount,
        sum(case when product_kind = 'continued' then base_units end) as continued_base_units,
        sum(case when product_kind = 'continued' then units_sold end) as continued_units,
        coalesce(sum(repriced_amount), 0) as repriced_amount,
        coalesce(sum(case when product_kind = 'added' then sales_amount end), 0) as added_effect,
        coalesce(sum(case when product_kind = 'dropped' then -base_amount end), 0) as dropped_effect,
        coalesce(sum(case when product_kind = 'other' then sales_amount - base_amount end), 0) as other_effect
    from repriced
    group by {{ cell }}
),

at_old_average as (
    select
        *,
        coalesce(
            {{ in_cents(
                'cast(continued_units as double) * cast(continued_base_amount as double) / cast(continued_base_units as double)'
            ) }}, 0
        ) as average_amount
    from categories
),

explained as (
    select
        *,
        average_amount - continued_base_amount as volume_effect,
        repriced_amount - average_amount as mix_effect,
        continued_amount - repriced_amount as price_effect
    from at_old_average
),

parts as (
    select *, 'product_category' as breakdown, product_category as breakdown_value
    from explained
    union all
    select *, 'total' as breakdown, 'all' as breakdown_value
    from explained
),

final as (
    select
        cast(month_start as date) as month_start,
        cast(region as string) as region,
        cast(segment as string) as segment,
        cast(comparison as string) as comparison,
        cast(breakdown as string) as breakdown,
        cast(breakdown_value as string) as breakdown_value,
        cast(sum(base_amount) as decimal(18, 2)) as base_amount,
        {%- for effect in effects %}
        cast(sum({{ effect }}) as decimal(18, 2)) as {{ effect }},
        {%- endfor %}
        cast(sum(sales_amount) as decimal(18, 2)) as sales_amount
    from parts
    group by 1, 2, 3, 4, 5, 6
)

select * from final
