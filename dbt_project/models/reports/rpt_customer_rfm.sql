-- one row a month end, region, segment and RFM segment of customers
{{ customer_groups('rfm_segment') }}
