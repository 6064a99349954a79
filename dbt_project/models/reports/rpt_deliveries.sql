-- one row per receipt: a reading of a table of a file, with what became of its accepted rows
with

deliveries as (
    select * from {{ ref('stg_deliveries') }}
),

current_readings as (
    select * from {{ source('lake', 'current_readings') }}
),

current_rows as (
    select * from {{ ref('int_current_rows_counted') }}
),

-- Rows that the newest register of their scope does not repeat as they were.
withdrawn_rows as (
    select
        delivery_id,
        sum(withdrawn_row_count) as withdrawn_row_count
    from {{ ref('int_withdrawn_rows_counted') }}
    group by delivery_id
),

corrections as (
    select
        deliveries.amends_delivery_id as delivery_id,
        sum(deliveries.rows_accepted) as corrected_row_count
    from deliveries
    inner join current_readings
        on deliveries.delivery_id = current_readings.delivery_id
        and deliveries.arrival_number = current_readings.arrival_number
    where deliveries.amends_delivery_id is not null
    group by deliveries.amends_delivery_id
),

joined as (
    select
        deliveries.*,
        current_readings.delivery_id is not null as is_current_reading,
        coalesce(current_rows.current_row_count, 0) as current_row_count,
        case
            when current_readings.delivery_id is not null then coalesce(withdrawn_rows.withdrawn_row_count, 0)
            else 0
        end as withdrawn_row_count,
        coalesce(corrections.corrected_row_count, 0) as corrected_row_count
    from deliveries
    left join current_readings
        on deliveries.delivery_id = current_readings.delivery_id
        and deliveries.arrival_number = current_readings.arrival_number
    left join current_rows
        on deliveries.delivery_id = current_rows.delivery_id
        and deliveries.rows_accepted > 0
    left join withdrawn_rows
        on deliveries.delivery_id = withdrawn_rows.delivery_id
        and deliveries.rows_accepted > 0
    left join corrections
        on deliveries.delivery_id = corrections.delivery_id
        and deliveries.rows_accepted > 0
),

final as (
    select
        cast(arrival_number as bigint) as arrival_number,
        cast(delivery_id as string) as delivery_id,
        cast(source as string) as source,
        cast(status as string) as status,
        cast(is_current_reading as boolean) as is_current_reading,
        cast(file_name as string) as file_name,
        cast(member as string) as member,
        cast(sheet as string) as sheet,
        cast(table_number as bigint) as table_number,
        cast(file_size_bytes as bigint) as file_size_bytes,
        cast(file_sha256 as string) as file_sha256,
        cast(department as string) as department,
        cast(mapping_name as string) as mapping_name,
        cast(supersede_by as string) as supersede_by,
        cast(amends_delivery_id as string) as amends_delivery_id,
        cast(encoding as string) as encoding,
        cast(encoding_confidence as double) as encoding_confidence,
        cast(delimiter as string) as delimiter,
        cast(header_row as bigint) as header_row,
        cast(reading_notes as string) as reading_notes,
        cast(rows_read as bigint) as rows_read,
        cast(rows_accepted as bigint) as rows_accepted,
        cast(rows_rejected as bigint) as rows_rejected,
        cast(rows_waiting as bigint) as rows_waiting,
        cast(rows_skipped as bigint) as rows_skipped,
        cast(rows_with_warning as bigint) as rows_with_warning,
        cast(cells_asked as bigint) as cells_asked,
        cast(cells_filled as bigint) as cells_filled,
        cast(current_row_count as bigint) as current_row_count,
        cast(rows_accepted - current_row_count - withdrawn_row_count as bigint) as superseded_row_count,
        cast(withdrawn_row_count as bigint) as withdrawn_row_count,
        cast(corrected_row_count as bigint) as corrected_row_count,
        cast(problems as string) as problems,
        cast(first_date as date) as first_date,
        cast(last_date as date) as last_date,
        cast(delivered_at as timestamp) as delivered_at
    from joined
)

select * from final
