-- one row per day of 50 years, with the working calendar where it reaches
with

days as (
    select {{ add_days("cast('1999-12-31' as date)", 'generated_number') }} as date_day
    from {{ numbers(18263) }} as numbers
),

calendar as (
    select * from {{ ref('working_calendar') }}
),

final as (
    select
        cast(days.date_day as date) as date_day,
        {{ month_start('days.date_day') }} as month_start,
        cast({{ dbt.date_trunc('year', 'days.date_day') }} as date) as year_start,
        -- null beyond the end of the calendar: nobody knows yet which days will be worked
        cast(calendar.is_working_day as boolean) as is_working_day
    from days
    left join calendar
        on days.date_day = calendar.date
)

select * from final
