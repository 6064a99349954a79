{#
  The few formulas that every report shares: rates, their intervals, growth, and what counts as a change.
  Belongs here: formulas of metrics in portable SQL, and what they are broken down by where models must agree on it.
  Not here: which rows they are taken over.
#}

{# Two-sided 95 %. #}
{% macro z_value() %}1.96{% endmacro %}


{# `greatest` and `least` leave out what is missing: a bound would stand where there is no value at all. #}
{% macro at_least(value, bound) -%}
    case when {{ value }} is not null then greatest({{ value }}, {{ bound }}) end
{%- endmacro %}

{% macro at_most(value, bound) -%}
    case when {{ value }} is not null then least({{ value }}, {{ bound }}) end
{%- endmacro %}


{# A quotient as double; null where there is nothing to divide by, never 0 and never infinite. #}
{% macro safe_divide(numerator, denominator) -%}
    (cast({{ numerator }} as double) / nullif(cast({{ denominator }} as double), 0.0e0))
{%- endmacro %}


{# Wilson's interval for a share. Exactly 0 or 1 at its ends, where rounding would leave a trace of either side. #}
{% macro wilson_low(successes, trials) -%}
    (case
        when {{ trials }} is null or {{ successes }} is null or {{ trials }} <= 0 then cast(null as double)
        when {{ successes }} = 0 then 0.0e0
        else {{ _wilson_center(successes, trials) }} - {{ _wilson_margin(successes, trials) }}
    end)
{%- endmacro %}

{% macro wilson_high(successes, trials) -%}
    (case
        when {{ trials }} is null or {{ successes }} is null or {{ trials }} <= 0 then cast(null as double)
        when {{ successes }} = {{ trials }} then 1.0e0
        else {{ _wilson_center(successes, trials) }} + {{ _wilson_margin(successes, trials) }}
    end)
{%- endmacro %}

{% macro _wilson_center(successes, trials) -%}
    {%- set n = 'cast(' ~ trials ~ ' as double)' -%}
    ((cast({{ successes }} as double) + power({{ z_value() }}, 2) / 2) / ({{ n }} + power({{ z_value() }}, 2)))
{%- endmacro %}

{% macro _wilson_margin(successes, trials) -%}
    {%- set n = 'cast(' ~ trials ~ ' as double)' -%}
    {%- set x = 'cast(' ~ successes ~ ' as double)' -%}
    ({{ z_value() }} / ({{ n }} + power({{ z_value() }}, 2))
        * sqrt({{ x }} * ({{ n }} - {{ x }}) / {{ n }} + power({{ z_value() }}, 2) / 4))
{%- endmacro %}


{# Relative growth; null where the base is missing, zero or negative: there is no growth "from nothing". #}
{% macro growth_rate(current_value, base_value) -%}
    (case
        when {{ base_value }} > 0
            then (cast({{ current_value }} as double) - cast({{ base_value }} as double)) / abs(cast({{ base_value }} as double))
    end)
{%- endmacro %}


{# Pooled two-proportion z test at 5 %; null where either side has no trials. #}
{% macro two_proportion_is_significant(successes, trials, other_successes, other_trials) -%}
    {%- set x1 = 'cast(' ~ successes ~ ' as double)' -%}
    {%- set n1 = 'cast(' ~ trials ~ ' as double)' -%}
    {%- set x2 = 'cast(' ~ other_successes ~ ' as double)' -%}
    {%- set n2 = 'cast(' ~ other_trials ~ ' as double)' -%}
    (case
        when {{ trials }} > 0 and {{ other_trials }} > 0 then
            coalesce(
                abs({{ x1 }} / {{ n1 }} - {{ x2 }} / {{ n2 }}) / nullif(
                    sqrt(
                        greatest(
                            ({{ x1 }} + {{ x2 }}) / ({{ n1 }} + {{ n2 }})
                            * (1 - ({{ x1 }} + {{ x2 }}) / ({{ n1 }} + {{ n2 }})),
                            0.0e0
                        ) * (1 / {{ n1 }} + 1 / {{ n2 }})
                    ),
                    0.0e0
                ) > {{ z_value() }},
                false
            )
    end)
{%- endmacro %}


{# The value of a rule, as a scalar subquery: {{ threshold('new_product_months') }} #}
{% macro threshold(rule_id) -%}
    (select max(cast(thresholds.value as double)) from {{ ref('thresholds') }} as thresholds where thresholds.rule_id = '{{ rule_id }}')
{%- endmacro %}


{# Money received: a refund is negative however its file signs it. #}
{% macro signed_payment(prefix='') -%}
    cast(case when {{ prefix }}payment_kind = 'refund' then -abs({{ prefix }}amount) else {{ prefix }}amount end as decimal(18, 2))
{%- endmacro %}


{# A row with a due date and no day of payment is an instalment that is still awaited; a source without due dates tells
   of money that came. #}
{% macro is_received(prefix='') -%}
    ({{ prefix }}paid_date is not null or {{ prefix }}due_date is null)
{%- endmacro %}


{# What sales and their targets are broken down by: the name of each breakdown and the column of its values. #}
{% macro sales_breakdowns() -%}
    {{ return({
        'total': "'all'", 'region': 'region', 'channel': 'channel', 'segment': 'segment',
        'product': 'product_id', 'product_category': 'product_category'
    }) }}
{%- endmacro %}
