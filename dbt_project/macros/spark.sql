{#
  What dbt's macros do on Spark in place of the adapter's own.
  Belongs here: overrides of dbt and dbt-spark. Not here: what both engines have macros for in this project
  (portable.sql, lake.sql, working_clock.sql): there the Spark side stands below the other.
#}

{# The adapter's own gives null for a timestamp without a zone, silently. #}
{% macro spark__dateadd(datepart, interval, from_date_or_timestamp) -%}
    timestampadd({{ datepart | upper }}, {{ interval }}, {{ from_date_or_timestamp }})
{%- endmacro %}

{# Boundaries that were passed, as on DuckDB; the adapter's own counts whole units. #}
{% macro spark__datediff(first_date, second_date, datepart) -%}
    timestampdiff(
        {{ datepart | upper }},
        date_trunc('{{ datepart }}', {{ first_date }}),
        date_trunc('{{ datepart }}', {{ second_date }})
    )
{%- endmacro %}


{# Tables lie below the data folder, where they are read from afterwards, whatever the cluster's own place is. #}
{% macro spark__create_schema(relation) -%}
  {%- set folder = env_var('MARKET_LEDGER_SPARK_FOLDER', '') -%}
  {%- call statement('create_schema') -%}
    create schema if not exists {{ relation.without_identifier() }}
    {%- if folder %} location '{{ folder }}/{{ relation.schema }}'{% endif %}
  {%- endcall -%}
{%- endmacro %}


{# A seed in one statement, its texts as they are and its gaps null: the adapter's own writes None into both. #}
{% macro spark__create_csv_table(model, agate_table) -%}
  {%- set overrides = model['config'].get('column_types', {}) -%}
  {%- set sql -%}
    create table {{ this.render() }} {{ file_format_clause() }} as
    select
    {%- for name in agate_table.column_names %}
      cast(column_{{ loop.index }} as {{ overrides.get(name, adapter.convert_type(agate_table, loop.index0)) }}) as {{ name }}{{ ',' if not loop.last }}
    {%- endfor %}
    from values
    {%- for row in agate_table.rows %}
      ({% for value in row %}{{ spark_literal(value) }}{{ ', ' if not loop.last }}{% endfor %}){{ ',' if not loop.last }}
    {%- endfor %}
    as rows ({% for name in agate_table.column_names %}column_{{ loop.index }}{{ ', ' if not loop.last }}{% endfor %})
  {%- endset -%}
  {%- call statement('_') -%}{{ sql }}{%- endcall -%}
  {{ return(sql) }}
{%- endmacro %}

{% macro spark__load_csv_rows(model, agate_table) %}{{ return('') }}{% endmacro %}

{% macro spark_literal(value) -%}
  {%- if value is none -%}null
  {%- else -%}'{{ value | string | replace('\\', '\\\\') | replace("'", "\\'") }}'
  {%- endif -%}
{%- endmacro %}


{#
  Spark computes a named part of a query anew wherever the name stands, and plans it anew: names that build on names
  multiply, to thousands of readings in one report. Parts that are named more than once, and are made of several
  tables, are written down first, as tables that pipelines/warehouse/engines/spark.py drops after the build.
  A part begins and ends as models are written here: `name as (` and `)` or `),` as lines of their own.
#}
{% macro spark__create_table_as(temporary, relation, compiled_code, language='sql') -%}
  {%- set sql = with_parts_written_down(relation, compiled_code) -%}
  {%- if config.get('contract').enforced -%}
    {%- do get_assert_columns_equivalent(sql) -%}
    {%- set sql = get_select_subquery(sql) -%}
  {%- endif -%}
  create table {{ relation }} {{ file_format_clause() }} as
  {{ sql }}
{%- endmacro %}

{% macro with_parts_written_down(relation, sql) -%}
  {%- set reads = '(?i)\\b(?:from|join)\\s+([\\w.`]+)' -%}
  {%- set worth_it = 6 -%}
  {%- set readings = {} -%}
  {%- set made = namespace(sql=sql) -%}
  {%- for part, name, body in modules.re.findall('(?ms)^((?:with\\s+)?(\\w+) as \\(\\n(.*?)^\\)(?=,[ \\t]*$|[ \\t]*\\n[ \\t]*\\n))', sql) -%}
    {%- set count = namespace(readings=0) -%}
    {%- for read in modules.re.findall(reads, body) -%}
      {%- set count.readings = count.readings + readings.get(read, 1) -%}
    {%- endfor -%}
    {%- if count.readings >= worth_it and modules.re.findall(reads, sql).count(name) > 1 -%}
      {%- set written = relation.incorporate(path={'identifier': relation.identifier ~ '__' ~ name}, type='table') -%}
      {%- do run_query('drop table if exists ' ~ written) -%}
      {%- do run_query(
          'create table ' ~ written ~ ' using parquet as\n' ~ made.sql[:made.sql.index(part) + part | length]
          ~ '\nselect * from ' ~ name
      ) -%}
      {%- set as_read = (part[:-1 - body | length]) ~ 'select * from ' ~ written ~ '\n)' -%}
      {%- set made.sql = made.sql.replace(part, as_read, 1) -%}
      {%- set count.readings = 1 -%}
    {%- endif -%}
    {%- do readings.update({name: count.readings}) -%}
  {%- endfor -%}
  {{ return(made.sql) }}
{%- endmacro %}
