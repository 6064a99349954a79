-- one row an intent level that a lead was given after another, by a visit or on its follow-up card
with

marks as (
    select
        lead_key, intent_level, visited_date as marked_date, 1 as source_number, coalesce(arrival_time, '~') as marked_time,
        ledger_delivery_id, ledger_row_number
    from {{ ref('fct_visits') }}
    where is_register_entry and intent_level is not null
    union all
    select
        lead_key, intent_level, contacted_date, 2, '~', ledger_delivery_id, ledger_row_number
    from {{ ref('fct_follow_ups') }}
    where intent_level is not null
),

-- Most leads are given one level and never another: only the others' marks have to be put in order.
marked_again as (
    select lead_key from marks group by lead_key having count(*) > 1
),

in_order as (
    select
        marks.*,
        lag(marks.intent_level) over (
            partition by marks.lead_key
            order by marks.marked_date, marks.source_number, marks.marked_time, marks.ledger_delivery_id, marks.ledger_row_number
        ) as from_level,
        lag(marks.marked_date) over (
            partition by marks.lead_key
            order by marks.marked_date, marks.source_number, marks.marked_time, marks.ledger_delivery_id, marks.ledger_row_number
        ) as from_date
    from marks
    inner join marked_again on marks.lead_key = marked_again.lead_key
),

final as (
    select
        cast(in_order.lead_key as string) as lead_key,
        {{ month_start('in_order.marked_date') }} as month_start,
        cast(coalesce(leads.region, 'unknown') as string) as region,
        cast(coalesce(leads.segment, 'unknown') as string) as segment,
        cast(in_order.from_level as string) as from_level,
        cast(in_order.intent_level as string) as to_level,
        cast(in_order.from_date as date) as from_date,
        cast(in_order.marked_date as date) as marked_date,
        cast(in_order.ledger_delivery_id as string) as ledger_delivery_id,
        cast(in_order.ledger_row_number as bigint) as ledger_row_number
    from in_order
    left join {{ ref('fct_leads') }} as leads
        on in_order.lead_key = leads.lead_key
    where in_order.from_level is not null
)

select * from final
