{#
  How the monthly summary compares a figure with an earlier one.
  Belongs here: the kinds of change and of test that rpt_monthly_summary names. Not here: the formulas (measures.sql).
#}

{# Growth of a total; of a rate or score the plain difference (a rate is a fraction: 0.01 is one point). #}
{% macro summary_change(current_row, earlier_row) -%}
    case
        when {{ current_row }}.change_kind = 'relative'
            then {{ growth_rate(current_row ~ '.value', earlier_row ~ '.value') }}
        else {{ current_row }}.value - {{ earlier_row }}.value
    end
{%- endmacro %}

{#
  Whether a change of a rate or score is more than chance at 5 %. Two scores differ when their difference leaves the
  joined half-widths of their intervals. Totals are a census: null, there is no test.
#}
{% macro summary_change_is_significant(current_row, earlier_row) -%}
    case
        when {{ current_row }}.test_kind = 'proportion' then {{ two_proportion_is_significant(
            current_row ~ '.numerator', current_row ~ '.denominator',
            earlier_row ~ '.numerator', earlier_row ~ '.denominator'
        ) }}
        when {{ current_row }}.test_kind = 'interval' then
            abs({{ current_row }}.value - {{ earlier_row }}.value) > sqrt(
                power(({{ current_row }}.high - {{ current_row }}.low) / 2, 2)
                + power(({{ earlier_row }}.high - {{ earlier_row }}.low) / 2, 2)
            )
    end
{%- endmacro %}
