-- one row a month, region and segment: the sales of the coming months, and what would have been said of those that are over
select * from {{ ref('int_sales_forecasts') }}
