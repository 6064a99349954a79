-- one row an e-mail address that was only ever left together with one phone number: both are the same person.
-- An address seen with several numbers (a company's, a family's) links nobody: joining them would merge strangers.
{%- set sources = ['visits', 'orders', 'complaints', 'customers', 'survey_invitations'] %}
{%- set touched_by = {} %}
{%- for source_name in sources %}
{%- do touched_by.update({
    'stg_' ~ source_name: 'select email_surrogate from ' ~ changed_rows('stg_' ~ source_name, ['email_surrogate', 'phone_surrogate'])
        ~ ' where email_surrogate is not null'
}) %}
{%- endfor %}
{{ config(meta={'increment': {'key': ['email_surrogate'], 'touched_by': touched_by}}) }}
with

contacts as (
    {%- for source_name in sources %}
    select email_surrogate, phone_surrogate from {{ ref('stg_' ~ source_name) }} {{ only_touched('email_surrogate') }}
    where email_surrogate is not null and phone_surrogate is not null
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

linked as (
    select
        cast(email_surrogate as string) as email_surrogate,
        cast(min(phone_surrogate) as string) as phone_surrogate
    from contacts
    group by email_surrogate
    having min(phone_surrogate) = max(phone_surrogate)
)

select * from linked
