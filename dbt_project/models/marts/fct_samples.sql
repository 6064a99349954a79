-- one row a sample of a product: the call after it was sent and the form after it was received
with samples as (

    select
        stg_samples.*,
        {{ add_days('sample_sent_date', 'cast(' ~ threshold('sample_phone_days') ~ ' as integer)') }} as phone_due_date,
        {{ add_days('sample_received_date', 'cast(' ~ threshold('sample_form_days') ~ ' as integer)') }} as form_due_date
    from {{ ref('stg_samples') }} as stg_samples

),

final as (

    select
        cast(samples.ledger_record_key as string) as sample_key,
        cast(samples.sample_id as string) as sample_id,
        cast({{ month_start('samples.sample_sent_date') }} as date) as month_start,
        cast(coalesce(samples.region, customers.region, 'unknown') as string) as region,
        cast(coalesce(customers.segment, 'unknown') as string) as segment,
        cast(coalesce(customers.customer_key, samples.customer_id) as string) as customer_key,
        cast(samples.product_id as string) as product_id,
        cast(coalesce(samples.department, 'unknown') as string) as department,
        cast(samples.salesperson_surrogate as string) as salesperson_surrogate,
        cast(samples.sample_sent_date as date) as sample_sent_date,
        cast(samples.sample_phoned_date as date) as sample_phoned_date,
        cast(samples.phone_due_date as date) as phone_due_date,
        {%- for name, done, due in [
            ('phone_status', 'sample_phoned_date', 'phone_due_date'), ('form_status', 'form_returned_date', 'form_due_date')
        ] %}
        cast(case
            when samples.{{ done }} <= samples.{{ due }} then 'in_time'
            when samples.{{ done }} > samples.{{ due }} or samples.{{ due }} < run_context.as_of_date then 'breached'
            when samples.{{ done }} is null and samples.{{ due }} is not null then 'not_yet_due'
            else 'undeterminable'
        end as string) as {{ name }},
        {%- endfor %}
        cast(samples.sample_received_date as date) as sample_received_date,
        cast(samples.form_due_date as date) as form_due_date,
        cast(samples.form_returned_date as date) as form_returned_date,
        cast(samples.sample_verdict as string) as sample_verdict,
        cast(coalesce(samples.is_design_reviewed, false) and coalesce(samples.is_production_reviewed, false)
            and coalesce(samples.is_planning_reviewed, false) as boolean) as is_fully_reviewed,
        cast(samples.ledger_delivery_id as string) as ledger_delivery_id,
        cast(samples.ledger_row_number as bigint) as ledger_row_number
    from samples
    cross join {{ ref('stg_run_day') }} as run_context
    left join {{ ref('dim_customers') }} as customers on samples.customer_id = customers.customer_id

)

select * from final
