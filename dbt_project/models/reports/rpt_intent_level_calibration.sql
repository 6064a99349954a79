-- one row a month, region, segment and intent level: how many leads of the level kept its promise to order in time
-- A lead stands under each level it was given, from the first visit that gave it. Open windows are left out of the
-- judgement; a level without an end is described only.
{#- With the day of the run, windows close. #}
{%- set read_of_visits = [
    'lead_key', 'intent_level', 'visited_date', 'month_start', 'region', 'segment', 'ledger_delivery_id', 'ledger_row_number',
] %}
{{ config(meta={'increment': {
    'key': ['month_start'],
    'touched_by': {
        'fct_visits': 'select month_start from ' ~ changed_rows('fct_visits', read_of_visits),
        'int_visits_again_at_level': 'select month_start from changes.int_visits_again_at_level',
        'int_orders_matched_to_leads': 'select month_start from fct_visits where lead_key in (select lead_key from '
            ~ changed_rows('int_orders_matched_to_leads', ['lead_key', 'ordered_date']) ~ ')',
        'stg_run_day': 'select month_start from fct_visits where visited_date
            between (select min(as_of_date) from changes.stg_run_day) - (select max(to_days) from intent_levels)
            and (select max(as_of_date) from changes.stg_run_day)',
    },
}}) }}
with

rated_leads as (
    select visits.lead_key, visits.intent_level, visits.visited_date, visits.month_start, visits.region, visits.segment
    from (select * from {{ ref('fct_visits') }} {{ only_touched('month_start') }}) as visits
    left join {{ ref('int_visits_again_at_level') }} as visits_again
        on visits.ledger_delivery_id = visits_again.ledger_delivery_id
        and visits.ledger_row_number = visits_again.ledger_row_number
    where visits.is_register_entry
        and visits.intent_level is not null
        and visits_again.ledger_delivery_id is null
),

levels as (
    select level, from_days, to_days from {{ ref('intent_levels') }}
),

run_context as (
    select as_of_date from {{ ref('stg_run_day') }}
),

-- Few leads order: only they are looked through for the first order since the level was given.
first_orders as (
    select
        rated_leads.lead_key,
        rated_leads.intent_level,
        min(orders.ordered_date) as ordered_date
    from rated_leads
    inner join {{ ref('int_orders_matched_to_leads') }} as orders
        on rated_leads.lead_key = orders.lead_key
        and orders.ordered_date >= rated_leads.visited_date
    group by rated_leads.lead_key, rated_leads.intent_level
),

judged as (
    select
        rated_leads.month_start,
        rated_leads.region,
        rated_leads.segment,
        rated_leads.intent_level,
        levels.from_days,
        levels.to_days,
        {{ days_between('rated_leads.visited_date', 'first_orders.ordered_date') }} as days_to_order,
        {{ days_between('rated_leads.visited_date', 'run_context.as_of_date') }} as days_so_far
    from rated_leads
    inner join levels
        on rated_leads.intent_level = levels.level
    cross join run_context
    left join first_orders
        on rated_leads.lead_key = first_orders.lead_key
        and rated_leads.intent_level = first_orders.intent_level
),

cells as (
    select
        month_start,
        region,
        segment,
        intent_level,
        from_days,
        to_days,
        days_to_order,
        -- The last day of the window has to be over.
        coalesce(days_so_far <= to_days, false) as is_open,
        count(*) as lead_count
    from judged
    group by 1, 2, 3, 4, 5, 6, 7, 8
),

counted as (
    select
        month_start,
        region,
        segment,
        intent_level,
        from_days,
        to_days,
        sum(lead_count) as lead_count,
        sum(case when is_open then lead_count else 0 end) as open_window_count,
        sum(case when to_days is not null and not is_open then lead_count else 0 end) as judged_count,
        sum(
            case when to_days is not null and not is_open and days_to_order between from_days and to_days then lead_count else 0 end
        ) as kept_count,
        sum(case when to_days is not null and not is_open and days_to_order < from_days then lead_count else 0 end) as early_count,
        sum(case when to_days is not null and not is_open and days_to_order > to_days then lead_count else 0 end) as late_count,
        sum(case when days_to_order is not null then lead_count else 0 end) as ordered_count
    from {{ with_totals('cells', ['region', 'segment']) }}
    group by month_start, region, segment, intent_level, from_days, to_days
),

final as (
    select
        cast(month_start as date) as month_start,
        cast(region as string) as region,
        cast(segment as string) as segment,
        cast(intent_level as string) as intent_level,
        cast(from_days as bigint) as from_days,
        cast(to_days as bigint) as to_days,
        cast(to_days is not null as boolean) as is_judged,
        cast(lead_count as bigint) as lead_count,
        cast(open_window_count as bigint) as open_window_count,
        cast(judged_count as bigint) as judged_count,
        cast(kept_count as bigint) as kept_count,
        cast(early_count as bigint) as early_count,
        cast(late_count as bigint) as late_count,
        cast({{ safe_divide('kept_count', 'judged_count') }} as double) as kept_rate,
        cast({{ wilson_low('kept_count', 'judged_count') }} as double) as kept_rate_low,
        cast({{ wilson_high('kept_count', 'judged_count') }} as double) as kept_rate_high,
        cast(ordered_count as bigint) as ordered_count,
        cast({{ safe_divide('ordered_count', 'lead_count') }} as double) as ordered_rate
    from counted
)

select * from final
