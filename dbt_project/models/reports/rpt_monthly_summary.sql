-- one row a month, region, segment and metric: the headline figures of all sections in one shape
-- A view: publishing takes each section's rows from its own model, whether or not the others could be built.
{{ config(materialized='view') }}
{%- set sections = summary_figures() | map(attribute='section') | unique | list %}

{% for section in sections -%}
select * from {{ ref('int_summary_' ~ section) }}
{{ 'union all' if not loop.last }}
{% endfor %}
