-- one row a key customer of whom no valid form has come in the present half-year
with

customers as (
    select
        customer_key,
        min(person_key) as person_key,
        min(region) as region,
        min(segment) as segment,
        min(ledger_delivery_id) as ledger_delivery_id,
        min(customer_id) as customer_id
    from {{ ref('dim_customers') }}
    where is_key_customer
    group by customer_key
),

half_years as (
    select
        as_of_date,
        case
            when extract(month from as_of_date) <= 6 then cast(date_trunc('year', as_of_date) as date)
            else cast({{ add_months("cast(date_trunc('year', as_of_date) as date)", 6) }} as date)
        end as first_date
    from {{ ref('stg_run_day') }}
),

surveyed as (
    select distinct responses.customer_key
    from {{ ref('fct_survey_responses') }} as responses
    inner join half_years
        on responses.response_date >= half_years.first_date and responses.response_date <= half_years.as_of_date
    where responses.is_valid
),

final as (
    select
        cast('key_customer_to_survey' as string) as action_kind,
        cast(customers.customer_key || '|' || cast(half_years.first_date as string) as string) as subject_key,
        cast('satisfaction' as string) as section,
        cast('E5' as string) as procedure_id,
        cast(null as string) as rule_id,
        cast(null as string) as department,
        cast(null as string) as responsible_surrogate,
        cast(customers.customer_key as string) as customer_key,
        cast(customers.person_key as string) as person_key,
        cast(customers.region as string) as region,
        cast(customers.segment as string) as segment,
        cast(half_years.first_date as date) as since_date,
        cast({{ add_days(add_months('half_years.first_date', 6), -1) }} as date) as due_date,
        cast(null as timestamp) as due_at,
        cast(customers.customer_id as string) as detail,
        cast(customers.ledger_delivery_id as string) as ledger_delivery_id,
        cast(null as bigint) as ledger_row_number
    from customers
    cross join half_years
    left join surveyed
        on customers.customer_key = surveyed.customer_key
    where surveyed.customer_key is null
)

select * from final
