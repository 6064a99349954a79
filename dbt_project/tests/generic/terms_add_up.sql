{# In every row the terms add up to the total, to the cent. #}
{% test terms_add_up(model, terms, total) %}
select *
from {{ model }}
where {{ terms | join(' + ') }} <> {{ total }}
{% endtest %}
