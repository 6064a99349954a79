{{ current_rows('visits') }}

-- What no model reads (names without a company, masked contacts, the conversation) stays in the lake: writing it down
-- costs as much as all the rest. A register's rows are known by its scope; their keys, different in every row, are left
-- out too.
select
    visit_id,
    lead_id,
    department,
    visited_date,
    arrival_time,
    visit_type,
    phone_surrogate,
    email_surrogate,
    company_name_surrogate,
    case when company_name_surrogate is not null then visitor_name_surrogate end as visitor_name_surrogate,
    companions_count,
    customer_id,
    region,
    segment,
    model_wanted,
    source_channel,
    intent_level,
    visit_order,
    is_test_drive,
    is_quote_given,
    consultant_surrogate,
    ledger_delivery_id,
    ledger_row_number,
    ledger_scope,
    case when ledger_scope is null then ledger_record_key end as ledger_record_key
from current_rows
