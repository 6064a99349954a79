-- one row a call for corrective action: a customer's (or the month's) index below its target, or one item below its minimum
{{ config(meta={'increment': {
    'key': ['month_start'],
    'touched_by': {
        'fct_survey_items': 'select month_start from changes.fct_survey_items',
        'rpt_satisfaction': 'select month_start from changes.rpt_satisfaction',
        'rpt_satisfaction_items': 'select month_start from changes.rpt_satisfaction_items',
    }
}}) }}
with items as (

    select * from {{ ref('fct_survey_items') }} {{ only_touched('month_start') }}
    where is_valid

),

-- a customer may return several forms in a month: together they are the customer's opinion
customer_items as (

    select
        month_start,
        coalesce(customer_key, response_key) as respondent,
        item,
        max(response_key) as response_key,
        max(customer_key) as customer_key,
        max(region) as region,
        max(segment) as segment,
        max(department) as department,
        max(weight) as weight,
        avg(cast(item_score as double)) as item_mean,
        avg(case when counts_in_score then cast(item_score as double) end) as scored_mean
    from items
    group by month_start, coalesce(customer_key, response_key), item

),

customer_scores as (

    select
        month_start,
        respondent,
        max(response_key) as response_key,
        max(customer_key) as customer_key,
        max(region) as region,
        max(segment) as segment,
        max(department) as department,
        round(sum(weight * scored_mean) / nullif(sum(case when scored_mean is not null then weight end), 0) / 5 * 100, 9)
            as satisfaction_score
    from customer_items
    group by month_start, respondent

),

triggers as (

    select
        month_start, response_key, 'customer' as scope, 'index_below_target' as trigger_code, 'all' as item,
        satisfaction_score as value, {{ threshold('satisfaction_target_score') }} as threshold,
        customer_key, region, segment, department
    from customer_scores
    union all
    select
        customer_items.month_start, customer_scores.response_key, 'customer' as scope,
        'item_below_minimum' as trigger_code, customer_items.item,
        customer_items.item_mean as value, {{ threshold('satisfaction_item_minimum') }} as threshold,
        customer_items.customer_key, customer_items.region, customer_items.segment, customer_items.department
    from customer_items
    inner join customer_scores
        on customer_items.month_start = customer_scores.month_start
        and customer_items.respondent = customer_scores.respondent
    union all
    select
        month_start, 'all' as response_key, 'overall' as scope, 'index_below_target' as trigger_code, 'all' as item,
        satisfaction_score as value, target_score as threshold,
        cast(null as string) as customer_key, region, segment, 'all' as department
    from {{ ref('rpt_satisfaction') }} {{ only_touched('month_start') }}
    where region = 'all' and segment = 'all'
    union all
    select
        month_start, 'all' as response_key, 'overall' as scope, 'item_below_minimum' as trigger_code, item,
        item_mean as value, {{ threshold('satisfaction_item_minimum') }} as threshold,
        cast(null as string) as customer_key, region, segment, 'all' as department
    from {{ ref('rpt_satisfaction_items') }} {{ only_touched('month_start') }}
    where region = 'all' and segment = 'all'

),

final as (

    select
        cast(month_start as date) as month_start,
        cast(response_key as string) as response_key,
        cast(scope as string) as scope,
        cast(trigger_code as string) as trigger_code,
        cast(item as string) as item,
        cast(value as double) as value,
        cast(threshold as double) as threshold,
        cast(customer_key as string) as customer_key,
        cast(region as string) as region,
        cast(segment as string) as segment,
        cast(department as string) as department
    from triggers
    where round(value, 9) < threshold

)

select * from final
