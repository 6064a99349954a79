-- one row an inspection, of goods that go out or of goods that came back
with inspections as (

    select * from {{ ref('stg_inspections') }}

),

final as (

    select
        cast(inspections.ledger_record_key as string) as inspection_key,
        cast(inspections.inspection_id as string) as inspection_id,
        cast({{ month_start('inspections.inspected_date') }} as date) as month_start,
        cast(coalesce(inspections.region, customers.region, 'unknown') as string) as region,
        cast(coalesce(customers.segment, 'unknown') as string) as segment,
        cast(coalesce(customers.customer_key, inspections.customer_id) as string) as customer_key,
        cast(inspections.inspected_date as date) as inspected_date,
        cast(inspections.inspection_kind as string) as inspection_kind,
        cast(inspections.batch_id as string) as batch_id,
        cast(inspections.product_id as string) as product_id,
        cast(inspections.complaint_id as string) as complaint_id,
        cast(inspections.inspected_units as bigint) as inspected_units,
        cast(coalesce(inspections.nonconforming_units, 0) as bigint) as nonconforming_units,
        cast(inspections.verdict as string) as verdict,
        cast(inspections.ledger_delivery_id as string) as ledger_delivery_id,
        cast(inspections.ledger_row_number as bigint) as ledger_row_number
    from inspections
    left join {{ ref('dim_customers') }} as customers on inspections.customer_id = customers.customer_id

)

select * from final
