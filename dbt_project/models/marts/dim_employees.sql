-- one row an employee of the register; names and where to reach them stay surrogates
with

employees as (
    select * from {{ ref('stg_employees') }}
),

today as (
    select as_of_date from {{ ref('stg_run_day') }}
),

final as (
    select
        cast(employees.employee_id as string) as employee_id,
        cast(employees.employee_name_surrogate as string) as employee_name_surrogate,
        cast(employees.employee_name_masked as string) as employee_name_masked,
        cast(employees.email_surrogate as string) as email_surrogate,
        cast(employees.phone_surrogate as string) as phone_surrogate,
        cast(employees.department as string) as department,
        cast(employees.role as string) as role,
        cast(employees.manager_employee_id as string) as manager_employee_id,
        cast(employees.joined_date as date) as joined_date,
        cast(employees.left_date as date) as left_date,
        -- The last day of work is worked.
        cast(
            coalesce(employees.joined_date <= today.as_of_date, true)
            and coalesce(employees.left_date >= today.as_of_date, true) as boolean
        ) as is_present,
        cast(employees.ledger_delivery_id as string) as ledger_delivery_id,
        cast(employees.ledger_row_number as bigint) as ledger_row_number
    from employees
    cross join today
)

select * from final
