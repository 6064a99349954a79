-- one row a month, region, segment and value of a breakdown: what was gathered about the market, by whom and how reliable
{%- set breakdowns = {
    'total': "'all'", 'intelligence_kind': 'intelligence_kind', 'information_origin': 'information_origin',
    'information_source': 'information_source', 'reliability': 'reliability', 'department': 'department'
} %}
{%- set cell = 'month_start, region, segment, breakdown, breakdown_value' %}
with

notes as (
    select * from {{ ref('fct_market_intelligence') }}
),

parts as (
    {{ broken_down('notes', breakdowns) }}
),

counted as (
    select
        {{ cell }},
        count(*) as entry_count,
        count(case when information_origin = 'external' then 1 end) as external_count,
        count(case when information_origin <> 'unknown' then 1 end) as known_origin_count,
        count(case when is_reliable then 1 end) as reliable_count,
        count(case when reliability <> 'unknown' then 1 end) as rated_count,
        count(distinct reporter_key) as reporter_count,
        count(distinct competitor) as competitor_count,
        count(competitor_move) as move_count,
        count(competitor_price) as price_count
    from {{ with_totals('parts', ['region', 'segment']) }} as totals
    group by {{ cell }}
),

-- Everybody gathers: a department with people in it that wrote nothing down stands there with none, from the first
-- month of the register to the last one that is over.
months as (
    select
        dates.month_start,
        max(dates.date_day) as month_end
    from {{ ref('dim_dates') }} as dates
    cross join {{ ref('stg_run_day') }} as today
    where dates.month_start >= (select min(month_start) from notes)
        and dates.month_start < {{ month_start('today.as_of_date') }}
    group by dates.month_start
),

silent as (
    select distinct
        months.month_start,
        employees.department
    from months
    inner join {{ ref('dim_employees') }} as employees
        on coalesce(employees.joined_date <= months.month_end, true)
        and coalesce(employees.left_date >= months.month_start, true)
    left join notes
        on months.month_start = notes.month_start and employees.department = notes.department
    where employees.department is not null and notes.department is null
),

filled as (
    select
        counted.*,
        case
            when counted.breakdown = 'total' and counted.region = 'all' and counted.segment = 'all'
                then coalesce(silences.silent_department_count, 0)
        end as silent_department_count
    from counted
    left join (
        select month_start, count(*) as silent_department_count
        from silent
        group by month_start
    ) as silences
        on counted.month_start = silences.month_start
    union all
    select
        month_start, 'all', 'all', 'department', department, 0, 0, 0, 0, 0, 0, 0, 0, 0, cast(null as bigint)
    from silent
),

final as (
    select
        cast(month_start as date) as month_start,
        cast(region as string) as region,
        cast(segment as string) as segment,
        cast(breakdown as string) as breakdown,
        cast(breakdown_value as string) as breakdown_value,
        cast(entry_count as bigint) as entry_count,
        cast(reporter_count as bigint) as reporter_count,
        cast(silent_department_count as bigint) as silent_department_count,
        cast(external_count as bigint) as external_count,
        cast(known_origin_count as bigint) as known_origin_count,
        cast({{ safe_divide('external_count', 'known_origin_count') }} as double) as external_share,
        cast(reliable_count as bigint) as reliable_count,
        cast(rated_count as bigint) as rated_count,
        cast({{ safe_divide('reliable_count', 'rated_count') }} as double) as reliable_share,
        cast({{ wilson_low('reliable_count', 'rated_count') }} as double) as reliable_share_low,
        cast({{ wilson_high('reliable_count', 'rated_count') }} as double) as reliable_share_high,
        cast(competitor_count as bigint) as competitor_count,
        cast(move_count as bigint) as move_count,
        cast(price_count as bigint) as price_count
    from filled
)

select * from final
