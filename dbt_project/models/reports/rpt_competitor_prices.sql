-- one row a month, region and competing product whose price was heard: against the month before and the own product
with

heard as (
    select
        month_start,
        region,
        competitor,
        coalesce(competitor_product, '') as competitor_product,
        max(product_id) as product_id,
        count(*) as price_count,
        cast({{ percentile('cast(competitor_price as double)', 0.5) }} as double) as competitor_price
    from {{ with_totals('(select * from ' ~ ref('fct_market_intelligence') ~ ' where is_price_taken and competitor is not null)', ['region']) }} as prices
    group by month_start, region, competitor, coalesce(competitor_product, '')
),

compared as (
    select
        *,
        lag(competitor_price) over (
            partition by region, competitor, competitor_product order by month_start
        ) as previous_price,
        lag(month_start) over (
            partition by region, competitor, competitor_product order by month_start
        ) as previous_month_start
    from heard
),

own as (
    select
        month_start,
        region,
        breakdown_value as product_id,
        {{ safe_divide('sales_amount', 'units_sold') }} as average_price
    from {{ ref('int_sales_counted') }}
    where segment = 'all' and breakdown = 'product' and units_sold > 0
),

final as (
    select
        cast(compared.month_start as date) as month_start,
        cast(compared.region as string) as region,
        cast(compared.competitor as string) as competitor,
        cast(compared.competitor_product as string) as competitor_product,
        cast(compared.product_id as string) as product_id,
        cast(compared.price_count as bigint) as price_count,
        cast(compared.competitor_price as decimal(18, 2)) as competitor_price,
        cast(compared.previous_month_start as date) as previous_month_start,
        cast(compared.previous_price as decimal(18, 2)) as previous_price,
        cast({{ growth_rate('compared.competitor_price', 'compared.previous_price') }} as double) as price_change_rate,
        cast(products.list_price as decimal(18, 2)) as own_list_price,
        cast({{ growth_rate('compared.competitor_price', 'products.list_price') }} as double) as list_price_gap_rate,
        cast(own.average_price as decimal(18, 2)) as own_average_price,
        cast({{ growth_rate('compared.competitor_price', 'own.average_price') }} as double) as price_gap_rate
    from compared
    left join {{ ref('dim_products') }} as products
        on compared.product_id = products.product_id
    left join own
        on compared.product_id = own.product_id
        and compared.month_start = own.month_start
        and compared.region = own.region
)

select * from final
