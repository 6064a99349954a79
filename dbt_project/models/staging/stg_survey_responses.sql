{{ current_rows('survey_responses') }},

-- The contract accepts the five levels by their names; from here on they are numbers.
scored as (
    select
        * except (technology_score, quality_score, service_score, delivery_score, price_score, overall_score),
        cast(technology_score as bigint) as technology_score,
        cast(quality_score as bigint) as quality_score,
        cast(service_score as bigint) as service_score,
        cast(delivery_score as bigint) as delivery_score,
        cast(price_score as bigint) as price_score,
        cast(overall_score as bigint) as overall_score
    from current_rows
)

select * from scored
