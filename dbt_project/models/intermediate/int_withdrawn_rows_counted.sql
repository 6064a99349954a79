-- one row a delivery and scope of a register: how many of its rows the newest register of the scope does not repeat as
-- they were. A delivery of which every row counts has withdrawn nothing: only the others' rows are compared.
{%- set sources = var('followed_sources') %}
{%- set touched_by = {
    'stg_current_readings': 'select delivery_id from changes.stg_current_readings',
    'stg_deliveries': 'select delivery_id from changes.stg_deliveries',
    'int_current_rows_counted': 'select delivery_id from changes.int_current_rows_counted',
} %}
{%- for source_name in sources %}
{%- do touched_by.update({
    'stg_' ~ source_name: "select delivery_id from int_withdrawn_rows_counted where source_name = '" ~ source_name
        ~ "' and ledger_scope in (select ledger_scope from changes.stg_" ~ source_name ~ ")"
}) %}
{%- endfor %}
{%- set contents = {} %}
{%- for source_name in sources %}
{%- do contents.update({source_name: row_content(source('lake', source_name))}) %}
{%- endfor %}
{{ config(meta={'increment': {'key': ['delivery_id'], 'touched_by': touched_by}}) }}
with

readings as (
    select delivery_id from {{ ref('stg_current_readings') }} {{ only_touched('delivery_id') }}
),

deliveries as (
    select
        delivery_id,
        max(rows_accepted) as accepted_row_count
    from {{ ref('stg_deliveries') }}
    group by delivery_id
),

-- An original that was read anew by other rules has withdrawn nothing: it is no reading that counts.
incomplete_deliveries as (
    select readings.delivery_id
    from readings
    inner join deliveries
        on readings.delivery_id = deliveries.delivery_id
    left join {{ ref('int_current_rows_counted') }} as current_rows
        on readings.delivery_id = current_rows.delivery_id
    where deliveries.accepted_row_count > coalesce(current_rows.current_row_count, 0)
),

register_rows as (
    {%- for source_name in sources %}
    select
        '{{ source_name }}' as source_name,
        ledger_scope,
        ledger_delivery_id as delivery_id,
        {{ contents[source_name] }} as content,
        count(*) as row_count
    from {{ source('lake', source_name) }}
    where ledger_scope is not null and ledger_delivery_id in (select delivery_id from incomplete_deliveries)
    group by 1, 2, 3, 4
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

counting_rows as (
    {%- for source_name in sources %}
    select
        '{{ source_name }}' as source_name,
        ledger_delivery_id,
        ledger_row_number
    from {{ ref('stg_' ~ source_name) }}
    where ledger_scope in (select ledger_scope from register_rows where source_name = '{{ source_name }}')
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

current_rows as (
    {%- for source_name in sources %}
    select
        '{{ source_name }}' as source_name,
        lake_rows.ledger_scope,
        {{ contents[source_name] }} as content,
        count(*) as row_count
    from {{ source('lake', source_name) }} as lake_rows
    inner join counting_rows
        on lake_rows.ledger_delivery_id = counting_rows.ledger_delivery_id
        and lake_rows.ledger_row_number = counting_rows.ledger_row_number
        and counting_rows.source_name = '{{ source_name }}'
    -- Of other rows nothing else is read.
    where lake_rows.ledger_scope is not null
        and lake_rows.ledger_delivery_id in (select ledger_delivery_id from counting_rows)
    group by 1, 2, 3
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

final as (
    select
        cast(register.source_name as string) as source_name,
        cast(register.ledger_scope as string) as ledger_scope,
        cast(register.delivery_id as string) as delivery_id,
        -- A register may say the same more often than the newest does.
        cast(
            sum(greatest(register.row_count - coalesce(current_row.row_count, 0), 0)) as bigint
        ) as withdrawn_row_count
    from register_rows as register
    left join current_rows as current_row
        on register.source_name = current_row.source_name
        and register.ledger_scope = current_row.ledger_scope
        and register.content = current_row.content
    group by 1, 2, 3
)

select * from final
