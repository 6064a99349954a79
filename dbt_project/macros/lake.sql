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

  Nearly every key stands once. Only those that stand more often are ranked: ranking carries whole rows about.
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
with

lake_rows as (
    select * from {{ source('lake', source_name) }} {{ only_touched(group) }}
),

readings as (
    select * from {{ ref('stg_current_readings') }}
),

scope_arrivals as (
    select
        lake_rows.ledger_scope,
        max(readings.scope_arrival_number) as newest_arrival_number
    from lake_rows
    inner join readings
        on lake_rows.ledger_delivery_id = readings.delivery_id
    where lake_rows.ledger_scope is not null
    group by lake_rows.ledger_scope
),

counting_rows as (
    select
        lake_rows.*,
        readings.supersede_by,
        readings.effective_arrival_number,
        readings.scope_arrival_number
    from lake_rows
    inner join readings
        on lake_rows.ledger_delivery_id = readings.delivery_id
    left join scope_arrivals
        on lake_rows.ledger_scope = scope_arrivals.ledger_scope
    where lake_rows.ledger_scope is null
        or readings.scope_arrival_number = scope_arrivals.newest_arrival_number
),

contested_keys as (
    select ledger_record_key
    from counting_rows
    group by ledger_record_key
    having count(*) > 1
),

numbered_rows as (
    select
        counting_rows.*,
        case
            when counting_rows.supersede_by = 'content' then row_number() over (
                partition by counting_rows.ledger_delivery_id, counting_rows.ledger_record_key
                order by counting_rows.ledger_row_number
            )
            else 1
        end as occurrence_number
    from counting_rows
    inner join contested_keys
        on counting_rows.ledger_record_key = contested_keys.ledger_record_key
),

ranked_rows as (
    select
        *,
        row_number() over (
            partition by ledger_scope, ledger_record_key, occurrence_number
            order by
                case when ledger_scope is not null then scope_arrival_number end desc nulls last,
                effective_arrival_number desc nulls last,
                ledger_row_number desc nulls last,
                ledger_delivery_id desc nulls last
        ) as record_rank
    from numbered_rows
),

current_rows as (
    select counting_rows.* except (supersede_by, effective_arrival_number, scope_arrival_number)
    from counting_rows
    left join contested_keys
        on counting_rows.ledger_record_key = contested_keys.ledger_record_key
    where contested_keys.ledger_record_key is null
    union all
    select * except (
        supersede_by,
        effective_arrival_number,
        scope_arrival_number,
        occurrence_number,
        record_rank
    )
    from ranked_rows
    where record_rank = 1
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
    {{ columns | join(" || '|' || ") or "''" }}
{%- endmacro %}
