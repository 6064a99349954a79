select
    as_of_date,
    time_zone
from {{ ref('stg_run_context') }}
