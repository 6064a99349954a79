-- one row a delivery: how many of its rows count now
{%- set sources = var('followed_sources') %}
{%- set touched_by = {} %}
{%- for source_name in sources %}
{%- do touched_by.update({'stg_' ~ source_name: 'select ledger_delivery_id from changes.stg_' ~ source_name}) %}
{%- endfor %}
{{ config(meta={'increment': {'key': ['delivery_id'], 'touched_by': touched_by}}) }}
with

current_rows as (
    {%- for source_name in sources %}
    select
        ledger_delivery_id as delivery_id,
        count(*) as current_row_count
    from {{ ref('stg_' ~ source_name) }} {{ only_touched('ledger_delivery_id') }}
    group by ledger_delivery_id
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

final as (
    select
        cast(delivery_id as string) as delivery_id,
        cast(current_row_count as bigint) as current_row_count
    from current_rows
)

select * from final
