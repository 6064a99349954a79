select * from {{ source('lake', 'deliveries') }}
