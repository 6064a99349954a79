{#
  The monthly summary: which figures it has, and how a figure is compared with an earlier one.
  Belongs here: the figures of all sections, the kinds of change and of test that they name. Not here: the formulas
  (measures.sql). Each section's figures are a model of their own (int_summary_*), so that a section that cannot be
  built keeps none of the others from the summary.
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


{#
  metric: its name here; section: the report's section; report, column: where it stands;
  where: the rows that are taken; numerator, denominator: what a rate is made of;
  interval: its columns end in _low and _high; change: relative, points (of a rate) or difference (of a score);
  test: how a change is judged (proportion: two rates; interval: two scores by their intervals; none: a census);
  target: what it is held against.
#}
{% macro summary_figures() %}
{%- set total = "breakdown = 'total'" %}
{%- set figures = [
    {'metric': 'sales_amount', 'section': 'sales', 'report': 'rpt_monthly_sales', 'where': total,
        'unit': 'currency', 'change': 'relative', 'target': 'target_amount'},
    {'metric': 'target_attainment_rate', 'section': 'sales', 'report': 'rpt_monthly_sales', 'where': total,
        'numerator': 'sales_amount', 'denominator': 'target_amount', 'unit': 'percent', 'change': 'points'},
    {'metric': 'year_to_date_sales_amount', 'section': 'sales', 'report': 'rpt_monthly_sales', 'where': total,
        'unit': 'currency', 'change': 'relative', 'target': 'year_to_date_target_amount'},
    {'metric': 'year_to_date_attainment_rate', 'section': 'sales', 'report': 'rpt_monthly_sales', 'where': total,
        'numerator': 'year_to_date_sales_amount', 'denominator': 'year_to_date_target_amount',
        'unit': 'percent', 'change': 'points'},
    {'metric': 'order_count', 'section': 'sales', 'report': 'rpt_monthly_sales', 'where': total,
        'unit': 'count', 'change': 'relative'},
    {'metric': 'average_order_amount', 'section': 'sales', 'report': 'rpt_monthly_sales', 'where': total,
        'numerator': 'sales_amount', 'denominator': 'order_count', 'unit': 'currency', 'change': 'relative'},
    {'metric': 'new_product_share', 'section': 'sales', 'report': 'rpt_monthly_sales', 'where': total,
        'numerator': 'new_product_sales_amount', 'denominator': 'sales_amount', 'unit': 'percent', 'change': 'points'},
    {'metric': 'penetration_rate', 'section': 'sales', 'report': 'rpt_monthly_sales', 'where': total,
        'numerator': 'own_customer_count', 'denominator': 'market_customer_count',
        'unit': 'percent', 'change': 'points'},
    {'metric': 'market_share', 'section': 'sales', 'report': 'rpt_monthly_sales', 'where': total,
        'unit': 'percent', 'change': 'points'},
    {'metric': 'visit_count', 'section': 'visitors', 'report': 'rpt_showroom_traffic', 'where': total,
        'unit': 'count', 'change': 'relative'},
    {'metric': 'first_visit_share', 'section': 'visitors', 'report': 'rpt_showroom_traffic',
        'column': 'share_of_known', 'where': "breakdown = 'visit_order' and breakdown_value = 'first'",
        'numerator': 'visit_count', 'denominator': 'known_count', 'unit': 'percent', 'change': 'points',
        'test': 'proportion'},
    {'metric': 'contact_left_rate', 'section': 'visitors', 'report': 'rpt_showroom_traffic', 'where': total,
        'numerator': 'contact_left_count', 'denominator': 'visit_count', 'interval': true,
        'unit': 'percent', 'change': 'points', 'test': 'proportion'},
    {'metric': 'close_rate', 'section': 'visitors', 'report': 'rpt_showroom_traffic', 'where': total,
        'numerator': 'order_count', 'denominator': 'visit_count', 'interval': true,
        'unit': 'percent', 'change': 'points', 'test': 'proportion'},
    {'metric': 'lead_order_rate', 'section': 'funnel', 'report': 'rpt_funnel', 'column': 'overall_rate',
        'where': "step = 'order' and source_channel = 'all' and step_window = '90_days'",
        'numerator': 'lead_count', 'denominator': 'all_lead_count', 'interval': true,
        'unit': 'percent', 'change': 'points', 'test': 'proportion'},
    {'metric': 'active_customer_count', 'section': 'customers', 'report': 'rpt_customers',
        'unit': 'count', 'change': 'relative'},
    {'metric': 'first_customer_count', 'section': 'customers', 'report': 'rpt_customers',
        'unit': 'count', 'change': 'relative'},
    {'metric': 'repeat_rate', 'section': 'customers', 'report': 'rpt_customers',
        'numerator': 'repeat_customer_count', 'denominator': 'active_customer_count', 'interval': true,
        'unit': 'percent', 'change': 'points', 'test': 'proportion'},
    {'metric': 'complaint_count', 'section': 'complaints', 'report': 'rpt_complaints', 'where': total,
        'unit': 'count', 'change': 'relative'},
    {'metric': 'complaint_attainment_rate', 'section': 'complaints', 'report': 'rpt_complaints',
        'column': 'attainment_rate', 'where': total, 'numerator': 'replied_in_time_count',
        'denominator': '(replied_in_time_count + breached_count)', 'interval': true,
        'unit': 'percent', 'change': 'points', 'test': 'proportion'},
    {'metric': 'complaints_per_1000_orders', 'section': 'complaints', 'report': 'rpt_complaints', 'where': total,
        'numerator': 'complaint_count', 'denominator': 'order_count', 'unit': 'ratio', 'change': 'difference'},
    {'metric': 'satisfaction_score', 'section': 'satisfaction', 'report': 'rpt_satisfaction',
        'interval': true, 'base': 'response_count', 'unit': 'score', 'change': 'difference', 'test': 'interval',
        'target': 'target_score'},
    {'metric': 'net_promoter_score', 'section': 'satisfaction', 'report': 'rpt_satisfaction',
        'numerator': '(promoter_count - detractor_count)', 'denominator': 'recommend_count', 'interval': true,
        'unit': 'score', 'change': 'difference', 'test': 'interval'},
    {'metric': 'response_rate', 'section': 'satisfaction', 'report': 'rpt_satisfaction',
        'numerator': 'invitation_answered_count', 'denominator': 'invitation_delivered_count', 'interval': true,
        'unit': 'percent', 'change': 'points', 'test': 'proportion', 'target': 'target_response_rate'},
] %}
{%- for each in figures %}{% do each.update({'sort_order': loop.index}) %}{% endfor %}
{{ return(figures) }}
{% endmacro %}


{# One row a month, region, segment and figure of one section. #}
{% macro summary_of_section(section) %}
with

run_context as (
    select {{ month_start('as_of_date') }} as as_of_month
    from {{ ref('stg_run_day') }}
),

thresholds as (
    select
        {{ threshold('small_base') }} as small_base,
        {{ threshold('wide_interval_points') }} as wide_interval_points
),

metrics as (
    {%- for each in summary_figures() if each.section == section %}
    {%- set column = each.column or each.metric %}
    select
        month_start,
        region,
        segment,
        '{{ each.metric }}' as metric,
        '{{ each.section }}' as section,
        {{ each.sort_order }} as sort_order,
        '{{ each.report }}' as report,
        '{{ column }}' as report_column,
        cast({{ column }} as double) as value,
        cast({{ each.numerator or 'null' }} as double) as numerator,
        cast({{ each.denominator or 'null' }} as double) as denominator,
        cast({{ each.base or each.denominator or 'null' }} as double) as base_count,
        cast({{ column ~ '_low' if each.interval else 'null' }} as double) as low,
        cast({{ column ~ '_high' if each.interval else 'null' }} as double) as high,
        cast({{ each.target or 'null' }} as double) as target_value,
        '{{ each.unit }}' as unit,
        '{{ each.change }}' as change_kind,
        '{{ each.test or "none" }}' as test_kind
    from {{ ref(each.report) }}
    {%- if each.where %}
    where {{ each.where }}
    {%- endif %}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

compared as (
    select
        metrics.*,
        previous.value as previous_value,
        {{ summary_change('metrics', 'previous') }} as previous_change,
        {{ summary_change_is_significant('metrics', 'previous') }} as previous_change_is_significant,
        last_year.value as last_year_value,
        {{ summary_change('metrics', 'last_year') }} as last_year_change,
        {{ summary_change_is_significant('metrics', 'last_year') }} as last_year_change_is_significant,
        case when metrics.unit = 'percent' then 100 else 1 end * (metrics.high - metrics.low) / 2 as half_width
    from metrics
    left join metrics as previous
        on metrics.metric = previous.metric
        and metrics.region = previous.region
        and metrics.segment = previous.segment
        and previous.month_start = {{ add_months('metrics.month_start', -1) }}
    left join metrics as last_year
        on metrics.metric = last_year.metric
        and metrics.region = last_year.region
        and metrics.segment = last_year.segment
        and last_year.month_start = {{ add_months('metrics.month_start', -12) }}
),

final as (
    select
        cast(compared.month_start as date) as month_start,
        cast(compared.region as string) as region,
        cast(compared.segment as string) as segment,
        cast(compared.metric as string) as metric,
        cast(compared.section as string) as section,
        cast(compared.sort_order as bigint) as sort_order,
        cast(compared.report as string) as report,
        cast(compared.report_column as string) as report_column,
        cast(compared.value as double) as value,
        cast(compared.numerator as double) as numerator,
        cast(compared.denominator as double) as denominator,
        cast(compared.low as double) as low,
        cast(compared.high as double) as high,
        cast(compared.previous_value as double) as previous_value,
        cast(compared.previous_change as double) as previous_change,
        cast(compared.change_kind as string) as previous_change_kind,
        cast(compared.previous_change_is_significant as boolean) as previous_change_is_significant,
        cast(compared.last_year_value as double) as last_year_value,
        cast(compared.last_year_change as double) as last_year_change,
        cast(compared.last_year_change_is_significant as boolean) as last_year_change_is_significant,
        cast(compared.target_value as double) as target_value,
        cast(compared.unit as string) as unit,
        cast(
            case
                when compared.value is null then 'not_available'
                when compared.test_kind <> 'none' and compared.base_count < thresholds.small_base then 'small_base'
                when compared.half_width > thresholds.wide_interval_points then 'wide_interval'
                else 'ok'
            end as string
        ) as value_status
    from compared
    cross join thresholds
    cross join run_context
    where compared.month_start <= run_context.as_of_month
)

select * from final
{% endmacro %}
