-- one row a proposed action: what a survey or complaints call for, and the sheet by which a person took it up
with sheets as (

    select action_origin, origin_id, min(corrective_action_id) as corrective_action_id
    from {{ ref('fct_corrective_actions') }}
    where origin_id is not null
    group by action_origin, origin_id

),

-- a problem that came back within the days of recurrence, once a month
repeated as (

    select
        complaints.month_start,
        'complaint' as action_origin,
        'repeated_problem' as proposal_reason,
        min(complaints.complaint_id) as origin_id,
        min(complaints.received_date) as since_date,
        complaints.category,
        complaints.product_id,
        'all' as item,
        cast(null as string) as customer_key,
        'all' as region,
        'all' as segment,
        case when min(complaints.department) = max(complaints.department) then min(complaints.department) else 'all' end
            as department,
        count(*) as finding_count,
        max(sheets.corrective_action_id) as corrective_action_id
    from {{ ref('fct_complaints') }} as complaints
    left join sheets on sheets.action_origin = 'complaint' and complaints.complaint_id = sheets.origin_id
    where complaints.is_complaint and complaints.is_repeated_problem
    group by complaints.month_start, complaints.category, complaints.product_id

),

-- of what a form calls for, an item below its bound says more than the index
triggers as (

    select *, case when trigger_code = 'item_below_minimum' then 0 else 1 end as index_last
    from {{ ref('rpt_satisfaction_triggers') }}

),

-- a customer's form or a month's overall result below its bound, with the item that stands lowest
surveyed as (

    select
        triggers.month_start,
        'survey' as action_origin,
        case when triggers.scope = 'overall' then 'survey_overall' else 'survey_customer' end as proposal_reason,
        coalesce(responses.response_id, substr(cast(triggers.month_start as string), 1, 7)) as origin_id,
        coalesce(max(responses.response_date), triggers.month_start) as since_date,
        cast(null as string) as category,
        cast(null as string) as product_id,
        {{ first_of_group(['item'], ['index_last', 'value', 'item']) }}.item as item,
        max(triggers.customer_key) as customer_key,
        max(triggers.region) as region,
        max(triggers.segment) as segment,
        max(triggers.department) as department,
        count(*) as finding_count
    from triggers
    left join {{ ref('fct_survey_responses') }} as responses on triggers.response_key = responses.response_key
    group by triggers.month_start, triggers.scope, triggers.response_key, responses.response_id

),

proposals as (

    select * from repeated
    union all
    select surveyed.*, sheets.corrective_action_id
    from surveyed
    left join sheets on surveyed.action_origin = sheets.action_origin and surveyed.origin_id = sheets.origin_id

),

final as (

    select
        cast(month_start as date) as month_start,
        cast(proposal_reason as string) as proposal_reason,
        cast(action_origin as string) as action_origin,
        cast(origin_id as string) as origin_id,
        cast(since_date as date) as since_date,
        cast(category as string) as category,
        cast(product_id as string) as product_id,
        cast(item as string) as item,
        cast(customer_key as string) as customer_key,
        cast(region as string) as region,
        cast(segment as string) as segment,
        cast(department as string) as department,
        cast(finding_count as bigint) as finding_count,
        cast(corrective_action_id as string) as corrective_action_id,
        cast(corrective_action_id is not null as boolean) as is_confirmed
    from proposals

)

select * from final
