-- one row a name at a company under which somebody left neither phone, e-mail nor number, and who that is held to be.
-- Weights of agreement by Fellegi and Sunter (1969), with the frequency of each single value (Winkler 1989): a rare
-- name says more than a common one. Of agreeing candidates each has the same chance, so that two are never one.
{%- set fields = {'name': 'name_surrogate', 'company': 'company_name_surrogate'} %}
with

contacts as (
    select * from {{ ref('int_named_contacts') }}
),

known as (
    select
        name_surrogate,
        company_name_surrogate,
        person_key,
        case when min(customer_key) = max(customer_key) then min(customer_key) end as customer_key,
        -- One line that parts is enough: whoever doubts does not merge.
        max(case identity_decision when 'apart' then 2 when 'same' then 1 else 0 end) as decision
    from contacts
    where person_key is not null
    group by name_surrogate, company_name_surrogate, person_key
),

persons as (
    select count(distinct person_key) as person_count from known
),

-- u: how many persons have the name, the company.
{%- for field, surrogate in fields.items() %}
{{ field }}_counts as (
    select {{ surrogate }}, count(distinct person_key) as person_count
    from known
    group by {{ surrogate }}
),

-- m: of pairs of records that a phone or e-mail proves to be one person, those that write the {{ field }} alike.
{{ field }}_pairs as (
    select sum(record_count * (record_count - 1) / 2) as agreeing_count
    from (
        select person_key, {{ surrogate }}, count(*) as record_count
        from contacts
        where is_contact_left
        group by person_key, {{ surrogate }}
    ) as records
),
{%- endfor %}

all_pairs as (
    select sum(record_count * (record_count - 1) / 2) as pair_count
    from (
        select person_key, count(*) as record_count
        from contacts
        where is_contact_left
        group by person_key
    ) as records
),

agreements as (
    select
        {%- for field in fields %}
        (coalesce({{ field }}_pairs.agreeing_count, 0) + cast({{ threshold('identity_agreement') }} as double))
        / (coalesce(all_pairs.pair_count, 0) + 1) as {{ field }}_agreement,
        {%- endfor %}
        persons.person_count,
        cast({{ threshold('identity_known_share') }} as double) as known_share,
        cast({{ threshold('identity_link_confidence') }} as double) as least_confidence
    from persons
    cross join all_pairs
    {%- for field in fields %}
    cross join {{ field }}_pairs
    {%- endfor %}
),

asked as (
    select distinct name_surrogate, company_name_surrogate
    from contacts
    where person_key is null
),

candidates as (
    select
        known.name_surrogate,
        known.company_name_surrogate,
        count(*) as candidate_count,
        min(known.person_key) as person_key,
        min(known.customer_key) as customer_key,
        sum(known.decision) as decided_count,
        min(case when known.decision = 1 then known.person_key end) as decided_person_key,
        min(case when known.decision = 1 then known.customer_key end) as decided_customer_key
    from known
    inner join asked
        on known.name_surrogate = asked.name_surrogate
        and known.company_name_surrogate = asked.company_name_surrogate
    where known.decision < 2
    group by known.name_surrogate, known.company_name_surrogate
),

weighed as (
    select
        candidates.*,
        agreements.known_share,
        agreements.person_count,
        agreements.least_confidence,
        agreements.name_agreement * agreements.company_agreement
        / (
            cast(name_counts.person_count as double) / agreements.person_count
            * company_counts.person_count / agreements.person_count
        ) as agreement_ratio
    from candidates
    cross join agreements
    inner join name_counts
        on candidates.name_surrogate = name_counts.name_surrogate
    inner join company_counts
        on candidates.company_name_surrogate = company_counts.company_name_surrogate
),

judged as (
    select
        *,
        -- Before names are compared each known person is as likely as the other, together known_share.
        round(
            known_share / person_count * agreement_ratio
            / (candidate_count * known_share / person_count * agreement_ratio + 1 - known_share),
            4
        ) as computed_confidence
    from weighed
),

linked as (
    select
        *,
        case
            when decided_count = 1 then 'decision'
            when candidate_count = 1 and computed_confidence >= least_confidence then 'name_and_company'
            else 'uncertain'
        end as link_basis
    from judged
),

final as (
    select
        cast(name_surrogate as string) as name_surrogate,
        cast(company_name_surrogate as string) as company_name_surrogate,
        cast(
            case link_basis when 'decision' then decided_person_key when 'name_and_company' then person_key end as string
        ) as person_key,
        cast(
            case link_basis when 'decision' then decided_customer_key when 'name_and_company' then customer_key end
            as string
        ) as customer_key,
        cast(link_basis as string) as link_basis,
        cast(case when link_basis = 'decision' then 1.0e0 else computed_confidence end as double) as confidence,
        cast(round(ln(agreement_ratio) / ln(2.0e0), 4) as double) as agreement_weight,
        cast(candidate_count as bigint) as candidate_count
    from linked
)

select * from final
