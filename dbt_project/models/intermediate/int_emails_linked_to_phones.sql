-- one row an e-mail address that was only ever left together with one phone number: both are the same person.
-- An address seen with several numbers (a company's, a family's) links nobody: joining them would merge strangers.
with

contacts as (
    {%- for source_name in ['visits', 'orders', 'complaints', 'customers', 'survey_invitations'] %}
    select email_surrogate, phone_surrogate from {{ ref('stg_' ~ source_name) }}
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
