-- one row a sample whose customer is to be phoned, or whose form is to come back
with samples as (

    select * from {{ ref('fct_samples') }}

),

final as (

    select
        cast('sample_to_phone' as string) as action_kind,
        cast(sample_key as string) as subject_key,
        cast('satisfaction' as string) as section,
        cast('E7' as string) as procedure_id,
        cast('sample_phone_days' as string) as rule_id,
        cast(department as string) as department,
        cast(salesperson_surrogate as string) as responsible_surrogate,
        cast(customer_key as string) as customer_key,
        cast(null as string) as person_key,
        cast(region as string) as region,
        cast(segment as string) as segment,
        cast(sample_sent_date as date) as since_date,
        cast(phone_due_date as date) as due_date,
        cast(null as timestamp) as due_at,
        cast(sample_id || ' ' || coalesce(product_id, '') as string) as detail,
        cast(ledger_delivery_id as string) as ledger_delivery_id,
        cast(ledger_row_number as bigint) as ledger_row_number
    from samples
    where sample_phoned_date is null
    union all
    select
        cast('sample_form' as string) as action_kind,
        cast(sample_key as string) as subject_key,
        cast('satisfaction' as string) as section,
        cast('E7' as string) as procedure_id,
        cast('sample_form_days' as string) as rule_id,
        cast(department as string) as department,
        cast(salesperson_surrogate as string) as responsible_surrogate,
        cast(customer_key as string) as customer_key,
        cast(null as string) as person_key,
        cast(region as string) as region,
        cast(segment as string) as segment,
        cast(sample_received_date as date) as since_date,
        cast(form_due_date as date) as due_date,
        cast(null as timestamp) as due_at,
        cast(sample_id || ' ' || coalesce(product_id, '') as string) as detail,
        cast(ledger_delivery_id as string) as ledger_delivery_id,
        cast(ledger_row_number as bigint) as ledger_row_number
    from samples
    where sample_received_date is not null and form_returned_date is null

)

select * from final
