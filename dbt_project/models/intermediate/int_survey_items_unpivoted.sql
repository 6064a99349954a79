-- one row a response and item answered on the five-level form
{%- set items = ['technology', 'quality', 'service', 'delivery', 'price', 'overall'] %}
{{ config(meta={'increment': {
    'key': ['response_key'],
    'touched_by': {'stg_survey_responses': 'select ledger_record_key from changes.stg_survey_responses'},
}}) }}
with responses as (

    select * from {{ ref('stg_survey_responses') }} {{ only_touched('ledger_record_key') }}

),

unpivoted as (

    {%- for item in items %}
    select
        ledger_record_key as response_key,
        '{{ item }}' as item,
        try_cast({{ item }}_score as integer) as item_score
    from responses
    where {{ item }}_score is not null
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}

),

final as (

    select
        cast(unpivoted.response_key as string) as response_key,
        cast(unpivoted.item as string) as item,
        cast(unpivoted.item_score as integer) as item_score,
        cast(satisfaction_items.weight as double) as weight,
        -- the overall question repeats the items: it stands in for them only where none was answered
        cast(
            not satisfaction_items.is_overall
            or max(case when satisfaction_items.is_overall then 0 else 1 end)
                over (partition by unpivoted.response_key) = 0
        as boolean) as counts_in_score
    from unpivoted
    inner join {{ ref('satisfaction_items') }} as satisfaction_items on unpivoted.item = satisfaction_items.item

)

select * from final
