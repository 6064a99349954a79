{# Each breakdown of a report with columns breakdown and breakdown_value sums to the row of the breakdown 'total'. #}
{% test breakdowns_equal_total(model, measures) %}
{%- set keys = ['month_start', 'region', 'segment'] %}
with

sums as (
    select
        {{ keys | join(', ') }},
        breakdown,
        {%- for measure in measures %}
        sum({{ measure }}) as {{ measure }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ model }}
    group by {{ keys | join(', ') }}, breakdown
)

select parts.*
from sums as parts
left join sums as totals
    on totals.breakdown = 'total'
    {%- for key in keys %}
    and parts.{{ key }} = totals.{{ key }}
    {%- endfor %}
where totals.breakdown is null
    {%- for measure in measures %}
    or parts.{{ measure }} <> totals.{{ measure }}
    {%- endfor %}
{% endtest %}
