-- one row a day of the working calendar, with its office hours and the seconds worked before it
with calendar as (

    select * from {{ ref('working_calendar') }}

),

hours as (

    select
        *,
        lead(valid_from) over (order by valid_from) as valid_until
    from {{ ref('working_hours') }}

),

days as (

    select
        calendar.date,
        case when calendar.is_working_day then 1 else 0 end as is_worked,
        {{ second_of_day('hours.day_start') }} as day_start_second,
        {{ second_of_day('hours.lunch_start') }} as lunch_start_second,
        {{ second_of_day('hours.lunch_end') }} as lunch_end_second,
        {{ second_of_day('hours.day_end') }} as day_end_second
    from calendar
    inner join hours
        on calendar.date >= hours.valid_from
        and (hours.valid_until is null or calendar.date < hours.valid_until)

),

measured as (

    select
        *,
        is_worked * (lunch_start_second - day_start_second + day_end_second - lunch_end_second) as worked_seconds
    from days

),

final as (

    select
        cast(date as date) as date,
        cast(is_worked as integer) as is_worked,
        cast(day_start_second as integer) as day_start_second,
        cast(lunch_start_second as integer) as lunch_start_second,
        cast(lunch_end_second as integer) as lunch_end_second,
        cast(day_end_second as integer) as day_end_second,
        cast(worked_seconds as integer) as worked_seconds,
        cast(coalesce(sum(worked_seconds) over (
            order by date rows between unbounded preceding and 1 preceding
        ), 0) as bigint) as worked_seconds_before
    from measured

)

select * from final
