{#
  By what a row of a register tells who somebody is.
  Belongs here: the grounds and their order, alike in every fact. Not here: who the person is (the facts), how sure a
  name and company are (int_names_linked_to_persons).
#}

{# The first ground that there is; `uncertain` where name and company fit somebody, but not surely enough. #}
{% macro identity_basis(phone, email, numbered_person) -%}
    case
        when {{ phone }} is not null then 'phone'
        when {{ email }} is not null then 'email'
        when {{ numbered_person }} is not null then 'customer_number'
        else coalesce(names.link_basis, 'none')
    end
{%- endmacro %}

{# Where a register's row stands under a name at a company that is linked, or might be. #}
{% macro same_name(relation, name) -%}
    {{ relation }}.{{ name }} = names.name_surrogate and {{ relation }}.company_name_surrogate = names.company_name_surrogate
{%- endmacro %}

{# The rows of a register whose name at a company is linked otherwise than before. #}
{% macro rows_of_changed_names(register, name) -%}
    {%- set read = ['name_surrogate', 'company_name_surrogate', 'person_key', 'customer_key', 'link_basis', 'confidence'] -%}
    {{ register }} where ({{ name }}, company_name_surrogate) in
    (select (name_surrogate, company_name_surrogate) from {{ changed_rows('int_names_linked_to_persons', read) }})
{%- endmacro %}
