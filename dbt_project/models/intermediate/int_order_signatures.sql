-- one row a signature of an order's review: whose it is by the register of employees, and how far that role's authority goes
with

employees as (
    select employee_name_surrogate, min_by(role, employee_id) as role
    from {{ ref('dim_employees') }}
    where employee_name_surrogate is not null
    group by employee_name_surrogate
),

signatures as (
    select
        *,
        coalesce(review_opinion, 'agreed') <> 'refused' as is_agreed,
        count(*) over (partition by order_id, signer_surrogate) as parts_of_signer
    from {{ ref('stg_order_reviews') }}
    where signed_at is not null or signer_surrogate is not null
),

final as (
    select
        cast(signatures.order_id as string) as order_id,
        cast(signatures.review_part as string) as review_part,
        cast(signatures.signer_surrogate as string) as signer_surrogate,
        cast(employees.role as string) as signer_role,
        cast(signatures.is_agreed as boolean) as is_agreed,
        -- Whoever signs for two parts of the house is no second pair of eyes.
        cast(signatures.signer_surrogate is not null and signatures.parts_of_signer = 1 as boolean) as is_distinct,
        cast(authorities.most_discount_share as double) as most_discount_share,
        cast(coalesce(authorities.may_exceed_credit_limit, false) as boolean) as may_exceed_credit_limit
    from signatures
    left join employees
        on signatures.signer_surrogate = employees.employee_name_surrogate
    left join {{ ref('approval_authorities') }} as authorities
        on employees.role = authorities.role
)

select * from final
