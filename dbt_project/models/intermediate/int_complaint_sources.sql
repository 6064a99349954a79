-- one row a delivery of complaints: whether its source knows reply times and closings
-- That is a matter of the source, not of the row: an empty cell in a file that has reply times is an unanswered
-- complaint, in a file that has none it says nothing. A source is what one mapping reads; a file without a mapping
-- speaks for itself. A column of reply times that is empty throughout counts as having them, unless the source
-- declares what was in time instead.
with deliveries as (

    select
        delivery_id,
        max(mapping_name) as mapping_name,
        max(case when fields_read like '%first_reply_at%' then 1 else 0 end) as is_reply_read,
        max(case when fields_read like '%closed_at%' or fields_read like '%complaint_status%' then 1 else 0 end)
            as is_closing_read
    from {{ ref('stg_deliveries') }}
    group by delivery_id

),

delivered as (

    select
        ledger_delivery_id as delivery_id,
        max(case when first_reply_at is not null then 1 else 0 end) as has_replies,
        max(case when is_reply_in_time is not null then 1 else 0 end) as has_declarations,
        max(case when closed_at is not null or complaint_status is not null then 1 else 0 end) as has_closings
    from {{ ref('stg_complaints') }}
    group by ledger_delivery_id

),

sourced as (

    select
        delivered.*,
        coalesce(deliveries.mapping_name, delivered.delivery_id) as reply_source,
        coalesce(deliveries.is_reply_read, 0) as is_reply_read,
        coalesce(deliveries.is_closing_read, 0) as is_closing_read
    from delivered
    left join deliveries on delivered.delivery_id = deliveries.delivery_id

),

sources as (

    select
        reply_source,
        case
            when max(has_replies) = 1 then 1
            when max(has_declarations) = 1 then 0
            else max(is_reply_read)
        end as has_reply_times,
        greatest(max(has_closings), max(is_closing_read)) as has_closing
    from sourced
    group by reply_source

),

final as (

    select
        cast(sourced.delivery_id as string) as delivery_id,
        cast(sources.has_reply_times = 1 as boolean) as has_reply_times,
        cast(sources.has_closing = 1 as boolean) as has_closing
    from sourced
    inner join sources on sourced.reply_source = sources.reply_source

)

select * from final
