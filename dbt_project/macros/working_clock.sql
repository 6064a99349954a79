{#-
The working clock: local time, office hours, and worked seconds as a position on one axis.
Two positions subtract to the worked time between them, so no row per minute or per day is ever made.
-#}

{#- A UTC timestamp as the company's local time. -#}
{% macro local_timestamp(utc_timestamp, time_zone) -%}
    {{ return(adapter.dispatch('local_timestamp')(utc_timestamp, time_zone)) }}
{%- endmacro %}

{% macro default__local_timestamp(utc_timestamp, time_zone) -%}
    timezone({{ time_zone }}, timezone('UTC', {{ utc_timestamp }}))
{%- endmacro %}

{% macro spark__local_timestamp(utc_timestamp, time_zone) -%}
    from_utc_timestamp({{ utc_timestamp }}, {{ time_zone }})
{%- endmacro %}

{#- Seconds since midnight of a text HH:MM. -#}
{% macro second_of_day(clock_text) -%}
    (cast(substring({{ clock_text }}, 1, 2) as integer) * 3600 + cast(substring({{ clock_text }}, 4, 2) as integer) * 60)
{%- endmacro %}

{#-
Worked seconds from the calendar's first day up to a local timestamp; `day` is the row of int_working_days of
its date. Intervals are half-open: the instant of closing belongs to no working time. A day outside the
calendar has no row, so the position is null, and so is whatever is computed from it.
-#}
{% macro working_position(local_time, day) -%}
    (
        {{ day }}.worked_seconds_before
        + {{ day }}.is_worked * (
            greatest(0, least({{ dbt.datediff(day ~ '.date', local_time, 'second') }}, {{ day }}.lunch_start_second) - {{ day }}.day_start_second)
            + greatest(0, least({{ dbt.datediff(day ~ '.date', local_time, 'second') }}, {{ day }}.day_end_second) - {{ day }}.lunch_end_second)
        )
    )
{%- endmacro %}
