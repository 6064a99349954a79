-- one row an entry of the plan of what is needed: the month's plan, a weekly change of it, an urgent additional order
select
    cast(plans.ledger_record_key as string) as plan_key,
    {{ month_start('plans.plan_month') }} as month_start,
    cast(plans.issued_date as date) as issued_date,
    cast(plans.plan_kind as string) as plan_kind,
    cast(coalesce(plans.region, 'unknown') as string) as region,
    cast(coalesce(plans.segment, 'unknown') as string) as segment,
    cast(coalesce(plans.department, 'unknown') as string) as department,
    cast(plans.product_id as string) as product_id,
    cast(coalesce(products.product_name, plans.product_id) as string) as product_name,
    cast(plans.planned_quantity as decimal(18, 4)) as planned_quantity,
    cast(plans.ledger_delivery_id as string) as ledger_delivery_id,
    cast(plans.ledger_row_number as bigint) as ledger_row_number
from {{ ref('stg_sales_plans') }} as plans
left join {{ ref('dim_products') }} as products
    on plans.product_id = products.product_id
