-- one row per product: the master records, then products that only order lines mention
with

masters as (
    select * from {{ ref('stg_products') }}
),

mentioned_products as (
    select
        coalesce(product_id, product_name) as product_id,
        max(product_name) as product_name,
        max(product_category) as product_category
    from {{ ref('stg_sales') }}
    where coalesce(product_id, product_name) is not null
    group by 1
),

final as (
    select
        cast(coalesce(masters.product_id, mentioned.product_id) as string) as product_id,
        cast(
            coalesce(masters.product_name, mentioned.product_name, masters.product_id, mentioned.product_id) as string
        ) as product_name,
        cast(coalesce(masters.product_category, mentioned.product_category, 'unknown') as string) as product_category,
        cast(masters.launch_date as date) as launch_date,
        cast(masters.list_price as decimal(18, 2)) as list_price,
        cast(masters.unit_of_measure as string) as unit_of_measure,
        cast(masters.product_id is not null as boolean) as is_in_master
    from masters
    full outer join mentioned_products as mentioned
        on masters.product_id = mentioned.product_id
)

select * from final
