-- one row a field worker and day: what was done against the day's target, and whether the report came in time
-- A working day between a worker's first and last day of a month on which nothing is written stands here as well.
{%- set worker = 'region, department, field_worker_key, employee_id' %}
with

activities as (
    select * from {{ ref('fct_field_activities') }}
),

done as (
    select
        activity_date, month_start, {{ worker }},
        count(*) filter (where is_shop) as shop_count,
        count(*) filter (where is_up_to_standard) as standard_shop_count,
        sum(people_approached_count) as people_approached_count,
        sum(enquiry_count) as enquiry_count,
        sum(contact_count) as contact_count,
        max(reported_at) as reported_at,
        min(ledger_delivery_id) as ledger_delivery_id,
        min(ledger_row_number) as ledger_row_number
    from activities
    group by activity_date, month_start, {{ worker }}
),

spans as (
    select month_start, {{ worker }}, min(activity_date) as first_date, max(activity_date) as last_date
    from done
    group by month_start, {{ worker }}
),

expected as (
    select working_days.date as activity_date, spans.month_start, {{ worker }}
    from spans
    inner join {{ ref('int_working_days') }} as working_days
        on working_days.date between spans.first_date and spans.last_date
        and working_days.is_worked = 1
    union
    select activity_date, month_start, {{ worker }} from done
),

days as (
    select
        expected.*,
        done.* except (activity_date, month_start, {{ worker }}),
        done.activity_date is not null as is_reported,
        {{ hours_between('cast(expected.activity_date as timestamp)', local_timestamp('done.reported_at', 'run_context.time_zone')) }}
            as reported_hour,
        -- 5 January 2024 was a Friday.
        case
            when {{ days_between("cast('2024-01-05' as date)", 'expected.activity_date') }} % 7 = 0
                then {{ threshold('field_report_hour_friday') }}
            else {{ threshold('field_report_hour') }}
        end as report_hour
    from expected
    cross join {{ ref('stg_run_day') }} as run_context
    left join done
        on expected.activity_date = done.activity_date
        and expected.region = done.region
        and expected.department is not distinct from done.department
        and expected.field_worker_key is not distinct from done.field_worker_key
),

final as (
    select
        cast(activity_date as date) as activity_date,
        cast(month_start as date) as month_start,
        cast(region as string) as region,
        cast('unknown' as string) as segment,
        cast(department as string) as department,
        cast(field_worker_key as string) as field_worker_key,
        cast(employee_id as string) as employee_id,
        cast(is_reported as boolean) as is_reported,
        cast(coalesce(shop_count, 0) as bigint) as shop_count,
        cast(coalesce(standard_shop_count, 0) as bigint) as standard_shop_count,
        cast(coalesce(shop_count, 0) >= {{ threshold('field_shops_per_day') }} as boolean) as is_target_met,
        cast(coalesce(people_approached_count, 0) as bigint) as people_approached_count,
        cast(coalesce(enquiry_count, 0) as bigint) as enquiry_count,
        cast(coalesce(contact_count, 0) as bigint) as contact_count,
        cast(reported_at as timestamp) as reported_at,
        -- No report at all is a late one; activities without a time of report cannot be judged.
        cast(case
            when not is_reported then 'missing'
            when reported_hour is null then 'undeterminable'
            when reported_hour <= report_hour then 'in_time'
            else 'late'
        end as string) as report_status,
        cast(ledger_delivery_id as string) as ledger_delivery_id,
        cast(ledger_row_number as bigint) as ledger_row_number
    from days
)

select * from final
