-- one row an order that reached its review and a part of the house that has to sign it
with

reviews as (
    select
        *,
        signed_at is not null or signer_surrogate is not null as is_signed
    from {{ ref('stg_order_reviews') }}
),

sample_lines as (
    select
        order_id,
        sum(case when line_type = 'sample' then quantity end) as sample_units,
        count(case when line_type <> 'sample' then 1 end) = 0 as is_sample_throughout,
        min(ledger_delivery_id) as ledger_delivery_id,
        min(ledger_row_number) as ledger_row_number
    from {{ ref('fct_sales_lines') }}
    group by order_id
),

-- What was taken off the price of goods sold; gifts and refunds are no decisions on a price.
prices as (
    select
        order_id,
        sum(discount_amount) as discount_amount,
        sum(net_amount + discount_amount) as list_amount
    from {{ ref('fct_sales_lines') }}
    where line_type = 'sale' and discount_amount is not null and net_amount is not null
    group by order_id
    having sum(net_amount + discount_amount) > 0
),

authorities as (
    select order_id, max(most_discount_share) as most_discount_share
    from {{ ref('int_order_signatures') }}
    where is_agreed
    group by order_id
),

lowest_authority as (
    select min(most_discount_share) as most_discount_share from {{ ref('approval_authorities') }}
),

-- Who signed, whose flow came to the review, and what was declared a sample.
reached as (
    select order_id, ledger_delivery_id, ledger_row_number from reviews
    union all
    select order_id, ledger_delivery_id, ledger_row_number from {{ ref('stg_order_events') }} where order_step = 'order_review'
    union all
    select order_id, ledger_delivery_id, ledger_row_number from sample_lines where is_sample_throughout
),

under_review as (
    select
        order_id,
        {{ first_of_group(['ledger_delivery_id', 'ledger_row_number'], ['ledger_delivery_id', 'ledger_row_number']) }} as origin
    from reached
    group by order_id
),

reviewed as (
    select
        order_id,
        max(case when is_sample_confirmed then 1 else 0 end) = 1 as is_sample_confirmed,
        min(signed_at) as first_signed_at
    from reviews
    group by order_id
),

parts as (
    select review_part, row_number() over (order by review_part nulls last) as part_number
    from {{ ref('review_parts') }}
    where is_required
),

run_context as (
    select time_zone from {{ ref('stg_run_context') }}
),

judged as (
    select
        under_review.order_id,
        under_review.origin,
        parts.review_part,
        parts.part_number,
        orders.ordered_date,
        {{ local_timestamp('reviewed.first_signed_at', 'run_context.time_zone') }} as first_signed_local,
        orders.region,
        orders.segment,
        orders.department,
        orders.customer_key,
        coalesce(orders.is_delivered, false) as is_delivered,
        coalesce(reviews.is_signed, false) as is_signed,
        reviews.signed_at,
        reviews.signer_surrogate,
        reviews.review_opinion,
        coalesce(sample_lines.sample_units, 0) as sample_units,
        coalesce(reviewed.is_sample_confirmed, false) as is_sample_confirmed,
        coalesce(sample_lines.is_sample_throughout, false) as is_declared_sample,
        {{ safe_divide('prices.discount_amount', 'prices.list_amount') }} as discount_share,
        authorities.most_discount_share,
        case
            when prices.order_id is null then 'not_known'
            when prices.discount_amount <= {{ in_cents('lowest_authority.most_discount_share * cast(prices.list_amount as double)') }}
                then 'within'
            when authorities.most_discount_share is null then 'undecided'
            when prices.discount_amount <= {{ in_cents('authorities.most_discount_share * cast(prices.list_amount as double)') }}
                then 'within'
            else 'beyond'
        end as price_decision
    from under_review
    cross join parts
    cross join run_context
    cross join lowest_authority
    left join {{ ref('fct_orders') }} as orders
        on under_review.order_id = orders.order_id
    left join reviewed
        on under_review.order_id = reviewed.order_id
    left join reviews
        on under_review.order_id = reviews.order_id and parts.review_part = reviews.review_part
    left join sample_lines
        on under_review.order_id = sample_lines.order_id
    left join prices
        on under_review.order_id = prices.order_id
    left join authorities
        on under_review.order_id = authorities.order_id
),

final as (
    select
        cast(order_id || '|' || review_part as string) as review_key,
        cast({{ month_start('coalesce(ordered_date, first_signed_local)') }} as date) as month_start,
        cast(order_id as string) as order_id,
        cast(review_part as string) as review_part,
        cast(part_number = 1 as boolean) as is_first_part,
        cast(coalesce(region, 'unknown') as string) as region,
        cast(coalesce(segment, 'unknown') as string) as segment,
        cast(coalesce(department, 'unknown') as string) as department,
        cast(customer_key as string) as customer_key,
        cast(is_signed as boolean) as is_signed,
        cast(signed_at as timestamp) as signed_at,
        cast(signer_surrogate as string) as signer_surrogate,
        cast(review_opinion as string) as review_opinion,
        cast(min(case when is_signed then 1 else 0 end) over (partition by order_id) = 1 as boolean) as is_complete,
        cast(max(case when review_opinion = 'refused' then 1 else 0 end) over (partition by order_id) = 1 as boolean) as is_refused,
        cast(is_delivered as boolean) as is_delivered,
        -- at most so many pieces, or confirmed in the review: the rest of what calls itself a sample is an order
        cast(
            is_sample_confirmed or (is_declared_sample and sample_units <= {{ threshold('sample_order_units') }}) as boolean
        ) as is_sample_order,
        cast(
            is_declared_sample and not is_sample_confirmed and sample_units > {{ threshold('sample_order_units') }} as boolean
        ) as is_sample_too_large,
        cast(sample_units as decimal(18, 4)) as sample_units,
        cast(discount_share as double) as discount_share,
        cast(most_discount_share as double) as most_discount_share,
        cast(price_decision as string) as price_decision,
        cast(origin.ledger_delivery_id as string) as ledger_delivery_id,
        cast(origin.ledger_row_number as bigint) as ledger_row_number
    from judged
)

select * from final
