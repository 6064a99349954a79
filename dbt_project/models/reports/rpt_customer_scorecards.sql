-- one row a month and customer: the company's score for its process, and the customer's own, which counts
with performance as (

    select * from {{ ref('int_process_performance') }} where customer_key <> 'unknown'

),

summed as (

    select
        month_start,
        customer_key,
        min(region) as region,
        min(segment) as segment
        {%- for name in process_sums() %},
        sum({{ name }}) as {{ name }}
        {%- endfor %}
    from performance
    group by month_start, customer_key

),

judged as (

    select
        *
        {%- for name, condition in process_criteria().items() %},
        {{ condition }} as is_{{ name }}_met
        {%- endfor %}
    from summed

),

scored as (

    select
        month_start,
        customer_key,
        region,
        segment,
        100 * {{ safe_divide(criteria_count(''), criteria_count('is not null')) }} as process_score
    from judged

),

received as (

    select
        {{ month_start('scorecards.scorecard_month') }} as month_start,
        coalesce(customers.customer_key, scorecards.customer_id) as customer_key,
        coalesce(customers.region, 'unknown') as region,
        coalesce(customers.segment, 'unknown') as segment,
        100 * {{ safe_divide('scorecards.scorecard_points', 'coalesce(scorecards.scorecard_full_points, 100)') }}
            as customer_score
    from {{ ref('stg_customer_scorecards') }} as scorecards
    left join {{ ref('dim_customers') }} as customers on scorecards.customer_id = customers.customer_id

),

given as (

    select month_start, customer_key, min(region) as region, min(segment) as segment, avg(customer_score) as customer_score
    from received
    group by month_start, customer_key

),

final as (

    select
        cast(coalesce(given.month_start, scored.month_start) as date) as month_start,
        cast(coalesce(given.customer_key, scored.customer_key) as string) as customer_key,
        cast(coalesce(given.region, scored.region) as string) as region,
        cast(coalesce(given.segment, scored.segment) as string) as segment,
        cast(scored.process_score as double) as process_score,
        cast(given.customer_score as double) as customer_score,
        cast(coalesce(given.customer_score, scored.process_score) as double) as counted_score,
        cast(case when given.customer_score is not null then 'customer' else 'own' end as string) as score_basis
    from scored
    full outer join given on scored.month_start = given.month_start and scored.customer_key = given.customer_key

)

select * from final
