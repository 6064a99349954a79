with

current_readings as (
    select * from {{ source('lake', 'current_readings') }}
),

deliveries as (
    select * from {{ ref('stg_deliveries') }}
),

-- The same bytes may arrive again: the reading is one, its place in the order is the last.
readings as (
    select
        delivery_id,
        max(effective_arrival_number) as effective_arrival_number
    from current_readings
    group by delivery_id
),

receipts as (
    select
        delivery_id,
        max(source) as source,
        max(supersede_by) as supersede_by,
        max(amends_delivery_id) as amends_delivery_id
    from deliveries
    group by delivery_id
),

arrivals as (
    select
        arrival_number,
        max(effective_arrival_number) as effective_arrival_number
    from current_readings
    group by arrival_number
),

-- A correction names the reading it corrects, which may have been read anew since: the arrival is the same.
corrected_arrivals as (
    select
        deliveries.delivery_id,
        max(arrivals.effective_arrival_number) as effective_arrival_number
    from deliveries
    inner join arrivals
        on deliveries.arrival_number = arrivals.arrival_number
    group by deliveries.delivery_id
),

final as (
    select
        readings.delivery_id,
        receipts.source,
        receipts.supersede_by,
        cast(readings.effective_arrival_number as bigint) as effective_arrival_number,
        cast(
            coalesce(corrected_arrivals.effective_arrival_number, readings.effective_arrival_number) as bigint
        ) as scope_arrival_number
    from readings
    left join receipts
        on readings.delivery_id = receipts.delivery_id
    left join corrected_arrivals
        on receipts.amends_delivery_id = corrected_arrivals.delivery_id
)

select * from final
