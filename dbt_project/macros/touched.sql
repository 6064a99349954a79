{#
  What several models say in their meta.increment: which keys a change of a parent touches, as DuckDB's SQL.
  Belongs here: such SQL that more than one model needs. Not here: how keys are replaced (increments.sql).
#}

{# The rows of a parent that differ in the columns that are read, old and new ones. A delivery that repeats a register
   changes where its rows were read from and nothing else: whoever does not read that is not touched. #}
{% macro changed_rows(model_name, columns) -%}
    (select {{ columns | join(', ') }} from changes.{{ model_name }} group by all
    having sum(case when change = 'added' then 1 else -1 end) <> 0)
{%- endmacro %}


{# The months whose end, seen from the run, has moved with its date. #}
{% macro months_between_runs() -%}
    select distinct month_start from dim_dates
    where month_start >= (select date_trunc('month', min(as_of_date)) from {{ changed_rows('stg_run_day', ['as_of_date']) }})
    and month_start <= (select max(as_of_date) from {{ changed_rows('stg_run_day', ['as_of_date']) }})
{%- endmacro %}
