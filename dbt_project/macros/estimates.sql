{#
  Figures that no SQL computes: a module of pipelines/estimates makes them from the tables of the named models, just
  before the model that reads them is built.
  Belongs here: the way of their rows into a model. Not here: what is computed.
#}

{# The rows of an estimate, to be read in a `from`. They are made anew whenever a table of `inputs` has changed. #}
{% macro estimated(name, inputs) -%}
    {{ config(meta={'estimate': name}) }}
    {%- for input in inputs -%}{%- do ref(input) -%}{%- endfor -%}
    {{ adapter.dispatch('estimated_rows')(env_var('MARKET_LEDGER_ESTIMATES', '../data/warehouse/estimates') ~ '/' ~ this.identifier ~ '.parquet') }}
    {#- Another state of the project may compute otherwise: the model's SQL is then another too. #}
    /* {{ local_md5(env_var('MARKET_LEDGER_PROJECT', '')) }} */
{%- endmacro %}

{% macro duckdb__estimated_rows(file) -%}
    read_parquet('{{ file | replace("'", "''") }}')
{%- endmacro %}

{% macro spark__estimated_rows(file) -%}
    parquet.`{{ file }}`
{%- endmacro %}
