-- one row a delivery: how many of its counting rows say one thing in two ways, and how many of these agree
{%- set statements = {
    'sales': 'abs(abs(quantity * unit_price) - coalesce(discount_amount, 0) - abs(amount)) <= greatest(0.02 * abs(amount), 0.02)',
    'orders': 'promised_date >= ordered_date',
    'complaints': 'first_reply_at >= received_at',
    'shipments': 'arrived_date >= shipped_date',
} %}
{%- set touched_by = {} %}
{%- for source_name in statements %}
{%- do touched_by.update({'stg_' ~ source_name: 'select ledger_delivery_id from changes.stg_' ~ source_name}) %}
{%- endfor %}
{{ config(meta={'increment': {'key': ['delivery_id'], 'touched_by': touched_by}}) }}
with

compared as (
    {%- for source_name, agrees in statements.items() %}
    select
        ledger_delivery_id as delivery_id,
        count({{ agrees }}) as compared_row_count,
        sum(case when {{ agrees }} then 1 else 0 end) as agreeing_row_count
    from {{ ref('stg_' ~ source_name) }} {{ only_touched('ledger_delivery_id') }}
    group by ledger_delivery_id
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

final as (
    select
        cast(delivery_id as string) as delivery_id,
        cast(compared_row_count as bigint) as compared_row_count,
        cast(agreeing_row_count as bigint) as agreeing_row_count
    from compared
)

select * from final
