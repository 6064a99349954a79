-- one row a shop or other activity of a field team, with what the procedure asks of a shop
with

activities as (
    select
        *,
        activity_type is null or activity_type = 'shop_establishment' as is_shop
    from {{ ref('stg_field_activities') }}
),

judged as (
    select
        *,
        shop_area >= {{ threshold('field_shop_area') }} as is_large_enough,
        people_approached_count >= {{ threshold('field_people_per_shop') }} as is_enough_people,
        coalesce(shop_region = region, true) as is_in_own_region
    from activities
),

final as (
    select
        cast(activity_id as string) as activity_id,
        cast(activity_date as date) as activity_date,
        {{ month_start('activity_date') }} as month_start,
        cast(coalesce(judged.region, 'unknown') as string) as region,
        cast('unknown' as string) as segment,
        cast(judged.department as string) as department,
        cast(field_worker_surrogate as string) as field_worker_key,
        cast(employees.employee_id as string) as employee_id,
        cast(activity_type as string) as activity_type,
        cast(is_shop as boolean) as is_shop,
        cast(shop_area as double) as shop_area,
        cast(people_approached_count as bigint) as people_approached_count,
        cast(enquiry_count as bigint) as enquiry_count,
        cast(contact_count as bigint) as contact_count,
        cast(is_photo_filed as boolean) as is_photo_filed,
        cast(is_in_own_region as boolean) as is_in_own_region,
        -- What is not written down is not shown to be so.
        cast(
            is_shop and is_in_own_region and coalesce(is_large_enough, false) and coalesce(is_enough_people, false)
            and coalesce(is_photo_filed, false) as boolean
        ) as is_up_to_standard,
        cast(reported_at as timestamp) as reported_at,
        cast(judged.ledger_delivery_id as string) as ledger_delivery_id,
        cast(judged.ledger_row_number as bigint) as ledger_row_number
    from judged
    left join {{ ref('dim_employees') }} as employees
        on judged.field_worker_surrogate = employees.employee_name_surrogate
)

select * from final
