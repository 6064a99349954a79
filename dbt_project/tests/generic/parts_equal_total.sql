{#
  The parts add up to the total. Within each group, the sum of a measure over the parts of a dimension equals its
  value on the total's row. `tolerance` is for doubles only; amounts in decimal must agree exactly.
  `where` limits both sides (for example to one breakdown).
#}
{% test parts_equal_total(model, dimension, measures, group_by, total_value='all', where='true', total_where=none, tolerance=0) %}
with

parts as (
    select
        {{ group_by | join(', ') }},
        {%- for measure in measures %}
        sum({{ measure }}) as {{ measure }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ model }}
    where {{ dimension }} <> '{{ total_value }}' and {{ where }}
    group by {{ group_by | join(', ') }}
),

totals as (
    select
        {{ group_by | join(', ') }},
        {{ measures | join(', ') }}
    from {{ model }}
    where {{ dimension }} = '{{ total_value }}' and {{ total_where or where }}
)

select
    totals.*,
    {%- for measure in measures %}
    parts.{{ measure }} as parts_{{ measure }}{{ ',' if not loop.last }}
    {%- endfor %}
from totals
left join parts
    on {% for column in group_by %}totals.{{ column }} = parts.{{ column }}{{ ' and ' if not loop.last }}{% endfor %}
where false
    {%- for measure in measures %}
    or abs(coalesce(totals.{{ measure }}, 0) - coalesce(parts.{{ measure }}, 0)) > {{ tolerance }}
    {%- endfor %}
{% endtest %}
