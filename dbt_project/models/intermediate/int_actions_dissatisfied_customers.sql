-- one row a customer and month of a satisfaction index below its target, or of an item below its minimum
with

triggers as (
    select * from {{ ref('rpt_satisfaction_triggers') }}
    where scope = 'customer' and customer_key is not null
),

responses as (
    select response_key, person_key, ledger_delivery_id, ledger_row_number
    from {{ ref('fct_survey_responses') }}
),

run_day as (
    select * from {{ ref('stg_run_day') }}
),

-- Several triggers of one form are one call; the lowest value says how bad it is.
forms as (
    select
        response_key,
        min(month_start) as month_start,
        min(customer_key) as customer_key,
        min(region) as region,
        min(segment) as segment,
        min(department) as department,
        min(value) filter (where item = 'all') as satisfaction_score,
        min(value) filter (where item <> 'all') as lowest_item_mean
    from triggers
    group by response_key
),

final as (
    select
        cast('dissatisfied_customer' as string) as action_kind,
        cast(forms.response_key as string) as subject_key,
        cast('satisfaction' as string) as section,
        cast('E3' as string) as procedure_id,
        cast(case when forms.satisfaction_score is null then 'satisfaction_item_minimum' else 'satisfaction_target_score' end as string) as rule_id,
        cast(forms.department as string) as department,
        cast(null as string) as responsible_surrogate,
        cast(forms.customer_key as string) as customer_key,
        cast(responses.person_key as string) as person_key,
        cast(forms.region as string) as region,
        cast(forms.segment as string) as segment,
        cast(forms.month_start as date) as since_date,
        cast(null as date) as due_date,
        cast(null as timestamp) as due_at,
        cast(cast(coalesce(forms.satisfaction_score, forms.lowest_item_mean) as decimal(9, 1)) as string) as detail,
        cast(responses.ledger_delivery_id as string) as ledger_delivery_id,
        cast(responses.ledger_row_number as bigint) as ledger_row_number
    from forms
    inner join responses
        on forms.response_key = responses.response_key
    cross join run_day
    where {{ days_between('forms.month_start', 'run_day.as_of_date') }}
        <= {{ threshold('action_memory_days') }}
)

select * from final
