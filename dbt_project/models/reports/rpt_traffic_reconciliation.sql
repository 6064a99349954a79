-- one row a month, department and finding: where the printed traffic analysis does not add up, or differs from the
-- register. A printed share is fine if it equals count / known at the decimals it is printed with; else the one
-- other base, or cutting off in place of rounding, that explains all printed shares of its breakdown is named; a
-- share that nothing explains stands as different. All comparisons are of whole numbers: no rounding of doubles.
{%- set breakdowns = ['visit_order', 'intent_level', 'source_channel'] %}
with

visits as (
    select * from {{ ref('int_visits_counted') }} where is_register_entry
),

labels as (
    select * from {{ ref('stg_labels') }}
),

printed_figures as (
    select
        {{ month_start('reported_month') }} as month_start,
        coalesce(department, 'all') as department,
        breakdown,
        trim(item) as printed_item,
        measure,
        trim(printed_value) as printed_value,
        replace(replace(replace(trim(printed_value), '%', ''), ',', ''), ' ', '') as printed_number
    from {{ ref('stg_reported_figures') }}
    where report = 'showroom_traffic'
        and breakdown in ('total', {% for breakdown in breakdowns %}'{{ breakdown }}'{{ ', ' if not loop.last }}{% endfor %})
        and measure in ('count', 'share_percent')
),

-- An item may be entered by its code or by its name in either language.
item_codes as (
    select
        printed_items.breakdown,
        printed_items.printed_item,
        min(labels.code) as code
    from (select distinct breakdown, printed_item from printed_figures) as printed_items
    inner join labels
        on printed_items.breakdown = labels.domain
        and lower(printed_items.printed_item) in (lower(labels.code), lower(labels.label_zh), lower(labels.label_en))
    group by printed_items.breakdown, printed_items.printed_item
),

printed as (
    select
        printed_figures.*,
        case
            when printed_figures.breakdown = 'total' then 'total'
            else coalesce(item_codes.code, printed_figures.printed_item)
        end as item,
        -- 19.9 is 199 tenths: digits, and how many parts of one they count. More than six decimals are a computed
        -- cell, not print: six are enough to hold it to.
        try_cast(printed_figures.printed_number as decimal(18, 6)) as printed_amount,
        case least(length(split_part(printed_figures.printed_number, '.', 2)), 6)
            {%- for decimals in range(7) %}
            when {{ decimals }} then {{ 10 ** decimals }}
            {%- endfor %}
        end as digits_per_unit
    from printed_figures
    left join item_codes
        on printed_figures.breakdown = item_codes.breakdown
        and printed_figures.printed_item = item_codes.printed_item
),

-- Departments and months that print figures are held against them; a month nobody printed is looked at as a whole.
printed_scopes as (
    select distinct month_start, department from printed
),

scopes as (
    select month_start, department, true as is_printed from printed_scopes
    union all
    select distinct visits.month_start, 'all' as department, false as is_printed
    from visits
    left join printed_scopes
        on visits.month_start = printed_scopes.month_start
    where printed_scopes.month_start is null
),

register_cells as (
    select
        month_start,
        department,
        {%- for breakdown in breakdowns %}
        {{ breakdown }},
        {%- endfor %}
        sum(visit_count) as visit_count
    from visits
    group by month_start, department, {{ breakdowns | join(', ') }}
),

scope_cells as (
    select
        scopes.month_start,
        scopes.department,
        {%- for breakdown in breakdowns %}
        register_cells.{{ breakdown }},
        {%- endfor %}
        coalesce(register_cells.visit_count, 0) as visit_count
    from scopes
    left join register_cells
        on scopes.month_start = register_cells.month_start
        and scopes.department in ('all', register_cells.department)
),

computed_items as (
    select month_start, department, 'total' as breakdown, 'total' as item, sum(visit_count) as computed_count
    from scope_cells
    group by month_start, department
    {%- for breakdown in breakdowns %}
    union all
    select month_start, department, '{{ breakdown }}', {{ breakdown }}, sum(visit_count)
    from scope_cells
    where {{ breakdown }} <> 'not_recorded'
    group by month_start, department, {{ breakdown }}
    {%- endfor %}
),

printed_counts as (
    select month_start, department, breakdown, item, max(printed_amount) as printed_count
    from printed
    where measure = 'count'
    group by month_start, department, breakdown, item
),

items as (
    select
        coalesce(computed_items.month_start, printed_counts.month_start) as month_start,
        coalesce(computed_items.department, printed_counts.department) as department,
        coalesce(computed_items.breakdown, printed_counts.breakdown) as breakdown,
        coalesce(computed_items.item, printed_counts.item) as item,
        coalesce(computed_items.computed_count, 0) as computed_count,
        coalesce(printed_counts.printed_count, computed_items.computed_count) as printed_count
    from computed_items
    full outer join printed_counts
        on computed_items.month_start = printed_counts.month_start
        and computed_items.department = printed_counts.department
        and computed_items.breakdown = printed_counts.breakdown
        and computed_items.item = printed_counts.item
),

-- Shares are tried against the register's counts and against the counts printed beside them, so that a misprinted
-- count is one finding and not two.
count_sets as (
    select month_start, department, breakdown, item, 'register' as count_set, cast(computed_count as bigint) as item_count
    from items
    union all
    select month_start, department, breakdown, item, 'print', cast(printed_count as bigint)
    from items
),

bases as (
    select month_start, department, count_set, breakdown as base_of, sum(item_count) as base_count
    from count_sets
    group by month_start, department, count_set, breakdown
),

printed_shares as (
    select
        printed.month_start,
        printed.department,
        printed.breakdown,
        printed.item,
        printed.printed_value,
        printed.printed_amount,
        cast(printed.printed_amount * printed.digits_per_unit as bigint) as printed_digits,
        printed.digits_per_unit,
        bases.count_set,
        bases.base_of,
        bases.base_count,
        coalesce(count_sets.item_count, 0) as item_count
    from printed
    inner join bases
        on printed.month_start = bases.month_start
        and printed.department = bases.department
    left join count_sets
        on printed.month_start = count_sets.month_start
        and printed.department = count_sets.department
        and printed.breakdown = count_sets.breakdown
        and printed.item = count_sets.item
        and bases.count_set = count_sets.count_set
    where printed.measure = 'share_percent'
),

-- |share - printed| is at most half a unit of the last printed digit; both ways of rounding a tie are right.
trials as (
    select
        *,
        'rounded' as way,
        coalesce(
            base_count > 0
            and 2 * abs(100 * item_count * digits_per_unit - printed_digits * base_count) <= base_count,
            false
        ) as is_equal
    from printed_shares
    union all
    select
        *,
        'cut_off' as way,
        coalesce(
            base_count > 0
            and printed_digits * base_count <= 100 * item_count * digits_per_unit
            and 100 * item_count * digits_per_unit < (printed_digits + 1) * base_count,
            false
        ) as is_equal
    from printed_shares
),

-- The simplest explanation first: as it should be; cut off; the total as base; the known of another breakdown.
explanations as (
    select
        month_start,
        department,
        breakdown,
        base_of,
        base_count,
        way,
        row_number() over (
            partition by month_start, department, breakdown
            order by
                case
                    when base_of = breakdown and way = 'rounded' then 1
                    when base_of = breakdown then 2
                    when base_of = 'total' and way = 'rounded' then 3
                    when way = 'rounded' then 4
                    when base_of = 'total' then 5
                    else 6
                end,
                case count_set when 'register' then 1 else 2 end,
                base_of
        ) as preference
    from trials
    group by month_start, department, breakdown, base_of, base_count, count_set, way
    having min(case when is_equal then 1 else 0 end) = 1
),

chosen as (
    select * from explanations where preference = 1
),

-- One finding a breakdown; it names the item where only one share is printed.
share_groups as (
    select
        month_start,
        department,
        breakdown,
        case when min(item) = max(item) then min(item) end as only_item,
        case when min(item) = max(item) then min(printed_value) end as only_printed_value,
        case when min(item) = max(item) then min(printed_amount) end as only_printed_amount
    from printed_shares
    group by month_start, department, breakdown
),

register_bases as (
    select
        known.month_start,
        known.department,
        known.base_of as breakdown,
        known.base_count,
        totals.base_count as total_count
    from bases as known
    inner join bases as totals
        on known.month_start = totals.month_start
        and known.department = totals.department
        and known.count_set = totals.count_set
        and totals.base_of = 'total'
    where known.count_set = 'register'
),

{#- The register's share of an item in percent, to be shown: no comparison uses it. #}
{%- set share = safe_divide('100 * items.computed_count', 'register_bases.base_count') %}

findings as (
    select
        scopes.month_start,
        scopes.department,
        'parts_below_total' as finding_code,
        breakdown_names.breakdown,
        cast(null as string) as item,
        'count' as measure,
        cast(null as string) as printed_value,
        coalesce(register_bases.base_count, 0) as computed_value,
        coalesce(register_bases.base_count, 0) as base_count,
        totals.total_count,
        cast(null as bigint) as alternative_base_count,
        coalesce(register_bases.base_count, 0) - totals.total_count as difference
    from scopes
    cross join (
        {%- for breakdown in breakdowns %}
        select '{{ breakdown }}' as breakdown {{ 'union all' if not loop.last }}
        {%- endfor %}
    ) as breakdown_names
    inner join register_bases as totals
        on scopes.month_start = totals.month_start
        and scopes.department = totals.department
        and totals.breakdown = 'total'
    left join register_bases
        on scopes.month_start = register_bases.month_start
        and scopes.department = register_bases.department
        and breakdown_names.breakdown = register_bases.breakdown
    where coalesce(register_bases.base_count, 0) < totals.total_count

    union all

    select
        printed.month_start,
        printed.department,
        'printed_count_differs',
        printed.breakdown,
        printed.item,
        'count',
        printed.printed_value,
        coalesce(items.computed_count, 0),
        register_bases.base_count,
        register_bases.total_count,
        null,
        printed.printed_amount - coalesce(items.computed_count, 0)
    from printed
    left join items
        on printed.month_start = items.month_start
        and printed.department = items.department
        and printed.breakdown = items.breakdown
        and printed.item = items.item
    left join register_bases
        on printed.month_start = register_bases.month_start
        and printed.department = register_bases.department
        and printed.breakdown = register_bases.breakdown
    where printed.measure = 'count'
        and (printed.printed_amount is null or printed.printed_amount <> coalesce(items.computed_count, 0))

    union all

    {%- for finding_code, condition in [
        ('printed_base_differs', 'chosen.base_of <> chosen.breakdown'),
        ('printed_cut_off', "chosen.way = 'cut_off'"),
    ] %}
    select
        chosen.month_start,
        chosen.department,
        '{{ finding_code }}',
        chosen.breakdown,
        share_groups.only_item,
        'share_percent',
        share_groups.only_printed_value,
        {{ share }},
        register_bases.base_count,
        register_bases.total_count,
        case when chosen.base_of <> chosen.breakdown then chosen.base_count end,
        share_groups.only_printed_amount - {{ share }}
    from chosen
    inner join share_groups
        on chosen.month_start = share_groups.month_start
        and chosen.department = share_groups.department
        and chosen.breakdown = share_groups.breakdown
    left join register_bases
        on chosen.month_start = register_bases.month_start
        and chosen.department = register_bases.department
        and chosen.breakdown = register_bases.breakdown
    left join items
        on share_groups.month_start = items.month_start
        and share_groups.department = items.department
        and share_groups.breakdown = items.breakdown
        and share_groups.only_item = items.item
    where {{ condition }}

    union all
    {%- endfor %}

    select
        printed_shares.month_start,
        printed_shares.department,
        'printed_share_differs',
        printed_shares.breakdown,
        printed_shares.item,
        'share_percent',
        min(printed_shares.printed_value),
        min({{ share }}),
        min(register_bases.base_count),
        min(register_bases.total_count),
        null,
        min(printed_shares.printed_amount) - min({{ share }})
    from trials as printed_shares
    left join chosen
        on printed_shares.month_start = chosen.month_start
        and printed_shares.department = chosen.department
        and printed_shares.breakdown = chosen.breakdown
    left join register_bases
        on printed_shares.month_start = register_bases.month_start
        and printed_shares.department = register_bases.department
        and printed_shares.breakdown = register_bases.breakdown
    left join items
        on printed_shares.month_start = items.month_start
        and printed_shares.department = items.department
        and printed_shares.breakdown = items.breakdown
        and printed_shares.item = items.item
    where chosen.breakdown is null
    group by printed_shares.month_start, printed_shares.department, printed_shares.breakdown, printed_shares.item
    having max(
        case
            when printed_shares.base_of = printed_shares.breakdown
                and printed_shares.way = 'rounded' and printed_shares.is_equal then 1
            else 0
        end
    ) = 0
),

final as (
    select
        cast(month_start as date) as month_start,
        cast(department as string) as department,
        cast(
            row_number() over (
                partition by month_start, department
                order by
                    case breakdown
                        when 'total' then 0
                        {%- for breakdown in breakdowns %} when '{{ breakdown }}' then {{ loop.index }}{% endfor %}
                    end,
                    case finding_code
                        when 'parts_below_total' then 1
                        when 'printed_count_differs' then 2
                        when 'printed_base_differs' then 3
                        when 'printed_cut_off' then 4
                        else 5
                    end,
                    item nulls first
            ) as bigint
        ) as finding_number,
        cast(finding_code as string) as finding_code,
        cast(breakdown as string) as breakdown,
        cast(item as string) as item,
        cast(measure as string) as measure,
        cast(printed_value as string) as printed_value,
        cast(computed_value as double) as computed_value,
        cast(base_count as bigint) as base_count,
        cast(total_count as bigint) as total_count,
        cast(alternative_base_count as bigint) as alternative_base_count,
        cast(difference as double) as difference
    from findings
)

select * from final
