-- one row a customer: what it bought, what it is expected to buy within the horizon, and its class by that
with

histories as (
    select * from {{ ref('int_customer_histories') }} where window_kind = 'whole'
),

customer_values as (
    select * from {{ ref('int_customer_values') }}
),

methods as (
    select value_method from {{ ref('int_customer_value_models') }} where window_kind = 'whole'
),

-- The customer's place and the row of its last purchase.
purchases as (
    select
        customer_key,
        min(person_key) as person_key,
        min(region) as region,
        min(segment) as segment,
        max(last_ordered_date) as last_ordered_date,
        max_by(ledger_delivery_id, month_start) as ledger_delivery_id,
        max_by(ledger_row_number, month_start) as ledger_row_number
    from {{ ref('int_customer_purchases') }}
    group by customer_key
),

key_customers as (
    select customer_key, max(customer_id) as customer_id
    from {{ ref('dim_customers') }}
    where is_key_customer
    group by customer_key
),

valued as (
    select
        histories.*,
        purchases.person_key,
        purchases.region,
        purchases.segment,
        purchases.last_ordered_date,
        purchases.ledger_delivery_id,
        purchases.ledger_row_number,
        key_customers.customer_id is not null as is_key_customer,
        methods.value_method,
        customer_values.probability_alive,
        customer_values.expected_purchase_count,
        customer_values.model_value_amount,
        customer_values.historical_value_amount,
        case
            when methods.value_method = 'model' then customer_values.model_value_amount
            else customer_values.historical_value_amount
        end as value_amount
    from histories
    inner join customer_values
        on histories.customer_key = customer_values.customer_key
    inner join purchases
        on histories.customer_key = purchases.customer_key
    left join key_customers
        on histories.customer_key = key_customers.customer_key
    cross join methods
),

ranked as (
    select
        *,
        row_number() over (order by value_amount desc, customer_key) as value_rank,
        sum(greatest(value_amount, 0)) over (
            order by value_amount desc, customer_key rows between unbounded preceding and current row
        ) as value_so_far,
        sum(greatest(value_amount, 0)) over () as all_value
    from valued
),

final as (
    select
        cast(customer_key as string) as customer_key,
        cast(person_key as string) as person_key,
        cast({{ month_start('window_end_date') }} as date) as month_start,
        cast(region as string) as region,
        cast(segment as string) as segment,
        cast(is_key_customer as boolean) as is_key_customer,
        cast(repeat_count + 1 as bigint) as purchase_day_count,
        cast(last_ordered_date as date) as last_ordered_date,
        cast(sales_amount as decimal(18, 2)) as sales_amount_to_date,
        cast(recent_sales_amount as decimal(18, 2)) as recent_sales_amount,
        cast(probability_alive as double) as probability_alive,
        cast(expected_purchase_count as double) as expected_purchase_count,
        cast(model_value_amount as decimal(18, 2)) as model_value_amount,
        cast(historical_value_amount as decimal(18, 2)) as historical_value_amount,
        cast(value_method as string) as value_method,
        cast(value_amount as decimal(18, 2)) as value_amount,
        cast(value_rank as bigint) as value_rank,
        -- The largest is always A, also where it alone is more than A's share.
        cast(
            case
                when value_amount > 0 and (value_rank = 1 or value_so_far <= all_value * {{ threshold('pareto_a_share') }}) then 'A'
                when value_so_far <= all_value * {{ threshold('pareto_b_share') }} and value_amount > 0 then 'B'
                else 'C'
            end as string
        ) as value_class,
        cast(ledger_delivery_id as string) as ledger_delivery_id,
        cast(ledger_row_number as bigint) as ledger_row_number
    from ranked
)

select * from final
