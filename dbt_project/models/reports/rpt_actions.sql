-- one row an action that somebody has to do as of the run: by which procedure, since when, until when, and whether it is done
{%- set lists = [
    'int_actions_complaints',
    'int_actions_surveys',
    'int_actions_dissatisfied_customers',
    'int_actions_key_customers',
    'int_actions_customer_files',
    'int_actions_deliveries',
    'int_actions_follow_ups',
    'int_actions_order_steps',
    'int_actions_corrective_actions',
    'int_actions_instalments',
    'int_actions_campaigns',
    'int_actions_samples',
    'int_actions_return_visits',
] %}
with

actions as (
    {%- for list in lists %}
    select * from {{ ref(list) }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

kinds as (
    select * from {{ ref('action_kinds') }}
),

marks as (
    select * from {{ ref('stg_action_marks') }}
),

employees as (
    select * from {{ ref('dim_employees') }}
    where is_present
),

-- Who is named does it while he works here; else somebody of the role in the department, else somebody of the role.
named_employees as (
    select employee_name_surrogate, min(employee_id) as employee_id
    from employees
    group by employee_name_surrogate
),

employees_of_departments as (
    select role, department, min(employee_id) as employee_id
    from employees
    group by role, department
),

employees_of_roles as (
    select role, min(employee_id) as employee_id
    from employees
    group by role
),

context as (
    select as_of from {{ ref('stg_run_context') }}
),

run_day as (
    select as_of_date from {{ ref('stg_run_day') }}
),

judged as (
    select
        actions.*,
        kinds.role,
        kinds.label_zh,
        kinds.label_en,
        kinds.note_zh as todo_zh,
        kinds.note_en as todo_en,
        coalesce(
            named_employees.employee_id, employees_of_departments.employee_id, employees_of_roles.employee_id
        ) as employee_id,
        coalesce(marks.is_done, false) as is_done,
        marks.marked_at,
        marks.marked_by_employee_id,
        context.as_of,
        run_day.as_of_date,
        -- Where a clock of hours binds, the hour decides.
        coalesce(actions.due_at < context.as_of, actions.due_date < run_day.as_of_date, false) as is_overdue
    from actions
    left join kinds
        on actions.action_kind = kinds.action_kind
    left join named_employees
        on actions.responsible_surrogate = named_employees.employee_name_surrogate
    left join employees_of_departments
        on kinds.role = employees_of_departments.role and actions.department = employees_of_departments.department
    left join employees_of_roles
        on kinds.role = employees_of_roles.role
    left join marks
        on actions.action_kind = marks.action_kind and actions.subject_key = marks.subject_key
    cross join context
    cross join run_day
),

final as (
    select
        cast(substr(md5(action_kind || '|' || subject_key), 1, 12) as string) as action_id,
        cast(action_kind as string) as action_kind,
        cast(label_zh as string) as label_zh,
        cast(label_en as string) as label_en,
        cast(todo_zh as string) as todo_zh,
        cast(todo_en as string) as todo_en,
        cast(procedure_id as string) as procedure_id,
        cast(rule_id as string) as rule_id,
        cast(section as string) as subject_section,
        cast(role as string) as role,
        cast(
            case
                when is_done then 'done'
                when is_overdue then 'overdue'
                when due_date = as_of_date then 'due_today'
                else 'open'
            end as string
        ) as status,
        cast(coalesce(department, 'unknown') as string) as department,
        cast(coalesce(region, 'unknown') as string) as region,
        cast(coalesce(segment, 'unknown') as string) as segment,
        cast(employee_id as string) as responsible_key,
        cast(customer_key as string) as customer_key,
        cast(person_key as string) as person_key,
        cast(since_date as date) as since_date,
        cast(due_date as date) as due_date,
        cast(due_at as timestamp) as due_at,
        cast(
            case when is_overdue then {{ days_between('due_date', 'as_of_date') }} else 0 end as integer
        ) as days_overdue,
        cast(detail as string) as detail,
        cast(case when is_done then marked_at end as timestamp) as done_at,
        cast(case when is_done then marked_by_employee_id end as string) as done_by_employee_id,
        cast(subject_key as string) as subject_key,
        cast(ledger_delivery_id as string) as ledger_delivery_id,
        cast(ledger_row_number as bigint) as ledger_row_number
    from judged
)

select * from final
