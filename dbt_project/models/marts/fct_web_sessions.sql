-- one row a web session: page requests of one browser with no pause of 30 minutes between them
{{ config(meta={'increment': {
    'key': ['client_address_surrogate'],
    'touched_by': {'stg_web_requests': 'select client_address_surrogate from changes.stg_web_requests'},
}}) }}
with

requests as (
    select * from {{ ref('stg_web_requests') }} {{ only_touched('client_address_surrogate') }}
),

-- Rules are tried on the distinct texts, which are few, not on every request.
user_agents as (
    select distinct user_agent from requests where user_agent is not null
),

robot_agents as (
    select distinct user_agents.user_agent
    from user_agents
    inner join {{ ref('robots') }} as robots
        on lower(user_agents.user_agent) like '%' || lower(robots.fragment) || '%'
),

paths as (
    select distinct path_redacted, lower(split_part(split_part(path_redacted, '?', 1), '#', 1)) as bare_path
    from requests
    where path_redacted is not null
),

asset_paths as (
    select distinct paths.path_redacted
    from paths
    inner join {{ ref('web_assets') }} as web_assets
        on paths.bare_path like '%' || lower(web_assets.suffix)
),

page_requests as (
    select requests.*
    from requests
    left join robot_agents
        on requests.user_agent = robot_agents.user_agent
    left join asset_paths
        on requests.path_redacted = asset_paths.path_redacted
    where robot_agents.user_agent is null
        and asset_paths.path_redacted is null
        and requests.client_address_surrogate is not null
),

{#- A browser is told by address and program together: one office shares an address. #}
{%- set browser = "client_address_surrogate, coalesce(user_agent, '')" %}
{%- set in_order = 'order by requested_at nulls last, ledger_delivery_id, ledger_row_number' %}

numbered as (
    select
        *,
        lag(requested_at) over (partition by {{ browser }} {{ in_order }}) as previous_requested_at,
        row_number() over (partition by {{ browser }} {{ in_order }}) as request_number,
        max(requested_at) over (partition by {{ browser }}) as last_requested_at,
        count(*) over (partition by {{ browser }}) as request_count
    from page_requests
),

starts as (
    select *
    from numbered
    where previous_requested_at is null
        or {{ dbt.datediff('previous_requested_at', 'requested_at', 'second') }}
            >= {{ threshold('web_session_pause_minutes') }} * 60
),

-- A session ends with the request before the next one's first.
sessions as (
    select
        *,
        lower(coalesce(referrer_redacted, '')) as referrer_text,
        lower(coalesce(path_redacted, '')) as path_text,
        coalesce(
            lead(previous_requested_at) over (partition by {{ browser }} order by request_number nulls last),
            last_requested_at
        ) as ended_at,
        coalesce(
            lead(request_number) over (partition by {{ browser }} order by request_number nulls last),
            request_count + 1
        ) - request_number as page_count
    from starts
),

-- First touch: where the session's first page was asked from.
origins as (
    select distinct path_text, referrer_text, site from sessions
),

matched_rules as (
    select
        origins.path_text,
        origins.referrer_text,
        origins.site,
        rules.source_channel,
        row_number() over (
            partition by origins.path_text, origins.referrer_text, origins.site
            order by rules.priority nulls last, rules.rule_id
        ) as preference
    from origins
    inner join {{ ref('web_channel_rules') }} as rules
        on (rules.match_in = 'path' and origins.path_text like '%' || lower(rules.fragment) || '%')
        or (
            rules.match_in = 'referrer'
            -- The host alone decides: a search term or a page of another site may hold any word.
            and split_part(origins.referrer_text, '/', 1) || '//' || split_part(origins.referrer_text, '/', 3) || '/'
            like '%' || lower(rules.fragment) || '%'
        )
),

final as (
    select
        cast(sessions.ledger_delivery_id || '-' || cast(sessions.ledger_row_number as string) as string)
            as session_key,
        cast(sessions.client_address_surrogate as string) as client_address_surrogate,
        cast(sessions.requested_at as timestamp) as started_at,
        cast(sessions.ended_at as timestamp) as ended_at,
        cast(sessions.requested_date as date) as session_date,
        cast({{ month_start('sessions.requested_date') }} as date) as month_start,
        cast('unknown' as string) as region,
        cast('unknown' as string) as segment,
        cast(sessions.site as string) as site,
        cast(
            case
                when matched_rules.source_channel is not null then matched_rules.source_channel
                when sessions.referrer_text in ('', '-') then 'direct'
                -- A page of the own site as referrer: the visitor came back after a pause, from nowhere else.
                when sessions.site is not null
                    and split_part(sessions.referrer_text, '/', 3)
                    in (lower(sessions.site), 'www.' || lower(sessions.site)) then 'direct'
                else 'referral'
            end as string
        ) as source_channel,
        cast(sessions.path_redacted as string) as landing_path,
        cast(sessions.page_count as bigint) as page_count,
        cast({{ dbt.datediff('sessions.requested_at', 'sessions.ended_at', 'second') }} as bigint) as duration_seconds,
        cast(sessions.ledger_delivery_id as string) as ledger_delivery_id,
        cast(sessions.ledger_row_number as bigint) as ledger_row_number
    from sessions
    left join matched_rules
        on sessions.path_text = matched_rules.path_text
        and sessions.referrer_text = matched_rules.referrer_text
        and sessions.site is not distinct from matched_rules.site
        and matched_rules.preference = 1
)

select * from final
