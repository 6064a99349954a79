-- one row an item answered on a survey form
{{ config(meta={'increment': {
    'key': ['response_key'],
    'touched_by': {
        'fct_survey_responses': 'select response_key from changes.fct_survey_responses',
        'int_survey_items_unpivoted': 'select response_key from changes.int_survey_items_unpivoted',
    }
}}) }}
with responses as (

    select * from {{ ref('fct_survey_responses') }} {{ only_touched('response_key') }}

),

items as (

    select * from {{ ref('int_survey_items_unpivoted') }} {{ only_touched('response_key') }}

),

final as (

    select
        cast(items.response_key || '|' || items.item as string) as item_key,
        responses.response_key,
        responses.month_start,
        responses.region,
        responses.segment,
        responses.department,
        responses.customer_key,
        responses.person_key,
        items.item,
        items.item_score,
        items.weight,
        items.counts_in_score,
        responses.is_valid,
        responses.ledger_delivery_id,
        responses.ledger_row_number
    from items
    inner join responses on items.response_key = responses.response_key

)

select * from final
