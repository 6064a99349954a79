-- one row an instalment whose due date has passed without its payment
select
    cast('instalment_overdue' as string) as action_kind,
    cast(instalment_key as string) as subject_key,
    cast('credit' as string) as section,
    cast('C4' as string) as procedure_id,
    cast(null as string) as rule_id,
    cast(department as string) as department,
    cast(null as string) as responsible_surrogate,
    cast(customer_key as string) as customer_key,
    cast(null as string) as person_key,
    cast(region as string) as region,
    cast(segment as string) as segment,
    cast(ordered_date as date) as since_date,
    cast(due_date as date) as due_date,
    cast(null as timestamp) as due_at,
    cast(order_id || ' · ' || cast(payment_sequence as string) || ' · ' || cast(instalment_amount as string) as string) as detail,
    cast(ledger_delivery_id as string) as ledger_delivery_id,
    cast(ledger_row_number as bigint) as ledger_row_number
from {{ ref('fct_instalments') }}
where instalment_status = 'overdue'
