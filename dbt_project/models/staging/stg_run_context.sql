select * from {{ source('lake', 'run_context') }}
