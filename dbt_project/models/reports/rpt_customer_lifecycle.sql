-- one row a month end, region, segment and stage of life of customers
{{ customer_groups('lifecycle_stage') }}
