{#
  The way from the lake's Parquet to the warehouse.
  Belongs here: the views over the lake, and which of its rows count. Not here: anything about one source.
#}

{% macro lake_folder() %}{{ return(env_var('MARKET_LEDGER_LAKE', '../data/lake')) }}{% endmacro %}


{# One view over the folder of each lake source. Runs only when something is executed, never while parsing. #}
{% macro create_lake_views() %}
  {%- if execute -%}
    {%- for node in graph.sources.values() if node.source_name == 'lake' -%}
      {%- set relation = source('lake', node.name) -%}
      {%- if loop.first %}{% do adapter.create_schema(relation.without_identifier()) %}{% endif -%}
      {%- do run_query(lake_view_sql(relation, lake_folder() ~ '/' ~ node.name)) -%}
    {%- endfor -%}
  {%- endif -%}
{% endmacro %}

{% macro lake_view_sql(relation, folder) %}{{ return(adapter.dispatch('lake_view_sql')(relation, folder)) }}{% endmacro %}

{% macro duckdb__lake_view_sql(relation, folder) -%}
  create or replace view {{ relation }} as
  select * from read_parquet('{{ folder | replace("'", "''") }}/*.parquet', union_by_name = true)
{%- endmacro %}

{# A table that names the folder: Spark joins the columns of all files once, not at every reading. A run begins
   without these tables, so that none keeps the columns of an earlier day. #}
{% macro spark__lake_view_sql(relation, folder) -%}
  create table {{ relation }} using parquet
  options (path '{{ folder | replace("'", "\\'") }}', mergeSchema 'true', pathGlobFilter '*.parquet')
{%- endmacro %}


{#
  The rows of a source that count now: the newest of each key, or the newest delivery of each scope.
  Order of arrival decides. A content key counts its occurrences within a delivery, so that two equal rows of one
  file are two rows. A corrected return (ledger_amends) counts with the delivery that it corrects.

  Few rows stand in each other's way: which ones is told from their keys alone, and the rest of a row is read once, in
  the columns that a model asks for. Within a register that nobody corrected no key stands twice.
#}
{% macro current_rows(source_name) -%}
{%- set group = 'coalesce(ledger_scope, ledger_record_key)' -%}
{%- set moved = "(select delivery_id from changes.stg_current_readings where source = '" ~ source_name ~ "')" -%}
{{ config(meta={'increment': {
    'key': [group],
    'touched_by': {
        'stg_current_readings': "select " ~ group ~ " from " ~ this.identifier ~ " where ledger_delivery_id in " ~ moved
            ~ " union all select " ~ group ~ " from lake." ~ source_name ~ " where ledger_delivery_id in " ~ moved,
    },
}}) -}}
{%- set lake_rows -%}
(select * from {{ source('lake', source_name) }} {{ only_touched(group) }}) as lake_rows
{%- endset -%}
with

readings as (
    select * from {{ ref('stg_current_readings') }}
),

scope_deliveries as (
    select
        lake_rows.ledger_scope,
        lake_rows.ledger_delivery_id,
        max(lake_rows.ledger_amends) as ledger_amends,
        max(readings.scope_arrival_number) as scope_arrival_number
    from {{ lake_rows }}
    inner join readings
        on lake_rows.ledger_delivery_id = readings.delivery_id
    where lake_rows.ledger_scope is not null
    group by lake_rows.ledger_scope, lake_rows.ledger_delivery_id
),

ranked_scope_deliveries as (
    select
        *,
        max(scope_arrival_number) over (partition by ledger_scope) as newest_arrival_number
    from scope_deliveries
),

counting_scopes as (
    select
        *,
        max(ledger_amends) over (partition by ledger_scope) is not null as is_corrected
    from ranked_scope_deliveries
    where scope_arrival_number = newest_arrival_number
),

counting_keys as (
    {%- for kind in ['unscoped', 'scoped'] %}
    select
        lake_rows.ledger_scope,
        lake_rows.ledger_record_key,
        lake_rows.ledger_delivery_id,
        lake_rows.ledger_row_number,
        readings.supersede_by,
        readings.effective_arrival_number
    from {{ lake_rows }}
    inner join readings
        on lake_rows.ledger_delivery_id = readings.delivery_id
    {%- if kind == 'unscoped' %}
    where lake_rows.ledger_scope is null
    union all
    {%- else %}
    inner join counting_scopes
        on lake_rows.ledger_scope = counting_scopes.ledger_scope
        and lake_rows.ledger_delivery_id = counting_scopes.ledger_delivery_id
    where counting_scopes.is_corrected
    {%- endif %}
    {%- endfor %}
),

contested_keys as (
    select ledger_record_key
    from counting_keys
    group by ledger_record_key
    having count(*) > 1
),

numbered_keys as (
    select
        counting_keys.*,
        case
            when counting_keys.supersede_by = 'content' then row_number() over (
                partition by counting_keys.ledger_delivery_id, counting_keys.ledger_record_key
                order by counting_keys.ledger_row_number
            )
            else 1
        end as occurrence_number
    from counting_keys
    inner join contested_keys
        on counting_keys.ledger_record_key = contested_keys.ledger_record_key
),

ranked_keys as (
    select
        ledger_delivery_id,
        ledger_row_number,
        row_number() over (
            partition by ledger_scope, ledger_record_key, occurrence_number
            order by
                effective_arrival_number desc nulls last,
                ledger_row_number desc nulls last,
                ledger_delivery_id desc nulls last
        ) as record_rank
    from numbered_keys
),

superseded_rows as (
    select ledger_delivery_id, ledger_row_number from ranked_keys where record_rank > 1
),

current_rows as (
    select lake_rows.*
    from {{ lake_rows }}
    inner join readings
        on lake_rows.ledger_delivery_id = readings.delivery_id
    left join counting_scopes
        on lake_rows.ledger_scope = counting_scopes.ledger_scope
        and lake_rows.ledger_delivery_id = counting_scopes.ledger_delivery_id
    left join superseded_rows
        on lake_rows.ledger_delivery_id = superseded_rows.ledger_delivery_id
        and lake_rows.ledger_row_number = superseded_rows.ledger_row_number
    where (lake_rows.ledger_scope is null or counting_scopes.ledger_scope is not null)
        and superseded_rows.ledger_delivery_id is null
)
{%- endmacro %}


{# What a row of the lake says, as one text, without what intake noted about it. #}
{% macro row_content(relation) -%}
    {%- set columns = [] -%}
    {%- if execute -%}
        {%- for column in adapter.get_columns_in_relation(relation) if not column.name.startswith('ledger_') -%}
            {%- do columns.append("coalesce(cast(" ~ column.name ~ " as string), '~')") -%}
        {%- endfor -%}
    {%- endif -%}
    concat_ws('|'{{ ', ' if columns }}{{ columns | join(', ') }})
{%- endmacro %}
