-- one row a channel: by how much fewer paths would end in an order without it (first-order Markov chain)
-- Anderl, Becker, von Wangenheim, Schumann 2016, "Mapping the customer journey". A path begins at the start, goes from
-- channel to channel, and ends in an order or in nothing; a removed channel ends in nothing. Each step of the iteration
-- is one more touch; what is left after the last is below the sixth decimal for paths that people walk.
{%- set steps = 24 %}
with

touches as (
    select 'order-' || order_id as path, touch_number, touch_count, source_channel, true as is_converted
    from {{ ref('int_attribution_touches') }}
    union all
    select
        lead_key,
        row_number() over (
            partition by lead_key
            order by visited_date, coalesce(arrival_time, ''), ledger_delivery_id, ledger_row_number
        ),
        count(*) over (partition by lead_key),
        coalesce(source_channel, 'not_recorded'),
        false
    from {{ ref('fct_visits') }}
    where is_register_entry and lead_key not in (select lead_key from {{ ref('int_attribution_touches') }})
),

moves as (
    select '(start)' as from_state, source_channel as to_state, count(*) as moves
    from touches where touch_number = 1
    group by 1, 2
    union all
    select earlier.source_channel, later.source_channel, count(*)
    from touches as earlier
    inner join touches as later
        on earlier.path = later.path and earlier.touch_number + 1 = later.touch_number
    group by 1, 2
    union all
    select source_channel, case when is_converted then '(order)' else '(nothing)' end, count(*)
    from touches where touch_number = touch_count
    group by 1, 2
),

transitions as (
    select from_state, to_state, moves / cast(sum(moves) over (partition by from_state) as double) as probability
    from moves
),

-- The chain as it is, and once without each channel.
removals as (
    select '(none)' as removed
    union all
    select distinct source_channel from touches
),

chains as (
    select removals.removed, transitions.from_state, transitions.to_state, transitions.probability
    from transitions
    cross join removals
    where transitions.to_state <> removals.removed and transitions.to_state <> '(nothing)'
),

step_0 as (
    select removed, '(order)' as state, 1.0e0 as chance from removals
),

{%- for step in range(1, steps + 1) %}
step_{{ step }} as (
    select chains.removed, chains.from_state as state, sum(chains.probability * before.chance) as chance
    from chains
    inner join step_{{ step - 1 }} as before
        on chains.removed = before.removed and chains.to_state = before.state
    group by chains.removed, chains.from_state
    union all
    select removed, '(order)', 1.0e0 from removals
),
{%- endfor %}

ends as (
    select removed, chance from step_{{ steps }} where state = '(start)'
),

final as (
    select
        cast(removals.removed as string) as source_channel,
        -- Sums of doubles depend on their order by the last digits; what is kept is what paths of people can mean.
        round(cast(1 - coalesce(ends.chance, 0) / whole.chance as double), 9) as removal_effect
    from removals
    cross join (select chance from ends where removed = '(none)') as whole
    left join ends on removals.removed = ends.removed
    where removals.removed <> '(none)'
)

select * from final
