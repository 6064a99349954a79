-- one row a piece of information about the market that a department wrote down
select
    cast(notes.intelligence_id as string) as intelligence_id,
    cast(notes.observed_date as date) as observed_date,
    {{ month_start('notes.observed_date') }} as month_start,
    cast(coalesce(notes.region, 'unknown') as string) as region,
    cast(coalesce(notes.segment, 'unknown') as string) as segment,
    cast(coalesce(notes.department, 'unknown') as string) as department,
    cast(notes.reporter_surrogate as string) as reporter_key,
    cast(notes.intelligence_kind as string) as intelligence_kind,
    cast(coalesce(notes.information_origin, 'unknown') as string) as information_origin,
    cast(coalesce(notes.information_source, 'unknown') as string) as information_source,
    cast(coalesce(notes.reliability, 'unknown') as string) as reliability,
    cast(coalesce(levels.is_reliable, false) as boolean) as is_reliable,
    cast(notes.competitor as string) as competitor,
    cast(notes.competitor_product as string) as competitor_product,
    cast(notes.product_id as string) as product_id,
    cast(notes.competitor_price as decimal(18, 2)) as competitor_price,
    cast(notes.competitor_price is not null and coalesce(levels.counts_for_prices, true) as boolean) as is_price_taken,
    cast(notes.competitor_move as string) as competitor_move,
    cast(notes.move_effective_date as date) as move_effective_date,
    cast(notes.intelligence_content as string) as intelligence_content,
    cast(notes.ledger_delivery_id as string) as ledger_delivery_id,
    cast(notes.ledger_row_number as bigint) as ledger_row_number
from {{ ref('stg_market_intelligence') }} as notes
left join {{ ref('reliability_levels') }} as levels
    on coalesce(notes.reliability, 'unknown') = levels.reliability
