-- one row a step of an order that is past its limit and not done
select
    cast('order_step_overdue' as string) as action_kind,
    cast(step_key as string) as subject_key,
    cast('orders' as string) as section,
    cast('C1' as string) as procedure_id,
    cast(null as string) as rule_id,
    cast(department as string) as department,
    cast(handler_surrogate as string) as responsible_surrogate,
    cast(customer_key as string) as customer_key,
    cast(null as string) as person_key,
    cast(region as string) as region,
    cast(segment as string) as segment,
    cast(coalesce(started_date, due_date) as date) as since_date,
    cast(due_date as date) as due_date,
    cast(due_at as timestamp) as due_at,
    cast(order_id || ' · ' || order_step as string) as detail,
    cast(ledger_delivery_id as string) as ledger_delivery_id,
    cast(ledger_row_number as bigint) as ledger_row_number
from {{ ref('fct_order_steps') }}
where is_open and step_status = 'breached'
