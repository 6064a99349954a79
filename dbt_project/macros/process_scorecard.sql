{#
  The criteria of process performance, alike for the company and for each customer.
  Belongs here: the sums, which of the criteria are met, and the score. Not here: which rows they are taken over.
#}

{% macro process_sums() -%}
    {{ return([
        'due_batch_count', 'in_time_batch_count', 'line_stop_count', 'warning_count', 'major_complaint_count',
        'inspected_units', 'conforming_units', 'extra_freight_amount'
    ]) }}
{%- endmacro %}

{# A criterion to its condition: null where there is nothing to judge it by. Four of them allow nothing at all. #}
{% macro process_criteria() -%}
    {{ return({
        'on_time': safe_divide('in_time_batch_count', 'due_batch_count') ~ ' >= ' ~ threshold('on_time_batch_target'),
        'extra_freight': 'extra_freight_amount <= ' ~ threshold('process_faults_allowed'),
        'line_stops': 'line_stop_count <= ' ~ threshold('process_faults_allowed'),
        'warnings': 'warning_count <= ' ~ threshold('process_faults_allowed'),
        'major_complaints': 'major_complaint_count <= ' ~ threshold('process_faults_allowed'),
        'quality': safe_divide('conforming_units', 'inspected_units') ~ ' >= ' ~ threshold('quality_pass_target')
    }) }}
{%- endmacro %}

{# How many of the criteria are true, or how many can be judged. #}
{% macro criteria_count(condition) -%}
    (
        {%- for name in process_criteria() %}
        case when is_{{ name }}_met {{ condition }} then 1 else 0 end{{ ' +' if not loop.last }}
        {%- endfor %}
    )
{%- endmacro %}
