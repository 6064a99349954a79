-- one row a version of a customer's file: what it said from the arrival of one delivery to that of the next that says otherwise
{#- In what a version can differ: the fields of the master, told apart by their keyed hashes where they are personal. #}
{%- set fields = {
    'customer_name': 'customer_name_surrogate', 'contact_name': 'contact_name_surrogate', 'phone': 'phone_surrogate',
    'email': 'email_surrogate', 'address': 'address_surrogate', 'region': 'region', 'segment': 'segment', 'city': 'city',
    'industry': 'industry', 'parent_customer_id': 'parent_customer_id', 'first_contact_date': 'first_contact_date',
    'opened_date': 'opened_date', 'is_key_customer': 'is_key_customer', 'customer_status': 'customer_status',
    'updated_date': 'updated_date',
} %}
with

run_day as (
    select * from {{ ref('stg_run_day') }}
),

-- A reading that came again is said again: its rows count from each of its arrivals.
arrivals as (
    select
        readings.delivery_id,
        receipts.arrival_number,
        min(receipts.delivered_at) as delivered_at
    from {{ ref('stg_current_readings') }} as readings
    inner join {{ ref('stg_deliveries') }} as receipts
        on readings.delivery_id = receipts.delivery_id
    where readings.source = 'customers'
    group by readings.delivery_id, receipts.arrival_number
),

-- The last row of a customer in a delivery says it.
statements as (
    select
        customers.*,
        arrivals.arrival_number,
        cast({{ local_timestamp('arrivals.delivered_at', 'run_day.time_zone') }} as date) as arrived_date,
        row_number() over (
            partition by customers.customer_id, arrivals.arrival_number
            order by customers.ledger_row_number desc, customers.ledger_delivery_id
        ) as row_rank
    from {{ source('lake', 'customers') }} as customers
    inner join arrivals
        on customers.ledger_delivery_id = arrivals.delivery_id
    cross join run_day
),

compared as (
    select
        *,
        row_number() over history as statement_number,
        {%- for name, column in fields.items() %}
        case
            when coalesce(cast({{ column }} as string), '') <> coalesce(cast(lag({{ column }}) over history as string), '')
                then '{{ name }} '
            else ''
        end
        {%- if not loop.last %} || {% endif %}
        {%- endfor %} as changed_fields
    from statements
    where row_rank = 1
    window history as (partition by customer_id order by arrival_number)
),

versions as (
    select
        *,
        row_number() over history as version_number,
        lead(arrived_date) over history as next_arrived_date
    from compared
    where statement_number = 1 or changed_fields <> ''
    window history as (partition by customer_id order by arrival_number)
),

final as (
    select
        cast(customer_id as string) as customer_id,
        cast(coalesce(person_id, customer_id) as string) as customer_key,
        cast({{ month_start('arrived_date') }} as date) as month_start,
        cast(version_number as bigint) as version_number,
        cast(arrived_date as date) as valid_from_date,
        cast(next_arrived_date as date) as valid_to_date,
        cast(next_arrived_date is null as boolean) as is_current,
        cast(case when version_number > 1 then trim(changed_fields) end as string) as changed_fields,
        cast(region as string) as region,
        cast(segment as string) as segment,
        cast(city as string) as city,
        cast(industry as string) as industry,
        cast(customer_status as string) as customer_status,
        cast(is_key_customer as boolean) as is_key_customer,
        cast(first_contact_date as date) as first_contact_date,
        cast(opened_date as date) as opened_date,
        cast(updated_date as date) as updated_date,
        cast(ledger_delivery_id as string) as ledger_delivery_id,
        cast(ledger_row_number as bigint) as ledger_row_number
    from versions
)

select * from final
