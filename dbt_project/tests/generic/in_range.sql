{# Every value of the columns lies within the bounds; null is no value and passes. #}
{% test in_range(model, columns, minimum=none, maximum=none) %}
select {{ columns | join(', ') }}
from {{ model }}
where false
    {%- for column in columns %}
    {%- if minimum is not none %}
    or {{ column }} < {{ minimum }}
    {%- endif %}
    {%- if maximum is not none %}
    or {{ column }} > {{ maximum }}
    {%- endif %}
    {%- endfor %}
{% endtest %}
