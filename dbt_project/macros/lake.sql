{#
  The way from the lake's Parquet to the warehouse.
  Belongs here: the views over the lake, and which of its rows count. Not here: anything about one source.
#}

{% macro lake_folder() %}{{ return(env_var('MARKET_LEDGER_LAKE', '../data/lake')) }}{% endmacro %}


{# One view over the folder of each lake source. Runs only when something is executed, never while parsing. #}
{% macro create_lake_views() %}
  {%- if execute -%}
    {%- do adapter.create_schema(api.Relation.create(database=target.database, schema='lake')) -%}
    {%- for node in graph.sources.values() if node.source_name == 'lake' -%}
      {%- do run_query(lake_view_sql(source('lake', node.name), lake_folder() ~ '/' ~ node.name)) -%}
    {%- endfor -%}
  {%- endif -%}
{% endmacro %}

{% macro lake_view_sql(relation, folder) %}{{ return(adapter.dispatch('lake_view_sql')(relation, folder)) }}{% endmacro %}

{% macro duckdb__lake_view_sql(relation, folder) -%}
  create or replace view {{ relation }} as
  select * from read_parquet('{{ folder | replace("'", "''") }}/*.parquet', union_by_name = true)
{%- endmacro %}


{#
  The rows of a source that count now: the newest of each key, or the newest delivery of each scope.
  Order of arrival decides. A content key counts its occurrences within a delivery, so that two equal rows of one
  file are two rows. A corrected return (ledger_amends) counts with the delivery that it corrects.
#}
{% macro current_rows(source_name) -%}
with

lake_rows as (
    select * from {{ source('lake', source_name) }}
),

readings as (
    select * from {{ ref('stg_current_readings') }}
),

read_rows as (
    select
        lake_rows.*,
        readings.effective_arrival_number,
        readings.scope_arrival_number,
        case
            when readings.supersede_by = 'content' then row_number() over (
                partition by lake_rows.ledger_delivery_id, lake_rows.ledger_record_key
                order by lake_rows.ledger_row_number
            )
            else 1
        end as occurrence_number
    from lake_rows
    inner join readings
        on lake_rows.ledger_delivery_id = readings.delivery_id
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
        ) as record_rank,
        max(scope_arrival_number) over (partition by ledger_scope) as newest_scope_arrival_number
    from read_rows
),

current_rows as (
    select * except (
        effective_arrival_number,
        scope_arrival_number,
        occurrence_number,
        record_rank,
        newest_scope_arrival_number
    )
    from ranked_rows
    where record_rank = 1
        and (ledger_scope is null or scope_arrival_number = newest_scope_arrival_number)
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
