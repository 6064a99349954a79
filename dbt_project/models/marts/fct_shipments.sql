-- one row a batch shipped, and whether it arrived when it was promised
with shipments as (

    select * from {{ ref('stg_shipments') }}

),

final as (

    select
        cast(shipments.ledger_record_key as string) as shipment_key,
        cast(shipments.shipment_id as string) as shipment_id,
        cast({{ month_start('shipments.shipped_date') }} as date) as month_start,
        cast(coalesce(shipments.region, customers.region, orders.region, 'unknown') as string) as region,
        cast(coalesce(customers.segment, orders.segment, 'unknown') as string) as segment,
        cast(coalesce(customers.customer_key, shipments.customer_id, orders.customer_key) as string) as customer_key,
        cast(shipments.order_id as string) as order_id,
        cast(shipments.product_id as string) as product_id,
        cast(shipments.batch_id as string) as batch_id,
        cast(shipments.shipped_date as date) as shipped_date,
        cast(shipments.shipped_units as bigint) as shipped_units,
        cast(shipments.promised_arrival_date as date) as promised_arrival_date,
        cast({{ month_start('shipments.promised_arrival_date') }} as date) as due_month,
        cast(shipments.arrived_date as date) as arrived_date,
        -- the day promised is in time to its end
        cast(case
            when shipments.promised_arrival_date is null then 'undeterminable'
            when shipments.arrived_date <= shipments.promised_arrival_date then 'in_time'
            when shipments.arrived_date is not null or shipments.promised_arrival_date < run_context.as_of_date then 'late'
            else 'not_yet_due'
        end as string) as arrival_status,
        cast(coalesce(shipments.extra_freight_amount, 0) as decimal(18, 2)) as extra_freight_amount,
        cast(shipments.extra_freight_reason as string) as extra_freight_reason,
        cast(shipments.ledger_delivery_id as string) as ledger_delivery_id,
        cast(shipments.ledger_row_number as bigint) as ledger_row_number
    from shipments
    cross join {{ ref('stg_run_day') }} as run_context
    left join {{ ref('dim_customers') }} as customers on shipments.customer_id = customers.customer_id
    left join {{ ref('fct_orders') }} as orders on shipments.order_id = orders.order_id

)

select * from final
