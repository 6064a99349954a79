{#
  What SQL dialects say differently, said once. Reports and marts call these, never a dialect's own function.
  Belongs here: dates, percentiles, the expansion to totals. Not here: formulas of metrics (measures.sql).
#}

{% macro month_start(date_expression) -%}
    cast({{ dbt.date_trunc('month', date_expression) }} as date)
{%- endmacro %}

{% macro add_months(date_expression, number) -%}
    cast({{ dbt.dateadd('month', number, date_expression) }} as date)
{%- endmacro %}

{% macro add_days(date_expression, number) -%}
    cast({{ dbt.dateadd('day', number, date_expression) }} as date)
{%- endmacro %}

{# The last day of a date's month. #}
{% macro month_end(date_expression) -%}
    {{ add_days(add_months(month_start(date_expression), 1), -1) }}
{%- endmacro %}

{# Calendar days from the first date to the second. #}
{% macro days_between(first_date, second_date) -%}
    cast({{ dbt.datediff(first_date, second_date, 'day') }} as bigint)
{%- endmacro %}

{% macro months_between(first_date, second_date) -%}
    cast({{ dbt.datediff(month_start(first_date), month_start(second_date), 'month') }} as bigint)
{%- endmacro %}

{# Elapsed hours with their fraction; from whole seconds, so that no boundary is counted that was not passed. #}
{% macro hours_between(first_timestamp, second_timestamp) -%}
    (cast({{ dbt.datediff(first_timestamp, second_timestamp, 'second') }} as double) / 3600)
{%- endmacro %}

{# An exact percentile as an aggregate. #}
{% macro percentile(expression, fraction) -%}
    {{ adapter.dispatch('percentile')(expression, fraction) }}
{%- endmacro %}

{% macro default__percentile(expression, fraction) -%}
    percentile_cont({{ fraction }}) within group (order by {{ expression }})
{%- endmacro %}

{# Several columns of a group's first row as one record, whose fields are read like `record.column`: one pass where
   numbering the group's rows would sort them all. Engines disagree about the place of nulls: `order_by` has none. #}
{% macro first_of_group(columns, order_by) -%}
    min_by({{ record(columns, columns) }}, {{ record(order_by, range(order_by | length)) }})
{%- endmacro %}

{% macro record(expressions, names) -%}
    {%- set fields = [] -%}
    {%- for expression in expressions -%}
        {%- do fields.append(adapter.dispatch('record_field')(names[loop.index0], expression)) -%}
    {%- endfor -%}
    {{ adapter.dispatch('record_of')(fields | join(', ')) }}
{%- endmacro %}

{% macro default__record_field(name, expression) -%}'{{ name }}', {{ expression }}{%- endmacro %}
{% macro duckdb__record_field(name, expression) -%}'{{ name }}': {{ expression }}{%- endmacro %}

{% macro default__record_of(fields) -%}named_struct({{ fields }}){%- endmacro %}
{% macro duckdb__record_of(fields) -%}{{ '{' ~ fields ~ '}' }}{%- endmacro %}

{# The order of visits of one person or lead, for `first_of_group`. A visit without a time comes last on its day. #}
{% macro visits_in_order() -%}
    {{ return(['visited_date', "coalesce(arrival_time, '~')", 'ledger_delivery_id', 'ledger_row_number']) }}
{%- endmacro %}


{# A computed amount in cents, half a cent upwards: engines round doubles each in their own way, and decimals alike. #}
{% macro in_cents(expression) -%}
    cast(round(cast({{ expression }} as decimal(28, 8)), 2) as decimal(18, 2))
{%- endmacro %}


{# Whole numbers from 1 to `upper`, as a subquery with the column generated_number. #}
{% macro numbers(upper) -%}
    ({{ dbt.generate_series(upper) }})
{%- endmacro %}


{# The rows of a relation once for each breakdown (name -> expression of its value): what `with_totals` then adds up. #}
{% macro broken_down(relation, breakdowns) -%}
    {%- for breakdown, value in breakdowns.items() %}
    select *, '{{ breakdown }}' as breakdown, {{ value }} as breakdown_value
    from {{ relation }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
{%- endmacro %}


{#
  Rows repeated for the totals over some columns: each row once with its own value and once with 'all'.
  A missing value becomes 'unknown', so that the parts always add up to the total.
#}
{% macro with_totals(relation, columns) -%}
(
    select
        detail.* except ({{ columns | join(', ') }}),
        {%- for column in columns %}
        case
            when totals.{{ column }}_is_total then 'all'
            else coalesce(detail.{{ column }}, 'unknown')
        end as {{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ relation }} as detail
    cross join (
        select *
        from (select true as {{ columns[0] }}_is_total union all select false as {{ columns[0] }}_is_total) as total_0
        {%- for column in columns[1:] %}
        cross join (select true as {{ column }}_is_total union all select false as {{ column }}_is_total) as total_{{ loop.index }}
        {%- endfor %}
    ) as totals
)
{%- endmacro %}


{# Which dimensions a row names, one letter each in their order: 'ab' names the first two. Fewer letters are coarser. #}
{% macro stated_dimensions(columns) -%}
    {%- for column in columns -%}
        case when {{ column }} is null then '' else '{{ 'abcdefghij'[loop.index0] }}' end{{ ' || ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}


{# Two relations speak of the same cell of a report: region, segment, breakdown and its value. #}
{% macro same_cell(left_relation, right_relation) -%}
    {%- for column in ['region', 'segment', 'breakdown', 'breakdown_value'] -%}
        {{ left_relation }}.{{ column }} = {{ right_relation }}.{{ column }}{{ ' and ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}

{# How many threads a statement may use, where a run says so: each holds blocks of its own. #}
{% macro bound_threads() -%}
    {%- if execute -%}{{ return(adapter.dispatch('bound_threads')()) }}{%- endif -%}
{%- endmacro %}

{% macro default__bound_threads() -%}{%- endmacro %}

{% macro duckdb__bound_threads() -%}
    {%- set threads = env_var('MARKET_LEDGER_DATABASE_THREADS', '') -%}
    {%- if threads -%}{%- do run_query('set threads = ' ~ threads) -%}{%- endif -%}
{%- endmacro %}
