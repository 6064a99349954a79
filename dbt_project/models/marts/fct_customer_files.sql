-- one row a customer: what its file holds of what it must hold, how long ago it was completed, and whether it was opened in time
{%- set filled = {
    'customer_name': 'customers.customer_name_surrogate', 'phone': 'customers.phone_surrogate', 'region': 'customers.region',
    'segment': 'customers.segment', 'city': 'customers.city', 'industry': 'customers.industry',
    'first_contact_date': 'customers.first_contact_date', 'opened_date': 'customers.opened_date',
} %}
with

customers as (
    select * from {{ ref('dim_customers') }}
),

run_day as (
    select as_of_date from {{ ref('stg_run_day') }}
),

required as (
    select
        {%- for name in filled %}
        max(case when field_name = '{{ name }}' then 1 else 0 end) as needs_{{ name }},
        {%- endfor %}
        count(*) as field_count
    from {{ ref('customer_file_fields') }}
),

versions as (
    select
        customer_id,
        max(version_number) as version_count,
        max(updated_date) filter (where is_current) as updated_date,
        max(valid_from_date) filter (where is_current and version_number > 1) as changed_date
    from {{ ref('fct_customer_versions') }}
    group by customer_id
),

-- Who sold to the customer last completes the file.
last_departments as (
    select
        customer_key,
        max_by(department, {{ record(['ordered_date', 'order_id'], range(2)) }}) as department
    from {{ ref('fct_orders') }}
    where department is not null and ordered_date is not null
    group by customer_key
),

missing as (
    select
        customers.*,
        versions.version_count,
        last_departments.department,
        run_day.as_of_date,
        required.field_count,
        -- What says that somebody completed it: the file itself, else a change of it, else its opening.
        case
            when customers.is_in_master then coalesce(versions.updated_date, versions.changed_date, customers.opened_date)
        end as completed_date,
        {{ days_between('customers.first_contact_date', 'customers.opened_date') }} as opening_days,
        trim(
            {%- for name, column in filled.items() %}
            case when required.needs_{{ name }} = 1 and {{ column }} is null then '{{ name }} ' else '' end
            {{- ' ||' if not loop.last }}
            {%- endfor %}
        ) as missing_fields
    from customers
    left join versions
        on customers.customer_id = versions.customer_id
    left join last_departments
        on customers.customer_key = last_departments.customer_key
    cross join run_day
    cross join required
),

counted as (
    select
        *,
        case
            when missing_fields = '' then 0
            else length(missing_fields) - length(replace(missing_fields, ' ', '')) + 1
        end as missing_count
    from missing
),

final as (
    select
        cast(customer_id as string) as customer_id,
        cast(customer_key as string) as customer_key,
        cast(person_key as string) as person_key,
        cast({{ month_start('coalesce(opened_date, as_of_date)') }} as date) as month_start,
        cast(region as string) as region,
        cast(segment as string) as segment,
        cast(department as string) as department,
        cast(is_in_master as boolean) as is_in_master,
        cast(first_contact_date as date) as first_contact_date,
        cast(opened_date as date) as opened_date,
        cast(case when is_in_master then opening_days > {{ threshold('customer_file_opening_days') }} end as boolean)
            as is_opened_late,
        cast(field_count as bigint) as required_count,
        cast(field_count - missing_count as bigint) as filled_count,
        cast(missing_fields as string) as missing_fields,
        cast(is_in_master and missing_count = 0 as boolean) as is_complete,
        cast(completed_date as date) as completed_date,
        cast({{ days_between('completed_date', 'as_of_date') }} as bigint) as age_days,
        cast({{ days_between('completed_date', 'as_of_date') }} > {{ threshold('customer_file_update_days') }} as boolean)
            as is_stale,
        cast(coalesce(version_count, 0) as bigint) as version_count,
        cast(ledger_delivery_id as string) as ledger_delivery_id,
        cast(ledger_row_number as bigint) as ledger_row_number
    from counted
)

select * from final
