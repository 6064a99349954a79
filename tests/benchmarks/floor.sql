-- The floor: the report tables of the leadership's file straight from the deliveries, with nothing else, as fast as
-- DuckDB can be made to go. No contracts, gates, vault or lake; every delivery has the layout that
-- pipelines/sample/bulk.py writes, and what this script relies on beyond that is said where it does.
--
-- The business rules are the street's: which rows count, which delivery replaces which, calendars and thresholds (read
-- from dbt_project/seeds), who is one person (here the plain phone number), every definition of a figure. The results
-- must equal the published tables row for row. rpt_deliveries is left out: it reports on intake itself.
--
-- Read by floor.py, which times each step. Variables: landing, seeds (folders), as_of (the company's local time).
--
-- What makes it fast: codes packed into integers, one pass over the visits for everything that only counts them, one
-- for who came first, then only the visits of persons who ordered; ranks over states of customers instead of over
-- customers and months; totals from small cells.

-- step: rules

set variable as_of_date = cast(getvariable('as_of') as date);

create temp table thresholds as
select rule_id, cast(value as double) as value from read_csv(getvariable('seeds') || '/thresholds.csv');

create temp table order_statuses as
from read_csv(getvariable('seeds') || '/order_statuses.csv');

create temp table intent_levels as
select level, from_days, to_days from read_csv(getvariable('seeds') || '/intent_levels.csv');

create temp table channels as
from read_csv(getvariable('seeds') || '/channels.csv');

create temp table lifecycle_stages as
from read_csv(getvariable('seeds') || '/lifecycle_stages.csv');

create temp table rfm_segments as
from read_csv(getvariable('seeds') || '/rfm_segments.csv');

create temp table satisfaction_items as
select item, cast(weight as double) as weight, is_overall from read_csv(getvariable('seeds') || '/satisfaction_items.csv');

create temp table answer_quality_flags as
from read_csv(getvariable('seeds') || '/answer_quality_flags.csv');

create temp table robots as
from read_csv(getvariable('seeds') || '/robots.csv');

create temp table web_assets as
from read_csv(getvariable('seeds') || '/web_assets.csv');

create temp table web_channel_rules as
from read_csv(getvariable('seeds') || '/web_channel_rules.csv');

create temp table complaint_targets as
from read_csv(getvariable('seeds') || '/complaint_targets.csv');

create temp macro threshold(id) as (select value from thresholds where rule_id = id);
create temp macro share(x, n) as cast(x as double) / nullif(cast(n as double), 0);
create temp macro low(x, n) as case
    when n is null or x is null or n <= 0 then null
    when x = 0 then 0.0
    else (x::double + 1.96 ^ 2 / 2) / (n::double + 1.96 ^ 2)
        - 1.96 / (n::double + 1.96 ^ 2) * sqrt(x::double * (n::double - x::double) / n::double + 1.96 ^ 2 / 4)
end;
create temp macro high(x, n) as case
    when n is null or x is null or n <= 0 then null
    when x = n then 1.0
    else (x::double + 1.96 ^ 2 / 2) / (n::double + 1.96 ^ 2)
        + 1.96 / (n::double + 1.96 ^ 2) * sqrt(x::double * (n::double - x::double) / n::double + 1.96 ^ 2 / 4)
end;
create temp macro growth(now, base) as case when base > 0 then (now::double - base::double) / abs(base::double) end;
create temp macro differ(x, n, y, m) as case
    when n > 0 and m > 0 then coalesce(
        abs(x::double / n::double - y::double / m::double) / nullif(sqrt(greatest(
            (x::double + y::double) / (n::double + m::double) * (1 - (x::double + y::double) / (n::double + m::double)), 0
        ) * (1 / n::double + 1 / m::double)), 0) > 1.96,
        false
    )
end;
-- Months as numbers, so that one month later is one more.
create temp macro month_number(day) as year(day) * 12 + month(day) - 1;
create temp macro month_date(number) as make_date(number // 12, number % 12 + 1, 1);
-- C000123 as a number that sorts as the text does, also where a longer one stands beside it.
create temp macro customer_number(id) as
    ((ascii(id) * 1000000000::bigint) + rpad(substr(id, 2), 9, '0')::bigint) * 16 + length(id);

set variable last_month = month_number(getvariable('as_of_date'));

set variable codes = map {
    '华北': 'north_china', '华东': 'east_china', '华南': 'south_china', '西南': 'southwest_china',
    '个人': 'individual', '企业': 'corporate', '车队': 'fleet', '政府': 'government'
};
create temp macro code_of(name) as getvariable('codes')[cast(name as varchar)];

create temp macro channel_of(code) as list_extract([
    'newspaper', 'television', 'existing_customer', 'storefront', 'phone_appointment', 'web', 'friend'
], (code & 15) + 1);
create temp macro region_of(code) as
    coalesce(list_extract(['north_china', 'east_china', 'south_china', 'southwest_china'], (code & 7) + 1), 'unknown');
create temp macro segment_of(code) as
    coalesce(list_extract(['individual', 'corporate', 'fleet', 'government'], (code & 3) + 1), 'unknown');
create temp macro sales_channel_of(code) as
    coalesce(list_extract(['showroom', 'online', 'direct'], (code & 3) + 1), 'unknown');

create type region_name as enum ('华北', '华东', '华南', '西南');
create type segment_name as enum ('个人', '企业', '车队', '政府');
create type sales_channel_name as enum ('展厅', '网上', '直销');
create type segment_code as enum ('individual', 'corporate', 'fleet', 'government');
create type status_name as enum ('已付款', '已交付', '已取消');
create type source_channel_name as enum ('报纸', '电视', '基盘', '店头宣传', '电话预约', '网络', '朋友介绍');
create type level_name as enum ('O', 'H', 'A', 'B', 'C');
create type order_mark as enum ('F', 'S');
create type visit_type_name as enum ('来店', '来电');
create type showroom_name as enum ('北京展厅', '上海展厅', '广州展厅', '成都展厅');
create type yes_or_no as enum ('否', '是');
-- The complaints' lists in two languages, in one order.
create type kind_zh as enum ('投诉', '咨询', '建议');
create type kind_en as enum ('Complaint', 'Enquiry', 'Suggestion');
create type category_zh as enum ('产品质量', '售后支持', '服务态度', '交付', '价格');
create type category_en as enum ('Product quality', 'After sales support', 'Service attitude', 'Delivery', 'Price');
create type way_zh as enum ('电话', '来访', '网站', '电子邮件');
create type way_en as enum ('Phone', 'Visit', 'Web', 'E-mail');
create type reply_zh as enum ('回复客户', '内部备注');
create type reply_en as enum ('Reply to customer', 'Internal note');
create type line_type_name as enum ('销售', '退款', '赠品');
-- The list prices and names of products are master data: a column of few values.
create temp table product_rows as
select "产品编号" as product_id, "产品名称" as product_name, "产品类别" as product_category, "上市日期" as launch_date
from read_csv(getvariable('landing') || '/*_products.csv', types = {'上市日期': 'DATE'});
create type product_code as enum (select product_id from product_rows);
create type category_name as enum (select distinct product_category from product_rows);
create temp table products as
select product_id::product_code as product, product_name, product_category::category_name as category, launch_date
from product_rows;

-- step: visits read

-- A visit as five numbers: the delivery, when (days since 2000, then minutes), who, how many, and the rest by bits:
-- 0-3 channel, 4-6 region, 7-8 segment, 9-11 level, 12-13 mark, 14-15 type, 16-18 department, 19 quote, 20 test drive.
-- Every entry names its region, customer type and showroom. A channel nobody knows waits, a date that is none is
-- rejected: such lines are passed over.
create temp table visits as
select
    cast(file_index as usmallint) as file,
    cast(
        (cast("日期" as date) - date '2000-01-01') * 2048 + coalesce(hour("来店时间") * 60 + minute("来店时间"), 2047) as integer
    ) as moment,
    "联系电话" as person,
    cast(1 + coalesce("同行人数", 0) as utinyint) as heads,
    cast(
        coalesce(enum_code("信息来源"), 15)
        + enum_code("区域") * 16
        + enum_code("客户类型") * 128
        + coalesce(enum_code("意向级别"), 7) * 512
        + coalesce(enum_code("首次/再次"), 3) * 4096
        + coalesce(enum_code("来访方式"), 3) * 16384
        + enum_code("展厅") * 65536
        + coalesce(enum_code("是否报价"), 0) * 524288
        + coalesce(enum_code("是否试驾"), 0) * 1048576
        as uinteger
    ) as code
from read_csv(
    getvariable('landing') || '/*_visits_*.csv',
    header = true, auto_detect = false, ignore_errors = true,
    columns = {
        '日期': 'DATE', '客户姓名': 'VARCHAR', '联系电话': 'BIGINT', '来店时间': 'TIME', '离店时间': 'VARCHAR',
        '同行人数': 'UTINYINT', '来访方式': 'visit_type_name', '意向车型': 'VARCHAR', '信息来源': 'source_channel_name',
        '意向级别': 'level_name', '首次/再次': 'order_mark', '是否试驾': 'yes_or_no', '是否报价': 'yes_or_no',
        '销售顾问': 'VARCHAR', '客户类型': 'segment_name', '区域': 'region_name', '展厅': 'showroom_name'
    }
)
where "日期" is not null;

-- step: visits count

set variable as_of_day = getvariable('as_of_date') - date '2000-01-01';
set variable window_days = threshold('funnel_window_days');
set variable level_days = (
    select list(coalesce(to_days, -1) order by array_position(['O', 'H', 'A', 'B', 'C'], level)) from intent_levels
);
create temp macro level_of(code) as (code >> 9) & 7;
create temp macro is_window_open(moment) as getvariable('as_of_day') - (moment >> 11) <= getvariable('window_days');
create temp macro is_level_open(moment, code) as getvariable('as_of_day') - (moment >> 11) <= case level_of(code)
    when 0 then getvariable('level_days')[1] when 1 then getvariable('level_days')[2]
    when 2 then getvariable('level_days')[3] when 3 then getvariable('level_days')[4]
    when 4 then getvariable('level_days')[5] else -1
end;
create temp macro month_of(moment) as cast(month_number(date '2000-01-01' + cast(moment >> 11 as integer)) as smallint);

create temp table sent_cells as
select
    file,
    month_of(moment) as month,
    code & 524287 as code,
    code >= 524288 as is_quoted,
    person is not null as is_known,
    is_window_open(moment) as is_window_open,
    is_level_open(moment, code) as is_level_open,
    count(*) as visit_count,
    sum(heads) as head_count,
    sum(code >> 20) as test_drive_count
from visits
group by all;

-- A register sent again replaces the showroom's month. One delivery holds one month of one showroom.
create temp table replaced_files as
select file
from (select distinct file, max(file) over (partition by month, code >> 16) as newest_file from sent_cells)
where file < newest_file;

-- step: visits leads

-- Who is one person, and where each began: the first visit as one number, its date and time first, then its place in
-- the order of arrival, then channel, region and segment.
create temp macro visit_number(moment, place, code) as (moment::bigint << 37) | (place << 9) | (code & 511);
create temp macro place_of(number) as (number >> 9) & 268435455;
create temp macro day_of(number) as number >> 48;

create temp table leads as
select
    person,
    min(visit_number(moment, rowid, code)) as first_visit,
    min(moment >> 11) filter (code >= 524288) as quoted_day,
    count(*) filter (level_of(code) < 7) as rated_count,
    bit_or(cast(1 << level_of(code) as utinyint)) filter (level_of(code) < 7) as rated_levels
from visits
where person is not null and file not in (from replaced_files)
group by person;

-- step: visits cells

-- The register's own mark wins; where it is missing, the person's first visit is told from the later ones.
create temp table numbered_cells as
select * exclude (file)
from sent_cells
where file not in (from replaced_files) and not ((code >> 12) & 3 = 3 and is_known)
union all
select
    month_of(visits.moment),
    (visits.code & 511999) | case when place_of(leads.first_visit) = visits.rowid then 0 else 4096 end as code,
    visits.code >= 524288,
    true,
    is_window_open(visits.moment),
    is_level_open(visits.moment, visits.code),
    count(*),
    sum(visits.heads),
    sum(visits.code >> 20)
from visits
inner join leads using (person)
where (visits.code >> 12) & 3 = 3 and visits.file not in (from replaced_files)
group by all;

-- Codes become words where rows are few.
create temp table visit_cells as
select
    month,
    region_of(code >> 4) as region,
    segment_of(code >> 7) as segment,
    channel_of(code) as source_channel,
    list_extract(['O', 'H', 'A', 'B', 'C'], level_of(code) + 1) as intent_level,
    list_extract(['first', 'second'], ((code >> 12) & 3) + 1) as visit_order,
    list_extract(['walk_in', 'phone_in'], ((code >> 14) & 3) + 1) as visit_type,
    list_extract(['北京展厅', '上海展厅', '广州展厅', '成都展厅'], (code >> 16) + 1) as department,
    is_known, is_quoted, is_window_open, is_level_open,
    sum(visit_count) as visit_count, sum(head_count) as head_count, sum(test_drive_count) as test_drive_count
from numbered_cells
group by all;

-- step: orders read

-- Bits of a place: 0-2 region, 3-4 segment, 5-6 sales channel.
create temp macro place(region, segment, channel) as cast(
    region + segment * 8 + channel * 32 as utinyint
);
create temp table order_rows as
select
    cast(substr("订单编号", 3) as integer) as order_number,
    customer_number("客户编号") as customer_number,
    "联系电话" as person,
    cast("下单时间" as date) as ordered_date,
    "交付时间" is not null as is_dated,
    enum_code("订单状态") as status,
    place(enum_code("区域"), enum_code("客户类型"), enum_code("销售渠道")) as place
from read_csv(
    getvariable('landing') || '/*_orders.csv', header = true, auto_detect = false,
    columns = {
        '订单编号': 'VARCHAR', '客户编号': 'VARCHAR', '联系电话': 'BIGINT', '下单时间': 'TIMESTAMP', '交付时间': 'VARCHAR',
        '承诺交期': 'VARCHAR', '订单状态': 'status_name', '区域': 'region_name', '销售渠道': 'sales_channel_name',
        '客户类型': 'segment_name', '部门': 'VARCHAR'
    }
);

create temp table line_rows as
select
    cast(substr("订单编号", 3) as bigint) * 100 + "行号" as line_number,
    cast("下单时间" as date) as ordered_date,
    "交付时间" is not null as is_dated,
    "产品编号" as product,
    case when "行类型" = '退款' then -abs("数量") else "数量" end as quantity,
    case when "行类型" = '退款' then -abs("金额") else "金额" end as amount,
    "行类型" as line_type,
    enum_code("订单状态") as status,
    place(enum_code("区域"), enum_code("客户类型"), enum_code("销售渠道")) as place
from read_csv(
    getvariable('landing') || '/*_sales.csv', header = true, auto_detect = false, ignore_errors = true,
    columns = {
        '订单编号': 'VARCHAR', '行号': 'UTINYINT', '下单时间': 'TIMESTAMP', '客户编号': 'VARCHAR', '客户姓名': 'VARCHAR',
        '联系电话': 'VARCHAR', '产品编号': 'product_code', '产品名称': 'VARCHAR', '产品类别': 'VARCHAR', '数量': 'INTEGER',
        '单价': 'VARCHAR', '优惠金额': 'VARCHAR', '金额': 'DECIMAL(18, 2)', '区域': 'region_name',
        '销售渠道': 'sales_channel_name', '客户类型': 'segment_name', '部门': 'VARCHAR', '订单状态': 'status_name',
        '行类型': 'line_type_name', '交付时间': 'VARCHAR'
    }
)
where "金额" is not null and "数量" is not null;

create temp table payment_rows as
select
    cast(substr("订单编号", 3) as integer) as order_number, "期次" as sequence,
    cast("付款时间" as date) as paid_date, "付款金额" as amount
from read_csv(
    getvariable('landing') || '/*_payments.csv', header = true, auto_detect = false,
    columns = {
        '订单编号': 'VARCHAR', '期次': 'UTINYINT', '客户编号': 'VARCHAR', '应付日期': 'VARCHAR', '付款时间': 'TIMESTAMP',
        '付款金额': 'DECIMAL(18, 2)', '付款方式': 'VARCHAR', '款项类型': 'VARCHAR'
    }
);

-- Customers numbered in the order of their texts: small numbers join and sort faster.
create temp table customer_rows as
select
    customer_number("客户编号") as number,
    cast(enum_code("区域") + enum_code("客户类型") * 8 as utinyint) as place
from read_csv(
    getvariable('landing') || '/*_customers.csv', header = true, auto_detect = false,
    columns = {
        '客户编号': 'VARCHAR', '客户名称': 'VARCHAR', '联系电话': 'VARCHAR', '区域': 'region_name',
        '客户类型': 'segment_name', '建档日期': 'VARCHAR', '是否重点客户': 'VARCHAR'
    }
);
create temp table customers as
select cast(row_number() over () as integer) as customer, number, place
from (select number, arg_max(place, rowid) as place from customer_rows group by number order by number);

-- step: orders newest

-- What is sent again replaces what was sent; few keys are, so the rest is not sorted.
create temp table orders_sent as
with again as (select order_number, max(rowid) as newest from order_rows group by order_number having count(*) > 1)
select order_rows.* exclude (customer_number), customers.customer, customers.place as home
from order_rows
left join customers on order_rows.customer_number = customers.number
left join again using (order_number)
where again.newest is null or again.newest = order_rows.rowid;

create temp table lines_sent as
with again as (select line_number, max(rowid) as newest from line_rows group by line_number having count(*) > 1)
select line_rows.*
from line_rows
left join again using (line_number)
where again.newest is null or again.newest = line_rows.rowid;

create temp table payments as
with again as (
    select order_number, sequence, max(rowid) as newest from payment_rows group by order_number, sequence having count(*) > 1
)
select payment_rows.*
from payment_rows
left join again using (order_number, sequence)
where again.newest is null or again.newest = payment_rows.rowid;

-- step: orders facts

set variable status_flags = (
    select list({'counts': counts_as_sale, 'delivered': is_delivered}
        order by array_position(['paid', 'delivered', 'cancelled'], order_status))
    from order_statuses
    where order_status in ('paid', 'delivered', 'cancelled')
);
create temp macro counts(status) as getvariable('status_flags')[status + 1].counts;
create temp macro is_delivered(status) as getvariable('status_flags')[status + 1].delivered;

-- An order's lines have its customer; what its header leaves out none of its lines say.
create temp table lines as
select
    cast(lines_sent.line_number // 100 as integer) as order_number,
    orders_sent.customer,
    cast(month_number(lines_sent.ordered_date) as smallint) as month,
    lines_sent.place,
    lines_sent.product,
    lines_sent.line_type = '销售' as is_sale,
    lines_sent.quantity,
    lines_sent.amount,
    is_delivered(lines_sent.status) or is_delivered(orders_sent.status) or lines_sent.is_dated or orders_sent.is_dated
        as is_delivered,
    coalesce(lines_sent.ordered_date < launches.new_until, false) as is_new
from lines_sent
inner join orders_sent
    on orders_sent.order_number = lines_sent.line_number // 100
left join (
    select
        product,
        cast(launch_date + to_months(cast(threshold('new_product_months') as integer)) as date) as new_until
    from products
) as launches
    on lines_sent.product = launches.product
where counts(lines_sent.status) and counts(orders_sent.status) and lines_sent.line_type in ('销售', '退款');

-- An order whose lines are all gifts or refunds is no sale; one whose lines were all rejected is.
create temp table orders as
with amounts as (
    select order_number, sum(amount) as amount, count(*) filter (is_sale) as sale_count
    from lines
    group by order_number
),
lineless as (
    select order_number from orders_sent
    where not exists (from amounts where amounts.order_number = orders_sent.order_number)
        and not exists (from lines_sent where lines_sent.line_number // 100 = orders_sent.order_number)
)
select
    orders_sent.order_number,
    orders_sent.customer,
    orders_sent.home,
    orders_sent.person,
    cast(orders_sent.ordered_date - date '2000-01-01' as integer) as ordered_day,
    cast(month_number(orders_sent.ordered_date) as smallint) as month,
    orders_sent.place,
    coalesce(amounts.amount, 0) as amount,
    counts(orders_sent.status) and (amounts.sale_count > 0 or lineless.order_number is not null) as is_counted
from orders_sent
left join amounts using (order_number)
left join lineless using (order_number);

-- step: match

create temp table matched as
select
    orders.order_number, orders.person, orders.ordered_day, orders.month, orders.place, orders.amount,
    leads.first_visit, leads.quoted_day
from orders
inner join leads using (person)
where orders.is_counted and orders.ordered_day >= day_of(leads.first_visit) - threshold('funnel_early_order_days');

-- The visits of persons who ordered, and of those whom the register gave one level twice.
create temp table followed as
with persons as (
    select person, bool_or(is_ordering) as is_ordering, bool_or(is_rated_twice) as is_rated_twice
    from (
        select person, true as is_ordering, false as is_rated_twice from matched
        union all
        select person, false, true from leads where rated_count > bit_count(rated_levels)
    )
    group by person
)
select person, is_ordering, is_rated_twice, visit_number(moment, visits.rowid, code) as number, code
from visits
inner join persons using (person)
where file not in (from replaced_files);

-- Each order and the last visit before it, which is credited with it.
create temp table touches as
select
    matched.order_number,
    max(followed.number) as number,
    arg_max(followed.code, followed.number) as code,
    any_value(matched.first_visit) as first_visit
from matched
inner join followed using (person)
where day_of(followed.number) between matched.ordered_day - threshold('attribution_lookback_days') and matched.ordered_day
group by matched.order_number;

create temp table order_cells as
select
    orders.month,
    region_of(orders.place) as region,
    segment_of(orders.place >> 3) as segment,
    touches.number is not null as is_touched,
    channel_of(touches.code) as source_channel,
    list_extract(['O', 'H', 'A', 'B', 'C'], level_of(touches.code) + 1) as intent_level,
    case
        when (touches.code >> 12) & 3 < 3 then list_extract(['first', 'second'], ((touches.code >> 12) & 3) + 1)
        when touches.number = touches.first_visit then 'first'
        when touches.number is not null then 'second'
    end as visit_order,
    list_extract(['walk_in', 'phone_in'], ((touches.code >> 14) & 3) + 1) as visit_type,
    list_extract(['北京展厅', '上海展厅', '广州展厅', '成都展厅'], ((touches.code >> 16) & 7) + 1) as department,
    count(*) as order_count,
    sum(orders.amount) as amount
from orders
left join touches using (order_number)
where orders.is_counted
group by all;

-- The lead's order: the first on or after the first visit; one dated before only where there is no other.
create temp table lead_orders as
with chosen as (
    select
        person,
        any_value(first_visit) as first_visit,
        any_value(quoted_day) as quoted_day,
        arg_min(
            {'order_number': order_number, 'ordered_day': ordered_day, 'amount': amount},
            ((ordered_day < day_of(first_visit))::bigint << 50) | (ordered_day::bigint << 32) | order_number
        ) as choice
    from matched
    group by person
),
running as (
    select
        payments.order_number, payments.paid_date, chosen.choice.amount as amount,
        sum(payments.amount) over (
            partition by payments.order_number order by payments.paid_date range between unbounded preceding and current row
        ) as paid_so_far
    from payments
    inner join chosen
        on payments.order_number = chosen.choice.order_number
),
paid as (
    select order_number, min(paid_date) - date '2000-01-01' as paid_day
    from running
    where paid_so_far >= amount
    group by order_number
)
select
    chosen.person, chosen.first_visit, chosen.quoted_day, chosen.choice.ordered_day as ordered_day, paid.paid_day
from chosen
left join paid
    on chosen.choice.order_number = paid.order_number;

-- step: report showroom traffic

create table rpt_showroom_traffic as
with happenings as (
    select
        month, region, segment, visit_order, intent_level, source_channel, visit_type, department,
        visit_count, head_count, case when is_known then visit_count else 0 end as contact_left_count,
        test_drive_count, 0 as order_count
    from visit_cells
    union all
    select
        month, region, segment, visit_order, intent_level, source_channel, visit_type, department,
        0, 0, 0, 0, order_count
    from order_cells
    where is_touched
),
broken_down as (
    select
        month, region, segment, breakdown.name as breakdown, coalesce(breakdown.value, 'not_recorded') as breakdown_value,
        sum(visit_count) as visit_count, sum(head_count) as head_count, sum(contact_left_count) as contact_left_count,
        sum(test_drive_count) as test_drive_count, sum(order_count) as order_count
    from (
        select *, unnest([
            {'name': 'total', 'value': 'total'}, {'name': 'visit_order', 'value': visit_order},
            {'name': 'intent_level', 'value': intent_level}, {'name': 'source_channel', 'value': source_channel},
            {'name': 'visit_type', 'value': visit_type}, {'name': 'department', 'value': department}
        ]) as breakdown
        from happenings
    )
    group by all
),
counted as (
    select
        month, case when grouping(region) = 1 then 'all' else region end as region,
        case when grouping(segment) = 1 then 'all' else segment end as segment, breakdown, breakdown_value,
        sum(visit_count) as visit_count, sum(head_count) as head_count, sum(contact_left_count) as contact_left_count,
        sum(test_drive_count) as test_drive_count, sum(order_count) as order_count
    from broken_down
    group by month, breakdown, breakdown_value, cube (region, segment)
),
lines as (
    select distinct region, segment, breakdown, breakdown_value from counted
    union
    select 'all', 'all', 'source_channel', source_channel from channels where traffic_table_order is not null
    union
    select 'all', 'all', 'intent_level', level from intent_levels
),
filled as (
    select
        months.month, lines.*,
        coalesce(counted.visit_count, 0) as visit_count, coalesce(counted.head_count, 0) as head_count,
        coalesce(counted.contact_left_count, 0) as contact_left_count,
        coalesce(counted.test_drive_count, 0) as test_drive_count, coalesce(counted.order_count, 0) as order_count,
        sum(counted.visit_count) over bases as all_count,
        sum(counted.visit_count) filter (lines.breakdown_value <> 'not_recorded') over bases as known_count
    from (select distinct month from counted) as months
    cross join lines
    left join counted
        on months.month = counted.month and lines.region = counted.region and lines.segment = counted.segment
        and lines.breakdown = counted.breakdown and lines.breakdown_value = counted.breakdown_value
    window bases as (partition by months.month, lines.region, lines.segment, lines.breakdown)
)
select
    month_date(this.month) as month_start, this.region, this.segment, this.breakdown, this.breakdown_value,
    this.visit_count, this.head_count, this.contact_left_count,
    share(this.contact_left_count, this.visit_count) as contact_left_rate,
    low(this.contact_left_count, this.visit_count) as contact_left_rate_low,
    high(this.contact_left_count, this.visit_count) as contact_left_rate_high,
    coalesce(this.known_count, 0) as known_count, coalesce(this.all_count, 0) as all_count,
    case when this.breakdown_value <> 'not_recorded' then share(this.visit_count, this.known_count) end as share_of_known,
    share(this.visit_count, this.all_count) as share_of_all,
    previous.visit_count as previous_month_visit_count,
    growth(this.visit_count, previous.visit_count) as month_over_month_growth_rate,
    last_year.visit_count as last_year_visit_count,
    growth(this.visit_count, last_year.visit_count) as year_over_year_growth_rate,
    this.test_drive_count, this.order_count,
    share(this.order_count, this.visit_count) as close_rate,
    case when this.order_count <= this.visit_count then low(this.order_count, this.visit_count) end as close_rate_low,
    case when this.order_count <= this.visit_count then high(this.order_count, this.visit_count) end as close_rate_high
from filled as this
left join filled as previous
    on this.month - 1 = previous.month and this.region = previous.region and this.segment = previous.segment
    and this.breakdown = previous.breakdown and this.breakdown_value = previous.breakdown_value
left join filled as last_year
    on this.month - 12 = last_year.month and this.region = last_year.region and this.segment = last_year.segment
    and this.breakdown = last_year.breakdown and this.breakdown_value = last_year.breakdown_value;

-- step: report traffic reconciliation

-- No printed figures are delivered: what is left to find are parts that do not add up to their total.
create table rpt_traffic_reconciliation as
with months as (
    select
        month, sum(visit_count) as total_count,
        coalesce(sum(visit_count) filter (visit_order is not null), 0) as visit_order,
        coalesce(sum(visit_count) filter (intent_level is not null), 0) as intent_level,
        coalesce(sum(visit_count) filter (source_channel is not null), 0) as source_channel
    from visit_cells
    group by month
)
select
    month_date(month) as month_start, 'all' as department,
    row_number() over (
        partition by month order by array_position(['visit_order', 'intent_level', 'source_channel'], breakdown)
    ) as finding_number,
    'parts_below_total' as finding_code, breakdown, null::varchar as item, 'count' as measure,
    null::varchar as printed_value, known_count::double as computed_value, known_count as base_count, total_count,
    null::bigint as alternative_base_count, (known_count - total_count)::double as difference
from (unpivot months on visit_order, intent_level, source_channel into name breakdown value known_count)
where known_count < total_count;

-- step: web sessions

create temp table web_sessions as
with requests as (
    select
        regexp_extract(
            line, '^(\S+) \S+ \S+ \[([^\]]+)\] "\S+ (\S+) [^"]*" \d+ \S+ "([^"]*)" "([^"]*)"',
            ['address', 'moment', 'path', 'referrer', 'agent']
        ) as request
    from read_csv(
        getvariable('landing') || '/*_access.log', header = false, auto_detect = false, delim = '', quote = '', escape = '',
        columns = {'line': 'VARCHAR'}
    )
),
people as (
    select agent
    from (select distinct request.agent as agent from requests)
    where not exists (from robots where lower(agent) like '%' || lower(fragment) || '%')
),
page_paths as (
    select path
    from (select distinct request.path as path from requests)
    where not exists (
        from web_assets where lower(split_part(split_part(path, '?', 1), '#', 1)) like '%' || lower(suffix)
    )
),
pages as (
    select
        request.address || '|' || request.agent as browser,
        strptime(left(request.moment, 20), '%d/%b/%Y:%H:%M:%S') as requested_at,
        lower(request.path) as path,
        lower(nullif(request.referrer, '-')) as referrer,
        place
    from (select *, row_number() over () as place from requests)
    where request.agent in (from people) and request.path in (from page_paths)
),
starts as (
    select *
    from (
        select *, lag(requested_at) over (partition by browser order by requested_at, place) as previous
        from pages
    )
    where previous is null
        or date_diff('second', previous, requested_at) >= threshold('web_session_pause_minutes') * 60
),
origins as (
    select
        path, referrer,
        (
            select arg_min(rules.source_channel, (rules.priority, rules.rule_id))
            from web_channel_rules as rules
            where rules.match_in = 'path' and origins.path like '%' || lower(rules.fragment) || '%'
                or rules.match_in = 'referrer'
                and split_part(origins.referrer, '/', 1) || '//' || split_part(origins.referrer, '/', 3) || '/'
                    like '%' || lower(rules.fragment) || '%'
        ) as source_channel
    from (select distinct path, referrer from starts) as origins
)
select
    cast(month_number(starts.requested_at) as smallint) as month,
    coalesce(origins.source_channel, case when starts.referrer is null then 'direct' else 'referral' end) as source_channel,
    count(*) as web_session_count
from starts
inner join origins
    on starts.path = origins.path and starts.referrer is not distinct from origins.referrer
group by all;

-- step: report channel conversion

create table rpt_channel_conversion as
with cells as (
    select
        month, region, segment, coalesce(source_channel, 'not_recorded') as source_channel, visit_count,
        case when is_known then visit_count else 0 end as contact_count, 0 as web_session_count,
        0 as attributed_order_count, 0 as closed_order_count, 0::decimal(18, 2) as amount
    from visit_cells
    union all
    select
        month, region, segment,
        case when is_touched then coalesce(source_channel, 'not_recorded') else 'unattributed' end,
        0, 0, 0, order_count, case when is_touched then order_count else 0 end, amount
    from order_cells
    union all
    select month, 'unknown', 'unknown', source_channel, 0, 0, web_session_count, 0, 0, 0 from web_sessions
),
counted as (
    select
        month, case when grouping(region) = 1 then 'all' else region end as region,
        case when grouping(segment) = 1 then 'all' else segment end as segment,
        case when grouping(source_channel) = 1 then 'all' else source_channel end as source_channel,
        sum(visit_count) as visit_count, sum(contact_count) as contact_count,
        sum(web_session_count) as web_session_count, sum(attributed_order_count) as attributed_order_count,
        sum(closed_order_count) as closed_order_count, sum(amount) as attributed_sales_amount
    from cells
    group by month, cube (region, segment, source_channel)
)
select
    month_date(month) as month_start, region, segment, source_channel, visit_count, contact_count, web_session_count,
    attributed_order_count, attributed_sales_amount,
    share(
        attributed_order_count,
        max(attributed_order_count) filter (source_channel = 'all') over (partition by month, region, segment)
    ) as attributed_share,
    closed_order_count, share(closed_order_count, visit_count) as close_rate,
    case when closed_order_count <= visit_count then low(closed_order_count, visit_count) end as close_rate_low,
    case when closed_order_count <= visit_count then high(closed_order_count, visit_count) end as close_rate_high,
    share(closed_order_count, contact_count) as close_rate_of_contacts
from counted;

-- step: report intent levels

-- Every visit that was given a level counts, but of a person's visits of one level only the first.
create table rpt_intent_level_calibration as
with first_at_level as (
    select
        person, level_of(code) as level, min(number) as number,
        any_value(is_ordering) as is_ordering, any_value(is_rated_twice) as is_rated_twice
    from followed
    where level_of(code) < 7
    group by person, level_of(code)
),
first_orders as (
    select
        first_at_level.level, first_at_level.number,
        min(matched.ordered_day) - day_of(first_at_level.number) as days_to_order
    from first_at_level
    inner join matched
        on first_at_level.person = matched.person and matched.ordered_day >= day_of(first_at_level.number)
    where first_at_level.is_ordering
    group by first_at_level.person, first_at_level.level, first_at_level.number
),
rated as (
    select month, region, segment, intent_level, is_level_open as is_open, null as days_to_order, visit_count as lead_count
    from visit_cells
    where intent_level is not null
    union all
    select
        month_of(number >> 37), region_of(number >> 4), segment_of(number >> 7),
        list_extract(['O', 'H', 'A', 'B', 'C'], level_of(code) + 1), is_level_open(number >> 37, code), null, -count(*)
    from followed
    where is_rated_twice and level_of(code) < 7
    group by all
    union all
    select
        month_of(number >> 37), region_of(number >> 4), segment_of(number >> 7),
        list_extract(['O', 'H', 'A', 'B', 'C'], level + 1), is_level_open(number >> 37, level << 9), null, count(*)
    from first_at_level
    where is_rated_twice
    group by all
    union all
    select
        month_of(number >> 37), region_of(number >> 4), segment_of(number >> 7),
        list_extract(['O', 'H', 'A', 'B', 'C'], level + 1), is_level_open(number >> 37, level << 9), days_to_order, count(*)
    from first_orders
    group by all
),
counted as (
    select
        month, case when grouping(region) = 1 then 'all' else region end as region,
        case when grouping(segment) = 1 then 'all' else segment end as segment, level as intent_level, from_days, to_days,
        coalesce(sum(lead_count) filter (days_to_order is null), 0) as lead_count,
        coalesce(sum(lead_count) filter (days_to_order is null and is_open), 0) as open_window_count,
        coalesce(sum(lead_count) filter (days_to_order is null and is_judged), 0) as judged_count,
        coalesce(sum(lead_count) filter (is_judged and days_to_order between from_days and to_days), 0) as kept_count,
        coalesce(sum(lead_count) filter (is_judged and days_to_order < from_days), 0) as early_count,
        coalesce(sum(lead_count) filter (is_judged and days_to_order > to_days), 0) as late_count,
        coalesce(sum(lead_count) filter (days_to_order is not null), 0) as ordered_count
    from (select *, to_days is not null and not is_open as is_judged from rated inner join intent_levels on intent_level = level)
    group by month, level, from_days, to_days, cube (region, segment)
)
select
    month_date(month) as month_start, region, segment, intent_level, from_days, to_days,
    to_days is not null as is_judged, lead_count, open_window_count, judged_count, kept_count, early_count, late_count,
    share(kept_count, judged_count) as kept_rate, low(kept_count, judged_count) as kept_rate_low,
    high(kept_count, judged_count) as kept_rate_high, ordered_count, share(ordered_count, lead_count) as ordered_rate
from counted
where lead_count > 0;

-- step: report funnel

-- Leads that are alike: month, region, segment and channel as one number (fourteen means all of them), and the days from
-- the first visit to each step, once without an end and once as far as the window goes.
create temp macro funnel_cell(month, code) as
    month::bigint * 4096 + ((code >> 4) & 7) * 256 + ((code >> 7) & 3) * 16 + (code & 15);
-- A step that was taken later is none before; contact is left at the first visit or never.
create temp macro taken_by(days, earlier) as case when earlier <= days then earlier end;
create temp table lead_groups as
with leads_by_days as (
    select first_visit, quoted_day - day_of(first_visit) as quote, null as ordered, null as paid, 1 as lead_count
    from leads
    union all
    select first_visit, quoted_day - day_of(first_visit), null, null, -1 from lead_orders
    union all
    select
        first_visit, quoted_day - day_of(first_visit), ordered_day - day_of(first_visit), paid_day - day_of(first_visit), 1
    from lead_orders
),
groups as (
    select
        funnel_cell(month_of(first_visit >> 37), first_visit & 511) as cell, is_window_open(first_visit >> 37) as is_open,
        0 as contact, quote, ordered, paid, sum(lead_count) as lead_count
    from leads_by_days
    group by all
    having sum(lead_count) > 0
    union all
    select
        funnel_cell(month, code), is_window_open, null, case when is_quoted then 0 end, null, null, sum(visit_count)
    from numbered_cells
    where not is_known
    group by all
),
windowed as (
    select
        *,
        case when contact <= getvariable('window_days') then contact end as contact_90,
        case when quote <= getvariable('window_days') then quote end as quote_90,
        case when ordered <= getvariable('window_days') then ordered end as ordered_90,
        case when paid <= getvariable('window_days') then paid end as paid_90
    from groups
)
select
    cell, is_open, cast(lead_count as bigint) as lead_count,
    contact, quote, ordered, paid, contact_90, quote_90, ordered_90, paid_90,
    quote as before_quote, ordered - coalesce(taken_by(ordered, quote), 0) as before_ordered,
    paid - coalesce(taken_by(paid, ordered), taken_by(paid, quote), 0) as before_paid,
    quote_90 as before_quote_90, ordered_90 - coalesce(taken_by(ordered_90, quote_90), 0) as before_ordered_90,
    paid_90 - coalesce(taken_by(paid_90, ordered_90), taken_by(paid_90, quote_90), 0) as before_paid_90
from windowed;

-- How many leads took so many days. A series is a cell and a number: four times the step, one more for days since the
-- step before in place of days since the first visit, two more for what happened within the window.
create temp macro in_all(numbers, bits) as numbers - (numbers & (15::bigint << bits)) + (14::bigint << bits);
create temp table funnel_days as
with days as (
    select cell * 32 + 8 as series, contact as days, sum(lead_count) as n from lead_groups group by cell, contact
    union all
    select cell * 32 + 9 as series, contact as days, sum(lead_count) as n from lead_groups group by cell, contact
    union all
    select cell * 32 + 10 as series, contact_90 as days, sum(lead_count) as n from lead_groups group by cell, contact_90
    union all
    select cell * 32 + 11 as series, contact_90 as days, sum(lead_count) as n from lead_groups group by cell, contact_90
    union all
    select cell * 32 + 16 as series, quote as days, sum(lead_count) as n from lead_groups group by cell, quote
    union all
    select cell * 32 + 17 as series, before_quote as days, sum(lead_count) as n from lead_groups group by cell, before_quote
    union all
    select cell * 32 + 18 as series, quote_90 as days, sum(lead_count) as n from lead_groups group by cell, quote_90
    union all
    select cell * 32 + 19 as series, before_quote_90 as days, sum(lead_count) as n from lead_groups group by cell, before_quote_90
    union all
    select cell * 32 + 20 as series, ordered as days, sum(lead_count) as n from lead_groups group by cell, ordered
    union all
    select cell * 32 + 21 as series, before_ordered as days, sum(lead_count) as n from lead_groups group by cell, before_ordered
    union all
    select cell * 32 + 22 as series, ordered_90 as days, sum(lead_count) as n from lead_groups group by cell, ordered_90
    union all
    select cell * 32 + 23 as series, before_ordered_90 as days, sum(lead_count) as n from lead_groups group by cell, before_ordered_90
    union all
    select cell * 32 + 24 as series, paid as days, sum(lead_count) as n from lead_groups group by cell, paid
    union all
    select cell * 32 + 25 as series, before_paid as days, sum(lead_count) as n from lead_groups group by cell, before_paid
    union all
    select cell * 32 + 26 as series, paid_90 as days, sum(lead_count) as n from lead_groups group by cell, paid_90
    union all
    select cell * 32 + 27 as series, before_paid_90 as days, sum(lead_count) as n from lead_groups group by cell, before_paid_90
),
with_channels as (
    select * from days where days is not null
    union all
    select in_all(series, 5), days, sum(n) from days where days is not null group by all
),
with_segments as materialized (
    select * from with_channels
    union all
    select in_all(series, 9), days, sum(n) from with_channels group by all
),
with_regions as (
    select * from with_segments
    union all
    select in_all(series, 13), days, sum(n) from with_segments group by all
),
in_order as (
    select series, cast(days as integer) as days, cast(n as bigint) as n from with_regions order by series, days
)
-- One running sum over all series: where a series begins is taken off below. A window by series would sort once more.
select *, sum(n) over (rows between unbounded preceding and current row) as running from in_order;

create temp table funnel_series as
with totals as (
    select
        series, min(running - n) as before, sum(n) as n, sum(n) - 1 as last, sum(days * n) as days,
        coalesce(sum(n) filter (days < 0), 0) as out_of_order_count
    from funnel_days
    group by series
),
neighbours as (
    select
        series, any_value(totals.n) as n, any_value(totals.days) as days, any_value(last) as last,
        any_value(out_of_order_count) as out_of_order_count,
        min(funnel_days.days) filter (running - before > floor(0.5::double * last)) as median_floor,
        min(funnel_days.days) filter (running - before > ceil(0.5::double * last)) as median_ceiling,
        min(funnel_days.days) filter (running - before > floor(0.9::double * last)) as p90_floor,
        min(funnel_days.days) filter (running - before > ceil(0.9::double * last)) as p90_ceiling
    from funnel_days
    inner join totals using (series)
    group by series
)
select
    series, n, days, out_of_order_count,
    median_floor + (0.5::double * last - floor(0.5::double * last)) * (median_ceiling - median_floor) as median_days,
    p90_floor + (0.9::double * last - floor(0.9::double * last)) * (p90_ceiling - p90_floor) as p90_days
from neighbours;

create table rpt_funnel as
with reaches as (
    select
        cell, is_open, sum(lead_count) as n,
        contact is not null as contact, quote is not null as quote, ordered is not null as ordered, paid is not null as paid,
        contact_90 is not null as contact_90, quote_90 is not null as quote_90, ordered_90 is not null as ordered_90,
        paid_90 is not null as paid_90
    from lead_groups
    group by all
),
steps as (
    select
        cell, n, is_open, unnest([
            {'number': 4, 'entered': true, 'reached': true},
            {'number': 8, 'entered': true, 'reached': contact or quote or ordered or paid},
            -- This company keeps no follow-up cards: nobody knows who was followed up.
            {'number': 12, 'entered': contact or quote or ordered or paid, 'reached': null},
            {'number': 16, 'entered': contact or quote or ordered or paid, 'reached': quote or ordered or paid},
            {'number': 20, 'entered': quote or ordered or paid, 'reached': ordered or paid},
            {'number': 24, 'entered': ordered or paid, 'reached': paid},
            {'number': 6, 'entered': true, 'reached': true},
            {'number': 10, 'entered': true, 'reached': contact_90 or quote_90 or ordered_90 or paid_90},
            {'number': 14, 'entered': contact_90 or quote_90 or ordered_90 or paid_90, 'reached': null},
            {
                'number': 18, 'entered': contact_90 or quote_90 or ordered_90 or paid_90,
                'reached': quote_90 or ordered_90 or paid_90
            },
            {'number': 22, 'entered': quote_90 or ordered_90 or paid_90, 'reached': ordered_90 or paid_90},
            {'number': 26, 'entered': ordered_90 or paid_90, 'reached': paid_90}
        ]) as step
    from reaches
),
counted as (
    select
        cell >> 12 as month, case when grouping((cell >> 8) & 15) = 1 then 14 else (cell >> 8) & 15 end as region,
        case when grouping((cell >> 4) & 15) = 1 then 14 else (cell >> 4) & 15 end as segment,
        case when grouping(cell & 15) = 1 then 14 else cell & 15 end as channel, step.number as number,
        sum(n) as all_count, coalesce(sum(n) filter (step.entered), 0) as entered_count,
        case when step.number >> 2 <> 3 then coalesce(sum(n) filter (step.reached), 0) end as reached_count,
        coalesce(sum(n) filter (is_open and step.number & 2 = 2), 0) as open_count
    from steps
    group by cell >> 12, step.number, cube ((cell >> 8) & 15, (cell >> 4) & 15, cell & 15)
),
numbered as (
    select *, (month * 4096 + region * 256 + segment * 16 + channel) * 32 + number as series, number >> 2 as step_number
    from counted
)
select
    month_date(month) as month_start, case when region = 14 then 'all' else region_of(region) end as region,
    case when segment = 14 then 'all' else segment_of(segment) end as segment,
    case when channel = 14 then 'all' else coalesce(channel_of(channel), 'not_recorded') end as source_channel,
    case when number & 2 = 2 then '90_days' else 'ever' end as step_window, step_number,
    list_extract(['visit', 'contact_left', 'follow_up', 'quote_or_test_drive', 'order', 'paid'], step_number) as step,
    all_count as all_lead_count, entered_count, reached_count as lead_count,
    case when step_number = 1 then all_count when step_number <> 3 then coalesce(first.n, 0) end as recorded_count,
    open_count as open_window_count,
    share(reached_count, entered_count) as step_rate, low(reached_count, entered_count) as step_rate_low,
    high(reached_count, entered_count) as step_rate_high, share(reached_count, all_count) as overall_rate,
    low(reached_count, all_count) as overall_rate_low, high(reached_count, all_count) as overall_rate_high,
    previous.median_days, previous.p90_days, share(previous.days, previous.n) as mean_days,
    first.median_days as median_days_from_first, first.p90_days as p90_days_from_first,
    share(first.days, first.n) as mean_days_from_first, case when step_number <> 3 then coalesce(first.out_of_order_count, 0) end as out_of_order_count
from numbered
left join funnel_series as first on numbered.series = first.series
left join funnel_series as previous on numbered.series + 1 = previous.series;

-- step: customers states

-- The month in which something due on a day is seen at a month's end; the last month is seen on the day of the run.
create temp macro turning_month(day) as
    month_number(date '2000-01-01' + day)
    + (
        month_number(date '2000-01-01' + day) = getvariable('last_month') and day > getvariable('as_of_day')
    )::integer;
-- What a customer has bought changes in months with a purchase only: one row a state, from such a month to the next.
-- All orders are of customers with a number, whose own region and segment stand in the customer file.
create temp table states as
with purchases as (
    select customer, any_value(home) as place, month, count(*) as order_count, sum(amount) as amount, max(ordered_day) as last_day
    from orders
    where is_counted
    group by customer, month
),
gaps as (
    select
        customer, month, ordered_day,
        ordered_day - lag(ordered_day) over days as gap,
        row_number() over days = 2 and lead(customer) over days is null as is_only
    from (
        select customer, month, ordered_day
        from orders
        where is_counted and customer in (
            select customer from orders where is_counted group by customer having min(ordered_day) < max(ordered_day)
        )
        group by all
    )
    window days as (partition by customer order by ordered_day)
    qualify gap is not null
),
medians as (
    select customer, month, gap::double as median from gaps where is_only
    union all
    select customer, month, arg_max(median, ordered_day)
    from (
        select
            customer, month, ordered_day,
            quantile_cont(gap, 0.5) over (
                partition by customer order by ordered_day rows between unbounded preceding and current row
            ) as median
        from gaps
        where not is_only
    )
    group by customer, month
),
turning as (
    select
        purchases.*,
        turning_month(cast(last_day + ceil(churn_days) as integer)) as churn_month,
        turning_month(cast(last_day + ceil(churn_days * (
            select max(share_of_churn_days) from lifecycle_stages where lifecycle_stage = 'at_risk'
        )) as integer)) as risk_month
    from (
        select
            purchases.*,
            greatest(
                coalesce(threshold('churn_gap_multiple') * medians.median, 0), threshold('churn_minimum_days')
            ) as churn_days
        from purchases
        left join medians using (customer, month)
    ) as purchases
)
select
    customer, place, month, cast(coalesce(lead(month) over history, getvariable('last_month') + 1) as smallint) as end_month,
    row_number() over history = 1 as is_first,
    coalesce(lag(churn_month) over history < month, false) as is_reactivated,
    cast(churn_month as smallint) as churn_month, cast(risk_month as smallint) as risk_month,
    cast(order_count as integer) as order_count, amount,
    cast(sum(order_count) over history as integer) as order_count_to_date, sum(amount) over history as amount_to_date,
    last_day
from turning
window history as (partition by customer order by month);

-- step: customers scores

-- Where each state stands among all states by each measure, equal ones in the order of the customers' numbers. A score
-- is how many of its month's four quintile bounds a state stands behind. One number sorts faster than two.
create temp table standings as
with recency as (
    select number, row_number() over () as place
    from (select rowid as number from states order by (last_day::bigint << 32) + customer)
),
frequency as (
    select number, row_number() over () as place
    from (select rowid as number from states order by (order_count_to_date::bigint << 32) + customer)
),
monetary as (
    select number, row_number() over () as place
    from (
        select rowid as number
        from states
        order by cast(amount_to_date * 100 as bigint) * (select max(customer) + 1 from customers) + customer
    )
)
select
    states.* exclude (customer), cast(recency.place as integer) as recency_place,
    cast(frequency.place as integer) as frequency_place, cast(monetary.place as integer) as monetary_place
from states
inner join recency on states.rowid = recency.number
inner join frequency on states.rowid = frequency.number
inner join monetary on states.rowid = monetary.number;

-- Who is a customer in a month is counted by bins of 1024 places, from who came and who went; only the bin that holds
-- a bound is looked through.
create temp table bounds as
with places as (
    select 1 as measure, recency_place as place, month, end_month from standings
    union all
    select 2, frequency_place, month, end_month from standings
    union all
    select 3, monetary_place, month, end_month from standings
),
moves as (
    select measure, bin, month, sum(n) as n
    from (
        select measure, place >> 10 as bin, month, count(*) as n from places group by all
        union all
        select measure, place >> 10, end_month, -count(*) from places group by all
    )
    group by all
),
months as (
    select unnest(range(min(month), getvariable('last_month') + 1)) as month from states
),
counts as (
    select
        bins.measure, bins.bin, months.month,
        sum(coalesce(moves.n, 0)) over (partition by bins.measure, bins.bin order by months.month) as n
    from (select distinct measure, bin from moves) as bins
    cross join months
    left join moves
        on bins.measure = moves.measure and bins.bin = moves.bin and months.month = moves.month
),
cumulated as (
    select
        *, sum(n) over (partition by measure, month order by bin) as up_to, sum(n) over (partition by measure, month) as in_all
    from counts
),
found as (
    select
        measure, month, bin, quintile,
        quintile * (in_all // 5) + least(quintile, in_all % 5) - (up_to - n) as place_in_bin
    from cumulated
    cross join (select unnest([1, 2, 3, 4]) as quintile)
    where quintile * (in_all // 5) + least(quintile, in_all % 5) between up_to - n + 1 and up_to
),
looked_through as (
    select
        found.measure, found.month, found.quintile, found.place_in_bin, places.place,
        row_number() over (partition by found.measure, found.month, found.quintile order by places.place) as number
    from found
    inner join places
        on found.measure = places.measure and found.bin = places.place >> 10
        and found.month >= places.month and found.month < places.end_month
)
select
    months.month,
    coalesce(max(place) filter (measure = 1 and quintile = 1), 0) as recency_1,
    coalesce(max(place) filter (measure = 1 and quintile = 2), 0) as recency_2,
    coalesce(max(place) filter (measure = 1 and quintile = 3), 0) as recency_3,
    coalesce(max(place) filter (measure = 1 and quintile = 4), 0) as recency_4,
    coalesce(max(place) filter (measure = 2 and quintile = 1), 0) as frequency_1,
    coalesce(max(place) filter (measure = 2 and quintile = 2), 0) as frequency_2,
    coalesce(max(place) filter (measure = 2 and quintile = 3), 0) as frequency_3,
    coalesce(max(place) filter (measure = 2 and quintile = 4), 0) as frequency_4,
    coalesce(max(place) filter (measure = 3 and quintile = 1), 0) as monetary_1,
    coalesce(max(place) filter (measure = 3 and quintile = 2), 0) as monetary_2,
    coalesce(max(place) filter (measure = 3 and quintile = 3), 0) as monetary_3,
    coalesce(max(place) filter (measure = 3 and quintile = 4), 0) as monetary_4
from months
left join looked_through
    on months.month = looked_through.month and looked_through.number = looked_through.place_in_bin
group by months.month;

create temp table customer_cells as
select
    now as month, place,
    (recency_place > recency_1)::tinyint + (recency_place > recency_2)::tinyint + (recency_place > recency_3)::tinyint
        + (recency_place > recency_4)::tinyint + 1 as recency_score,
    (frequency_place > frequency_1)::tinyint + (frequency_place > frequency_2)::tinyint
        + (frequency_place > frequency_3)::tinyint + (frequency_place > frequency_4)::tinyint + 1 as frequency_score,
    (monetary_place > monetary_1)::tinyint + (monetary_place > monetary_2)::tinyint
        + (monetary_place > monetary_3)::tinyint + (monetary_place > monetary_4)::tinyint + 1 as monetary_score,
    case
        when now = standings.month and is_first then 'new'
        when now = standings.month and is_reactivated then 'reactivated'
        when now >= churn_month then 'churned'
        when now >= risk_month then 'at_risk'
        else 'active'
    end as lifecycle_stage,
    now >= churn_month as is_churned,
    now = standings.month as is_active,
    now = standings.month and is_first as is_first,
    order_count_to_date >= 2 as is_repeat,
    count(*) as customer_count,
    sum(case when now = standings.month then order_count else 0 end) as order_count,
    sum(case when now = standings.month then amount else 0 end) as amount,
    sum(amount_to_date) as amount_to_date,
    sum(last_day) as last_day_sum
from (select *, unnest(range(month, end_month)) as now from standings) as standings
inner join bounds
    on standings.now = bounds.month
group by all;

-- step: reports customers

create temp table customer_groups as
with segments as (
    select recency_score, frequency_score, monetary_score, arg_min(rules.rfm_segment, rules.priority) as rfm_segment
    from range(1, 6) as r (recency_score), range(1, 6) as f (frequency_score), range(1, 6) as m (monetary_score),
        rfm_segments as rules
    where recency_score between recency_from and recency_to and frequency_score between frequency_from and frequency_to
        and monetary_score between monetary_from and monetary_to
    group by all
)
select
    month, region_of(place) as region, segment_of(place >> 3) as segment,
    coalesce(segments.rfm_segment, 'other') as rfm_segment, lifecycle_stage, is_churned, is_active, is_first, is_repeat,
    sum(customer_count) as customer_count, sum(order_count) as order_count, sum(amount) as amount,
    sum(amount_to_date) as amount_to_date, sum(last_day_sum) as last_day_sum
from customer_cells
left join segments using (recency_score, frequency_score, monetary_score)
group by all;

create table rpt_customers as
with counted as (
    select
        month, case when grouping(region) = 1 then 'all' else region end as region,
        case when grouping(segment) = 1 then 'all' else segment end as segment,
        coalesce(sum(customer_count) filter (is_active), 0) as active,
        coalesce(sum(customer_count) filter (is_first), 0) as first,
        coalesce(sum(customer_count) filter (is_active and is_repeat), 0) as repeat,
        sum(customer_count) as all_to_date, coalesce(sum(customer_count) filter (is_repeat), 0) as repeat_to_date,
        coalesce(sum(customer_count) filter (is_churned), 0) as churned,
        sum(order_count) as order_count, sum(amount) as amount
    from customer_groups
    group by month, cube (region, segment)
)
select
    month_date(month) as month_start, region, segment, active as active_customer_count, first as first_customer_count,
    repeat as repeat_customer_count, share(repeat, active) as repeat_rate, low(repeat, active) as repeat_rate_low,
    high(repeat, active) as repeat_rate_high, all_to_date as customer_count_to_date,
    repeat_to_date as repeat_customer_count_to_date, share(repeat_to_date, all_to_date) as repeat_rate_to_date,
    churned as churned_customer_count, share(churned, all_to_date) as churned_rate, order_count, amount as sales_amount,
    share(amount, active) as average_sales_per_customer
from counted;

create temp macro seen_on(month) as
    least(getvariable('as_of_date'), last_day(month_date(month))) - date '2000-01-01';
create temp macro customers_by(name) as table
with counted as (
    select
        month, case when grouping(region) = 1 then 'all' else region end as region,
        case when grouping(segment) = 1 then 'all' else segment end as segment, value,
        sum(customer_count) as customer_count, sum(order_count) as order_count, sum(amount) as amount,
        sum(amount_to_date) as amount_to_date,
        sum(customer_count) * seen_on(month) - sum(last_day_sum) as recency_days
    from (select *, case when name = 'rfm' then rfm_segment else lifecycle_stage end as value from customer_groups)
    group by month, value, cube (region, segment)
)
select
    month_date(month) as month_start, region, segment, value, customer_count,
    sum(customer_count) over cell as all_customer_count,
    share(customer_count, sum(customer_count) over cell) as customer_share, order_count, amount as sales_amount,
    amount_to_date as sales_amount_to_date,
    share(amount_to_date, sum(amount_to_date) over cell) as sales_share_to_date,
    share(recency_days, customer_count) as mean_recency_days
from counted
window cell as (partition by month, region, segment);

create table rpt_customer_rfm as select * rename (value as rfm_segment) from customers_by('rfm');
create table rpt_customer_lifecycle as select * rename (value as lifecycle_stage) from customers_by('stage');

create table rpt_customer_cohorts as
with purchases as (
    select
        min(month) over (partition by customer) as cohort, month, place, is_first
    from states
),
cells as (
    select cohort, month - cohort as period, region_of(place) as region, segment_of(place >> 3) as segment, count(*) as retained
    from purchases
    group by all
),
counted as (
    select
        cohort, period, case when grouping(region) = 1 then 'all' else region end as region,
        case when grouping(segment) = 1 then 'all' else segment end as segment, sum(retained) as retained
    from cells
    group by cohort, period, cube (region, segment)
),
cohorts as (
    select cohort, region, segment, retained as cohort_customer_count from counted where period = 0
),
grid as (
    select
        cohorts.*, period,
        month_date(cohort + cast(period as integer) + 1) <= getvariable('as_of_date') as is_over
    from cohorts
    cross join (
        select unnest(range(0, 1 + least(
            cast(threshold('cohort_periods') as bigint), getvariable('last_month') - (select min(cohort) from cohorts)
        ))) as period
    )
)
select
    month_date(cohort) as month_start, region, segment, period as period_number, cohort_customer_count,
    case when is_over then coalesce(retained, 0) end as retained_customer_count,
    case when is_over then share(coalesce(retained, 0), cohort_customer_count) end as retention_rate,
    case when is_over then low(coalesce(retained, 0), cohort_customer_count) end as retention_rate_low,
    case when is_over then high(coalesce(retained, 0), cohort_customer_count) end as retention_rate_high
from grid
left join counted using (cohort, period, region, segment);

-- step: sales count

-- What adds up, by the finest cell that any breakdown needs.
create temp table sales_cells as
select
    month, place, product,
    sum(amount) as amount, count(*) as line_count, sum(quantity) as units,
    sum(case when is_delivered then amount else 0 end) as delivered_amount,
    sum(case when is_new then amount else 0 end) as new_amount
from lines
where month <= getvariable('last_month')
group by all;

-- Orders and customers add up over regions and segments, for here an order's lines agree on month, region, segment and
-- channel, and a customer buys in one region and segment; over products and channels of one customer they do not.
create temp table sales as
select order_number, customer, month, place, place & 31 as home, place >> 5 as channel, product, category
from lines
inner join products using (product)
where is_sale and month <= getvariable('last_month');

create temp table order_counts as
select month, place, null as product, null as category, count(*) as order_count
from (select order_number, any_value(month) as month, any_value(place) as place from sales group by order_number)
group by all
union all
select month, place, product, null, count(distinct order_number) from sales group by all
union all
select month, place, null, category, count(distinct order_number) from sales group by all;

create temp macro customers_of(by_channel, by_product, by_category) as table
with bought as (
    select
        customer, month, home, case when by_channel then channel end as channel,
        case when by_product then product end as product, case when by_category then category end as category
    from sales
    group by all
),
first_bought as (
    select home, channel, product, category, min(month) as month from bought group by customer, home, channel, product, category
)
select month, home, channel, product, category, count(*) as customer_count, 0 as first_purchase_count from bought group by all
union all
select month, home, channel, product, category, 0, count(*) from first_bought group by all;

create temp table customer_counts as
select * from customers_of(false, false, false)
union all
select * from customers_of(true, false, false)
union all
select * from customers_of(false, true, false)
union all
select * from customers_of(false, false, true);

-- step: report monthly sales

create temp table sales_counts as
with place_names as (
    select
        place, region_of(place) as region, segment_of(place >> 3) as segment, sales_channel_of(place >> 5) as channel
    from (select unnest(range(0, 256)) as place)
),
parts as (
    select
        month, region, segment, unnest([
            {'name': 'total', 'value': 'all'}, {'name': 'region', 'value': region}, {'name': 'channel', 'value': channel},
            {'name': 'segment', 'value': segment}, {'name': 'product', 'value': product::varchar},
            {'name': 'product_category', 'value': category::varchar}
        ]) as breakdown,
        amount, line_count, units, delivered_amount, new_amount,
        case when launch_date is not null then line_count else 0 end as known_launch_count,
        0 as order_count, 0 as customer_count, 0 as first_purchase_count, null as paid_amount
    from sales_cells
    inner join place_names using (place)
    inner join products using (product)
    union all
    select
        month, region, segment, unnest(case
            when product is not null then [{'name': 'product', 'value': product::varchar}]
            when category is not null then [{'name': 'product_category', 'value': category::varchar}]
            else [
                {'name': 'total', 'value': 'all'}, {'name': 'region', 'value': region},
                {'name': 'channel', 'value': channel}, {'name': 'segment', 'value': segment}
            ]
        end),
        0, 0, 0, 0, 0, 0, order_count, 0, 0, null
    from order_counts
    inner join place_names using (place)
    union all
    select
        month, region, segment, unnest(case
            when product is not null then [{'name': 'product', 'value': product::varchar}]
            when category is not null then [{'name': 'product_category', 'value': category::varchar}]
            when customer_counts.channel is not null
                then [{'name': 'channel', 'value': sales_channel_of(customer_counts.channel)}]
            else [
                {'name': 'total', 'value': 'all'}, {'name': 'region', 'value': region}, {'name': 'segment', 'value': segment}
            ]
        end),
        0, 0, 0, 0, 0, 0, 0, customer_count, first_purchase_count, null
    from customer_counts
    inner join place_names on home = place
    union all
    select
        month, region, segment, unnest([
            {'name': 'total', 'value': 'all'}, {'name': 'region', 'value': region},
            {'name': 'channel', 'value': channel}, {'name': 'segment', 'value': segment}
        ]),
        null, null, null, null, null, null, null, null, null, paid_amount
    from (
        select orders.month, orders.place, sum(payments.amount) as paid_amount
        from payments
        inner join orders using (order_number)
        where orders.month <= getvariable('last_month')
        group by all
    )
    inner join place_names using (place)
)
select
    month, case when grouping(region) = 1 then 'all' else region end as region,
    case when grouping(segment) = 1 then 'all' else segment end as segment,
    breakdown.name as breakdown, breakdown.value as breakdown_value,
    sum(amount) as amount, sum(line_count) as line_count, sum(units) as units, sum(delivered_amount) as delivered_amount,
    sum(new_amount) as new_amount, sum(known_launch_count) as known_launch_count, sum(order_count) as order_count,
    sum(customer_count) as customer_count, sum(first_purchase_count) as first_purchase_count, sum(paid_amount) as paid_amount
from parts
group by month, breakdown, cube (region, segment);

-- Targets are set by month and region: the version valid when the month began, and the latest. A market is told by
-- month, region and segment.
create temp table targets as
with by_region as (
    select
        cast(month_number("目标月份") as integer) as month, code_of("区域") as region,
        arg_max("目标金额", "版本") filter ("生效日期" <= "目标月份") as target_amount,
        arg_max("目标金额", "版本") as latest_target_amount
    from read_csv(
        getvariable('landing') || '/*_sales_targets.csv', header = true, auto_detect = false,
        columns = {'目标月份': 'DATE', '区域': 'VARCHAR', '目标金额': 'DECIMAL(18, 2)', '版本': 'INTEGER', '生效日期': 'DATE'}
    )
    where cast(month_number("目标月份") as integer) <= getvariable('last_month')
    group by all
),
broken_down as (
    select *, unnest([{'name': 'total', 'value': 'all'}, {'name': 'region', 'value': region}]) as breakdown from by_region
)
select
    month, case when grouping(region) = 1 then 'all' else region end as region, 'all' as segment,
    breakdown.name as breakdown, breakdown.value as breakdown_value,
    sum(target_amount) as target_amount, sum(latest_target_amount) as latest_target_amount
from broken_down
group by month, breakdown, cube (region);

create temp table markets as
select
    month, case when grouping(region) = 1 then 'all' else region end as region,
    case when grouping(segment) = 1 then 'all' else segment end as segment,
    sum(customer_count) as customer_count, sum(units) as units, sum(amount) as amount
from (
    select
        cast(month_number("月份") as integer) as month, code_of("区域") as region, code_of("客户类型") as segment,
        "市场客户数" as customer_count, "市场销量" as units, "市场金额" as amount
    from read_csv(
        getvariable('landing') || '/*_market_size.csv', header = true, auto_detect = false,
        columns = {
            '月份': 'DATE', '区域': 'VARCHAR', '客户类型': 'VARCHAR', '市场客户数': 'BIGINT',
            '市场销量': 'DECIMAL(18, 4)', '市场金额': 'DECIMAL(18, 2)', '数据来源': 'VARCHAR'
        }
    )
)
group by month, cube (region, segment);

create temp table working_calendar as
select date, is_working_day from read_csv(getvariable('seeds') || '/working_calendar.csv');

create table rpt_monthly_sales as
with months as (
    select
        month, month // 12 as year, month % 12 + 1 as months_of_year,
        last_day(month_date(month)) <= getvariable('as_of_date') as is_complete,
        month - min(month) over () + 1 as month_number,
        (
            select case when count(*) = count(is_working_day) then count(*) filter (is_working_day) end
            from (
                select unnest(range(
                    greatest(month_date(month), getvariable('as_of_date') + 1)::timestamp,
                    (last_day(month_date(month)) + 1)::timestamp, interval 1 day
                ))::date as date
            )
            left join working_calendar using (date)
        ) as remaining_working_days
    from (
        select unnest(range(
            (select min(month)::bigint from sales_counts where line_count > 0), getvariable('last_month') + 1
        )) as month
    )
),
cells as (
    select region, segment, breakdown, breakdown_value from sales_counts
    union
    select region, segment, breakdown, breakdown_value from targets
),
dense as (
    select
        cells.*, months.*, sales_counts.line_count as own_line_count,
        coalesce(sales_counts.amount, 0) as sales_amount, coalesce(sales_counts.order_count, 0) as order_count,
        coalesce(sales_counts.line_count, 0) as line_count, coalesce(sales_counts.units, 0) as units_sold,
        coalesce(sales_counts.customer_count, 0) as customer_count,
        coalesce(sales_counts.delivered_amount, 0) as delivered_amount, coalesce(sales_counts.new_amount, 0) as new_amount,
        coalesce(sales_counts.known_launch_count, 0) as known_launch_count, sales_counts.paid_amount,
        targets.target_amount, targets.latest_target_amount, markets.customer_count as market_customer_count,
        markets.units as market_units, markets.amount as market_amount,
        coalesce(sum(sales_counts.first_purchase_count) over so_far, 0) as own_customer_count,
        sum(coalesce(sales_counts.amount, 0)) over this_year as year_to_date_amount,
        case
            when count(targets.target_amount) over this_year = row_number() over this_year
                then sum(targets.target_amount) over this_year
        end as year_to_date_target_amount
    from cells
    cross join months
    left join sales_counts using (month, region, segment, breakdown, breakdown_value)
    left join targets using (month, region, segment, breakdown, breakdown_value)
    left join markets
        on months.month = markets.month and cells.breakdown in ('total', 'region', 'segment')
        and markets.region = case when cells.breakdown = 'region' then cells.breakdown_value else cells.region end
        and markets.segment = case when cells.breakdown = 'segment' then cells.breakdown_value else cells.segment end
    window
        so_far as (
            partition by cells.region, cells.segment, cells.breakdown, cells.breakdown_value order by months.month
            rows between unbounded preceding and current row
        ),
        this_year as (
            partition by cells.region, cells.segment, cells.breakdown, cells.breakdown_value, months.year
            order by months.month rows between unbounded preceding and current row
        )
),
compared as (
    select
        this.*,
        case when this.month_number > 1 then coalesce(previous.sales_amount, 0) end as previous_month_sales_amount,
        case when this.month_number > 12 then coalesce(last_year.sales_amount, 0) end as last_year_sales_amount,
        case
            when last_year.month // 12 * 12 >= this.month - this.month_number + 1 then last_year.year_to_date_amount
        end as last_year_to_date_sales_amount
    from dense as this
    left join dense as previous
        on this.region = previous.region and this.segment = previous.segment and this.breakdown = previous.breakdown
        and this.breakdown_value = previous.breakdown_value and this.month = previous.month + 1
    left join dense as last_year
        on this.region = last_year.region and this.segment = last_year.segment and this.breakdown = last_year.breakdown
        and this.breakdown_value = last_year.breakdown_value and this.month = last_year.month + 12
)
select
    month_date(month) as month_start, region, segment, breakdown, breakdown_value, is_complete as is_complete_month,
    sales_amount, order_count, line_count, units_sold, customer_count, share(sales_amount, order_count) as average_order_amount,
    delivered_amount,
    case
        when breakdown in ('total', 'region', 'channel', 'segment') and (select count(*) from payments) > 0
            then coalesce(paid_amount, 0)
    end as paid_amount,
    target_amount, latest_target_amount, share(sales_amount, target_amount) as target_attainment_rate,
    share(sales_amount, latest_target_amount) as latest_target_attainment_rate, previous_month_sales_amount,
    growth(sales_amount, previous_month_sales_amount) as month_over_month_growth_rate, last_year_sales_amount,
    growth(sales_amount, last_year_sales_amount) as year_over_year_growth_rate,
    year_to_date_amount as year_to_date_sales_amount, last_year_to_date_sales_amount,
    growth(year_to_date_amount, last_year_to_date_sales_amount) as year_to_date_growth_rate, year_to_date_target_amount,
    share(year_to_date_amount, year_to_date_target_amount) as year_to_date_attainment_rate, remaining_working_days,
    share(target_amount - sales_amount, remaining_working_days) as run_rate_needed_amount,
    case when known_launch_count > 0 then new_amount end as new_product_sales_amount,
    case when known_launch_count > 0 then share(new_amount, sales_amount) end as new_product_share,
    own_customer_count, market_customer_count,
    share(own_customer_count, market_customer_count) as penetration_rate, market_units, market_amount,
    coalesce(share(sales_amount, market_amount), share(units_sold, market_units)) as market_share
from compared
where breakdown <> 'product' or line_count > 0 or previous_month_sales_amount <> 0 or last_year_sales_amount <> 0
    or target_amount is not null or latest_target_amount is not null;

-- step: complaints

-- Times are the company's local ones. Every sheet here has columns for replies and closings, so an empty cell is an
-- unanswered or open complaint.
create temp table complaint_rows as
select
    cast(substr("投诉编号", 3) as integer) as complaint_number, "受理时间" as received_at,
    enum_code("反馈类型") as kind, enum_code("投诉类别") as category, enum_code("受理渠道") as way,
    enum_code("部门") as department, enum_code("产品编号") as product, enum_code("区域") as region,
    customer_number("客户编号") as customer_number, "首次回复时间" as first_reply_at,
    enum_code("回复类型") as reply_kind, "关闭时间" as closed_at, "是否告知客户" = '是' as is_informed
from read_csv(
    getvariable('landing') || '/*_complaints.csv', header = true, auto_detect = false, timestampformat = '%Y/%m/%d %H:%M',
    columns = {
        '投诉编号': 'VARCHAR', '受理时间': 'TIMESTAMP', '受理渠道': 'way_zh', '反馈类型': 'kind_zh', '投诉类别': 'category_zh',
        '问题': 'VARCHAR', '客户编号': 'VARCHAR', '客户姓名': 'VARCHAR', '联系电话': 'VARCHAR', '产品编号': 'product_code',
        '订单编号': 'VARCHAR', '首次回复时间': 'TIMESTAMP', '回复类型': 'reply_zh', '关闭时间': 'TIMESTAMP',
        '是否告知客户': 'VARCHAR', '部门': 'showroom_name', '区域': 'region_name', '投诉内容': 'VARCHAR'
    }
)
where "投诉编号" is not null
union all
select
    cast(substr("Case ID", 3) as integer), "Received at", enum_code("Kind"), enum_code("Category"), enum_code("Received via"),
    enum_code("Department"), enum_code("Product ID"), enum_code("Region"), customer_number("Customer ID"), "First reply at",
    enum_code("First reply kind"), "Closed at", "Customer informed" = 'Yes'
from read_csv(
    getvariable('landing') || '/*_cases.csv', header = true, auto_detect = false, timestampformat = '%d-%m-%Y %H:%M',
    columns = {
        'Case ID': 'VARCHAR', 'Received at': 'TIMESTAMP', 'Received via': 'way_en', 'Kind': 'kind_en', 'Category': 'category_en',
        'Issue': 'VARCHAR', 'Customer ID': 'VARCHAR', 'Phone': 'VARCHAR', 'Product ID': 'product_code', 'Order ID': 'VARCHAR',
        'First reply at': 'TIMESTAMP', 'First reply kind': 'reply_en', 'Closed at': 'TIMESTAMP',
        'Customer informed': 'VARCHAR', 'Department': 'showroom_name', 'Region': 'region_name'
    }
)
where "Case ID" is not null;

-- Worked seconds before each day; two positions on that axis subtract to the worked time between them.
create temp table working_days as
select
    date, is_working_day::integer as is_worked, starts, lunch, lunch_ends, ends,
    coalesce(sum(is_working_day::integer * (lunch - starts + ends - lunch_ends)) over (
        order by date rows between unbounded preceding and 1 preceding
    ), 0) as worked_before
from working_calendar
asof join (
    select
        valid_from, epoch(day_start::time)::integer as starts, epoch(lunch_start::time)::integer as lunch,
        epoch(lunch_end::time)::integer as lunch_ends, epoch(day_end::time)::integer as ends
    from read_csv(
        getvariable('seeds') || '/working_hours.csv',
        types = {'day_start': 'TIME', 'lunch_start': 'TIME', 'lunch_end': 'TIME', 'day_end': 'TIME'}
    )
) as hours
    on working_calendar.date >= hours.valid_from;
create temp macro worked_until(moment, day) as
    day.worked_before + day.is_worked * (
        greatest(0, least(date_diff('second', day.date::timestamp, moment), day.lunch) - day.starts)
        + greatest(0, least(date_diff('second', day.date::timestamp, moment), day.ends) - day.lunch_ends)
    );

create temp table complaints as
with again as (
    select complaint_number, max(rowid) as newest from complaint_rows group by complaint_number having count(*) > 1
),
current as (
    select complaint_rows.*
    from complaint_rows
    left join again using (complaint_number)
    where again.newest is null or again.newest = complaint_rows.rowid
),
timed as (
    select
        current.*,
        case when coalesce(reply_kind, 0) = 0 then first_reply_at end as replied_at,
        (customers.place & 24) + region as place, targets.reply_hours, targets.reply_working_hours,
        received_at + to_hours(cast(targets.reply_hours as integer)) as due_at,
        worked_until(received_at, received_days) as received_position,
        worked_until(first_reply_at, reply_days) as reply_position,
        worked_until(getvariable('as_of'), as_of_days) as as_of_position
    from current
    left join customers on current.customer_number = customers.number
    -- One target holds for complaints of all kinds.
    cross join (
        select arg_max(reply_hours, valid_from) as reply_hours, arg_max(reply_working_hours, valid_from) as reply_working_hours
        from complaint_targets
    ) as targets
    left join working_days as received_days on received_at::date = received_days.date
    left join working_days as reply_days on first_reply_at::date = reply_days.date
    left join working_days as as_of_days on getvariable('as_of_date') = as_of_days.date
),
clocked as (
    select
        *,
        case when replied_at >= received_at then date_diff('second', received_at, replied_at) end as reply_seconds,
        case when replied_at >= received_at then reply_position - received_position end as working_reply_seconds,
        (as_of_position - received_position) / 3600 as waited_working_hours
    from timed
),
closings as (
    select category, product, customer_number, closed_at from current where closed_at >= received_at
)
select
    cast(month_number(clocked.received_at) as smallint) as month, cast(clocked.place as utinyint) as place,
    clocked.kind, clocked.category, way, department, clocked.product, cast(reply_seconds as integer) as reply_seconds,
    cast(working_reply_seconds as integer) as working_reply_seconds,
    case
        when replied_at < clocked.received_at then 'undeterminable'
        when replied_at <= due_at then 'in_time'
        when replied_at > due_at or getvariable('as_of') > due_at then 'breached'
        else 'not_yet_due'
    end as reply_status,
    case
        when replied_at < clocked.received_at then 'undeterminable'
        when replied_at is not null and working_reply_seconds is null then 'undeterminable'
        when working_reply_seconds / 3600 <= reply_working_hours then 'in_time'
        when replied_at is not null or waited_working_hours > reply_working_hours then 'breached'
        when waited_working_hours is null then 'undeterminable'
        else 'not_yet_due'
    end as working_reply_status,
    cast(month_number(clocked.closed_at) as smallint) as closed_month, clocked.closed_at is not null as is_closed,
    is_informed,
    coalesce(
        clocked.received_at <= same_customer.closed_at + to_days(cast(threshold('complaint_recurrence_days') as integer)), false
    ) as is_recurrence,
    coalesce(
        clocked.received_at <= same_problem.closed_at + to_days(cast(threshold('complaint_recurrence_days') as integer)), false
    ) as is_repeated_problem
from clocked
asof left join closings as same_problem
    on clocked.category = same_problem.category and clocked.product = same_problem.product
    and clocked.received_at > same_problem.closed_at
asof left join closings as same_customer
    on clocked.category = same_customer.category and clocked.product = same_customer.product
    and clocked.customer_number = same_customer.customer_number and clocked.received_at > same_customer.closed_at;

-- step: reports complaints

-- A value of a breakdown as a number: the breakdown's times 64, then the value's own.
create temp table complaint_values as
select
    value,
    list_extract(['total', 'kind', 'category', 'received_via', 'priority', 'department', 'product'], (value >> 6) + 1)
        as breakdown,
    case value >> 6
        when 0 then 'all'
        when 1 then list_extract(['complaint', 'enquiry', 'suggestion'], (value & 63) + 1)
        when 2 then list_extract(
            ['product_quality', 'after_sales_support', 'service_attitude', 'delivery', 'price'], (value & 63) + 1
        )
        when 3 then list_extract(['phone', 'visit', 'web', 'email'], (value & 63) + 1)
        when 4 then 'unknown'
        when 5 then enum_range(null::showroom_name)[(value & 63) + 1]::varchar
        else product_name
    end as breakdown_value
from (select unnest(range(0, 448))::smallint as value)
left join products
    on enum_code(products.product) = value & 63 and value >> 6 = 6;

create temp table complaint_parts as
select
    * exclude (kind, category, way, department, product), kind = 0 as is_complaint,
    unnest([0, 64 + kind, 128 + category, 192 + way, 256, 320 + department, 384 + product])::smallint as value
from complaints;

create temp table complaint_cells as
select
    month, place & 7 as region, place >> 3 as segment, value, count(*) as received_count,
    count(*) filter (is_complaint) as complaint_count,
    count(*) filter (reply_status = 'in_time') as in_time, count(*) filter (reply_status = 'breached') as breached,
    count(*) filter (reply_status = 'not_yet_due') as not_yet_due,
    count(*) filter (reply_status = 'undeterminable') as undeterminable,
    count(*) filter (working_reply_status = 'in_time') as working_in_time,
    count(*) filter (working_reply_status = 'breached') as working_breached,
    count(*) filter (working_reply_status = 'undeterminable') as working_undeterminable,
    count(reply_seconds) as reply_count, sum(reply_seconds) as reply_sum,
    count(*) filter (is_closed) as closed_count, count(*) filter (is_closed and is_informed) as informed_count,
    count(*) filter (is_closed and is_informed is not null) as known_informed_count,
    count(*) filter (is_recurrence) as recurrence_count,
    count(*) filter (is_repeated_problem) as repeated_problem_count
from complaint_parts
group by all;

create temp macro region_or_all(code) as case when code = 14 then 'all' else region_of(code) end;
create temp macro segment_or_all(code) as case when code = 14 then 'all' else segment_of(code) end;

create table rpt_complaint_pareto as
with counted as (
    select
        month, case when grouping(region) = 1 then 14 else region end as region,
        case when grouping(segment) = 1 then 14 else segment end as segment, value, sum(complaint_count) as complaint_count
    from complaint_cells
    where value >> 6 = 2 and complaint_count > 0
    group by month, value, cube (region, segment)
),
ranked as (
    select
        month_date(month) as month_start, region_or_all(region) as region, segment_or_all(segment) as segment,
        breakdown_value as category, row_number() over ranking as category_rank, complaint_count,
        sum(complaint_count) over ranking as cumulative_complaint_count,
        sum(complaint_count) over (partition by month, region, segment) as all_complaint_count
    from counted
    inner join complaint_values using (value)
    window ranking as (
        partition by month, region, segment order by complaint_count desc, breakdown_value
        rows between unbounded preceding and current row
    )
)
select
    *, share(complaint_count, all_complaint_count) as share,
    share(cumulative_complaint_count, all_complaint_count) as cumulative_share,
    case
        when category_rank = 1 then 'A'
        when share(cumulative_complaint_count, all_complaint_count) <= threshold('pareto_a_share') then 'A'
        when share(cumulative_complaint_count, all_complaint_count) <= threshold('pareto_b_share') then 'B'
        else 'C'
    end as pareto_class
from ranked;

create table rpt_complaints as
with counted as (
    select
        month, case when grouping(region) = 1 then 14 else region end as region,
        case when grouping(segment) = 1 then 14 else segment end as segment, value,
        sum(columns(* exclude (month, region, segment, value)))
    from complaint_cells
    group by month, value, cube (region, segment)
),
middles as (
    select
        month, case when grouping(place & 7) = 1 then 14 else place & 7 end as region,
        case when grouping(place >> 3) = 1 then 14 else place >> 3 end as segment, value,
        quantile_cont(reply_seconds, [0.5, 0.9]) as reply_quantiles,
        quantile_cont(working_reply_seconds, 0.5) as median_working_seconds
    from complaint_parts
    where reply_seconds is not null
    group by month, value, cube (place & 7, place >> 3)
),
moves as (
    select
        month, case when grouping(region) = 1 then 14 else region end as region,
        case when grouping(segment) = 1 then 14 else segment end as segment, value, sum(opened) as opened
    from (
        select month, region, segment, value, received_count as opened from complaint_cells
        union all
        select closed_month, place & 7, place >> 3, value, -count(*) from complaint_parts where is_closed group by all
    )
    group by month, value, cube (region, segment)
),
order_counts as (
    select
        month, case when grouping(region) = 1 then 'all' else region end as region,
        case when grouping(segment) = 1 then 'all' else segment end as segment, sum(order_count) as order_count
    from order_cells
    group by month, cube (region, segment)
),
filled as (
    select
        months.month, cells.*, counted.* exclude (month, region, segment, value), middles.reply_quantiles,
        middles.median_working_seconds, order_counts.order_count,
        sum(coalesce(moves.opened, 0)) over (
            partition by cells.region, cells.segment, cells.value order by months.month
            rows between unbounded preceding and current row
        ) as open_backlog_count
    from (select distinct region, segment, value from counted) as cells
    cross join (
        select unnest(range((select min(month)::bigint from complaints), getvariable('last_month') + 1)) as month
    ) as months
    left join counted using (month, region, segment, value)
    left join middles using (month, region, segment, value)
    left join moves using (month, region, segment, value)
    left join order_counts
        on months.month = order_counts.month and region_or_all(cells.region) = order_counts.region
        and segment_or_all(cells.segment) = order_counts.segment
),
charted as (
    select
        *, share(coalesce(complaint_count, 0) * 1000, order_count) as per_1000_orders,
        case when order_count > 0 then share(
            sum(case when order_count > 0 then coalesce(complaint_count, 0) end) over chart * 1000, sum(order_count) over chart
        ) end as center
    from filled
    window chart as (partition by region, segment, value)
),
limited as (
    select
        *, case when center is not null and order_count > 0 then
            greatest(center - threshold('control_limit_sigmas') * sqrt(center * 1000 / order_count), 0)
        end as lower_limit,
        center + threshold('control_limit_sigmas') * sqrt(center * 1000 / order_count) as upper_limit
    from charted
    where coalesce(received_count, 0) > 0 or open_backlog_count > 0 or value = 0
)
select
    month_date(month) as month_start, region_or_all(region) as region, segment_or_all(segment) as segment, breakdown,
    breakdown_value, coalesce(received_count, 0) as received_count, coalesce(complaint_count, 0) as complaint_count,
    coalesce(in_time + breached, 0) as due_count, coalesce(in_time, 0) as replied_in_time_count,
    coalesce(breached, 0) as breached_count, coalesce(not_yet_due, 0) as not_yet_due_count,
    coalesce(undeterminable, 0) as undeterminable_count, share(in_time, in_time + breached) as attainment_rate,
    low(in_time, in_time + breached) as attainment_rate_low, high(in_time, in_time + breached) as attainment_rate_high,
    coalesce(working_in_time, 0) as working_replied_in_time_count, coalesce(working_breached, 0) as working_breached_count,
    coalesce(working_undeterminable, 0) as working_undeterminable_count,
    share(working_in_time, working_in_time + working_breached) as working_attainment_rate,
    low(working_in_time, working_in_time + working_breached) as working_attainment_rate_low,
    high(working_in_time, working_in_time + working_breached) as working_attainment_rate_high,
    0 as declared_in_time_count, case when received_count > 0 then 'measured' else 'none' end as clock_basis,
    reply_quantiles[1] / 3600 as median_reply_hours, reply_quantiles[2] / 3600 as p90_reply_hours,
    round(reply_sum / reply_count / 3600, 9) as mean_reply_hours, median_working_seconds / 3600 as median_working_reply_hours,
    coalesce(closed_count, 0) as closed_count, coalesce(informed_count, 0) as closed_and_informed_count, open_backlog_count,
    case when known_informed_count > 0 then share(informed_count, closed_count) end as closed_loop_rate,
    case when known_informed_count > 0 then low(informed_count, closed_count) end as closed_loop_rate_low,
    case when known_informed_count > 0 then high(informed_count, closed_count) end as closed_loop_rate_high,
    coalesce(recurrence_count, 0) as recurrence_count, coalesce(repeated_problem_count, 0) as repeated_problem_count,
    coalesce(order_count, 0) as order_count, per_1000_orders as complaints_per_1000_orders, center as control_center,
    lower_limit as control_lower, upper_limit as control_upper,
    per_1000_orders > upper_limit or per_1000_orders < lower_limit as is_out_of_control
from limited
inner join complaint_values using (value);

-- step: surveys

create temp table invitation_rows as
select
    cast(substr("邀请编号", 2) as integer) as invitation, cast(month_number("发送日期") as smallint) as month,
    coalesce("结果" <> '未送达', true) as is_delivered,
    cast(enum_code("区域") + enum_code("客户类型") * 8 as utinyint) as place
from read_csv(
    getvariable('landing') || '/*_survey_invitations.csv', header = true, auto_detect = false, dateformat = '%Y年%m月%d日',
    columns = {
        '邀请编号': 'VARCHAR', '调查编号': 'VARCHAR', '客户编号': 'VARCHAR', '联系电话': 'VARCHAR', '发送日期': 'DATE',
        '方式': 'VARCHAR', '结果': 'VARCHAR', '区域': 'region_name', '客户类型': 'segment_name', '部门': 'VARCHAR'
    }
);

-- A level nobody knows waits: such lines are passed over.
create temp table response_rows as
select
    response_id, cast(substr(response_id, 2) as integer) as response, cast(substr(invitation_id, 2) as integer) as invitation,
    customer_id, cast(left(answered_at, 19) as timestamp) as answered_at,
    technology_score, quality_score, service_score, delivery_score, price_score, overall_score, recommend_score,
    duration_seconds, cast(enum_code(region) + enum_code(segment) * 8 as utinyint) as place, department
from read_csv(
    getvariable('landing') || '/*_survey_responses.csv', header = true, auto_detect = false, ignore_errors = true,
    columns = {
        'response_id': 'VARCHAR', 'invitation_id': 'VARCHAR', 'customer_id': 'VARCHAR', 'order_id': 'VARCHAR',
        'answered_at': 'VARCHAR', 'mode': 'VARCHAR', 'technology_score': 'TINYINT', 'quality_score': 'TINYINT',
        'service_score': 'TINYINT', 'delivery_score': 'TINYINT', 'price_score': 'TINYINT', 'overall_score': 'TINYINT',
        'recommend_score': 'TINYINT', 'duration_seconds': 'INTEGER', 'region': 'region_name',
        'segment': 'segment_code', 'department': 'showroom_name'
    }
);

-- The weights of the five items; the question about everything stands in for them only where none was answered, and
-- here every form that came back answers all of them or waits.
set variable weights = (
    select list(weight order by array_position(['technology', 'quality', 'service', 'delivery', 'price'], item))
    from satisfaction_items
    where not is_overall
);
create temp macro weighted_mean(technology, quality, service, delivery, price) as round(
    (
        getvariable('weights')[1] * technology + getvariable('weights')[2] * quality + getvariable('weights')[3] * service
        + getvariable('weights')[4] * delivery + getvariable('weights')[5] * price
    ) / list_sum(getvariable('weights')), 9
);
set variable excluded = (select map(list(flag), list(is_excluded)) from answer_quality_flags);

create temp table responses as
with again as (select response, max(rowid) as newest from response_rows group by response having count(*) > 1),
repeated as (
    select invitation, max((epoch(answered_at)::bigint << 32) + response) as last
    from response_rows
    group by invitation
    having count(*) > 1
),
flagged as (
    select
        response_rows.*,
        cast(month_number(answered_at) as smallint) as month,
        weighted_mean(technology_score, quality_score, service_score, delivery_score, price_score) / 5 * 100 as satisfaction_score,
        6 >= threshold('survey_straight_lining_items') and technology_score = quality_score
            and technology_score = service_score and technology_score = delivery_score and technology_score = price_score
            and technology_score = overall_score as is_straight_lining,
        coalesce(duration_seconds < threshold('survey_minimum_seconds'), false) as is_too_fast,
        coalesce((epoch(answered_at)::bigint << 32) + response < repeated.last, false) as is_duplicate
    from response_rows
    left join again using (response)
    left join repeated using (invitation)
    where again.newest is null or again.newest = response_rows.rowid
)
select
    *,
    not (is_straight_lining and getvariable('excluded')['straight_lining'])
    and not (is_too_fast and getvariable('excluded')['too_fast'])
    and not (is_duplicate and getvariable('excluded')['duplicate_respondent']) as is_valid
from flagged;

create temp table invitations as
with again as (select invitation, max(rowid) as newest from invitation_rows group by invitation having count(*) > 1)
select
    month, place, is_delivered, invitation in (select invitation from responses where is_valid) as is_answered, count(*) as n
from invitation_rows
left join again using (invitation)
where again.newest is null or again.newest = invitation_rows.rowid
group by all;

-- step: reports satisfaction

create temp table item_cells as
with cells as (
    select
        month, region_of(place) as region, segment_of(place >> 3) as segment, unnest([
            {'item': 'technology', 'score': technology_score}, {'item': 'quality', 'score': quality_score},
            {'item': 'service', 'score': service_score}, {'item': 'delivery', 'score': delivery_score},
            {'item': 'price', 'score': price_score}, {'item': 'overall', 'score': overall_score}
        ]) as answer, n
    from (
        select
            month, place, technology_score, quality_score, service_score, delivery_score, price_score, overall_score,
            count(*) as n
        from responses
        where is_valid
        group by all
    )
),
counted as (
    select month, region, segment, answer.item as item, answer.score as score, sum(n) as n from cells group by all
)
select
    month, case when grouping(region) = 1 then 'all' else region end as region,
    case when grouping(segment) = 1 then 'all' else segment end as segment, item, score, not any_value(is_overall) as is_counted,
    sum(n) as n
from counted
inner join satisfaction_items using (item)
group by month, item, score, cube (region, segment);

create table rpt_satisfaction_items as
with counted as (
    select
        month, region, segment, item, max(weight) as weight, sum(n) as answered_count,
        coalesce(sum(n) filter (is_counted), 0) as scored_count, sum(n * score) as score_sum, sum(n * score * score) as square_sum,
        coalesce(sum(n) filter (score >= 4), 0) as top_two_count, coalesce(sum(n) filter (score = 5), 0) as level_5_count,
        coalesce(sum(n) filter (score = 4), 0) as level_4_count, coalesce(sum(n) filter (score = 3), 0) as level_3_count,
        coalesce(sum(n) filter (score = 2), 0) as level_2_count, coalesce(sum(n) filter (score = 1), 0) as level_1_count
    from item_cells
    inner join satisfaction_items using (item)
    group by all
),
measured as (
    select
        *, share(score_sum, answered_count) as item_mean,
        case when answered_count > 1 then
            round(sqrt((square_sum - score_sum::double ^ 2 / answered_count) / (answered_count - 1)), 9)
        end as item_deviation
    from counted
)
select
    month_date(month) as month_start, region, segment, item, answered_count, item_mean,
    greatest(item_mean - 1.96 * item_deviation / sqrt(answered_count), 1) as item_mean_low,
    least(item_mean + 1.96 * item_deviation / sqrt(answered_count), 5) as item_mean_high,
    top_two_count, share(top_two_count, answered_count) as top_two_rate, low(top_two_count, answered_count) as top_two_rate_low,
    high(top_two_count, answered_count) as top_two_rate_high, weight, scored_count, level_5_count, level_4_count,
    level_3_count, level_2_count, level_1_count, item_mean < threshold('satisfaction_item_minimum') as is_below_minimum
from measured;

create table rpt_satisfaction as
with scores as (
    select
        month, region, segment, round(sum(weight * item_mean) / nullif(sum(weight), 0), 9) as weighted_mean,
        sum(scored_answer_count) as scored_answer_count, sum(top_two_count) as top_two_count
    from (
        select
            month, region, segment, item, max(weight) as weight, share(sum(n * score), sum(n)) as item_mean,
            sum(n) as scored_answer_count, coalesce(sum(n) filter (score >= 4), 0) as top_two_count
        from item_cells
        inner join satisfaction_items using (item)
        where is_counted
        group by all
    )
    group by all
),
returned as (
    select
        month, case when grouping(place & 7) = 1 then 'all' else region_of(place & 7) end as region,
        case when grouping(place >> 3) = 1 then 'all' else segment_of(place >> 3) end as segment, count(*) as returned_count,
        count(*) filter (is_valid) as response_count,
        count(*) filter (is_straight_lining or is_too_fast or is_duplicate) as flagged_count,
        count(satisfaction_score) filter (is_valid) as scored_count,
        stddev_samp(satisfaction_score) filter (is_valid) as deviation,
        count(recommend_score) filter (is_valid) as recommend_count,
        count(*) filter (is_valid and recommend_score >= 9) as promoter_count,
        count(*) filter (is_valid and recommend_score <= 6) as detractor_count
    from responses
    group by month, cube (place & 7, place >> 3)
),
invited as (
    select
        month, case when grouping(place & 7) = 1 then 'all' else region_of(place & 7) end as region,
        case when grouping(place >> 3) = 1 then 'all' else segment_of(place >> 3) end as segment,
        sum(n) as invitation_count, coalesce(sum(n) filter (is_delivered), 0) as delivered_count,
        coalesce(sum(n) filter (is_delivered and is_answered), 0) as answered_count
    from invitations
    group by month, cube (place & 7, place >> 3)
),
joined as (
    select
        month, region, segment, weighted_mean, weighted_mean / 5 * 100 as score,
        round(1.96 * deviation / sqrt(nullif(scored_count, 0)), 9) as margin,
        coalesce(scored_answer_count, 0) as scored_answer_count, coalesce(top_two_count, 0) as top_two_count,
        coalesce(returned_count, 0) as returned_count, coalesce(response_count, 0) as response_count,
        coalesce(flagged_count, 0) as flagged_count, coalesce(recommend_count, 0) as recommend_count,
        coalesce(promoter_count, 0) as promoter_count, coalesce(detractor_count, 0) as detractor_count,
        coalesce(invitation_count, 0) as invitation_count, coalesce(delivered_count, 0) as delivered_count,
        coalesce(answered_count, 0) as answered_count,
        share(promoter_count - detractor_count, recommend_count) as net,
        1.96 * sqrt(greatest(
            share(promoter_count + detractor_count, recommend_count) - share(promoter_count - detractor_count, recommend_count) ^ 2, 0
        ) / nullif(recommend_count, 0)) as net_margin
    from returned
    full join invited using (month, region, segment)
    left join scores using (month, region, segment)
)
select
    month_date(month) as month_start, region, segment, returned_count, response_count, flagged_count as flagged_response_count,
    invitation_count, delivered_count as invitation_delivered_count, answered_count as invitation_answered_count,
    share(answered_count, delivered_count) as response_rate, low(answered_count, delivered_count) as response_rate_low,
    high(answered_count, delivered_count) as response_rate_high, threshold('response_rate_target') as target_response_rate,
    score as satisfaction_score,
    greatest(score - margin, 20) as satisfaction_score_low, least(score + margin, 100) as satisfaction_score_high,
    (weighted_mean - 1) / 4 * 100 as rescaled_score, scored_answer_count, top_two_count,
    share(top_two_count, scored_answer_count) as top_two_rate, low(top_two_count, scored_answer_count) as top_two_rate_low,
    high(top_two_count, scored_answer_count) as top_two_rate_high, recommend_count, promoter_count, detractor_count,
    net * 100 as net_promoter_score, greatest(net - net_margin, -1) * 100 as net_promoter_score_low,
    least(net + net_margin, 1) * 100 as net_promoter_score_high, threshold('satisfaction_target_score') as target_score,
    round(score, 9) < threshold('satisfaction_target_score') as is_below_target
from joined;

-- A customer's forms of one month are one opinion; most customers send one, and most forms call for nothing.
create table rpt_satisfaction_triggers as
with several as (
    select customer_id, month from responses where is_valid group by customer_id, month having count(*) > 1
),
opinions as (
    select
        responses.month, responses.customer_id, response_id, place, department, technology_score as technology,
        quality_score as quality, service_score as service, delivery_score as delivery, price_score as price,
        overall_score as overall
    from responses
    anti join several on responses.customer_id = several.customer_id and responses.month = several.month
    where is_valid and (
        satisfaction_score < threshold('satisfaction_target_score')
        or least(technology_score, quality_score, service_score, delivery_score, price_score, overall_score)
            < threshold('satisfaction_item_minimum')
    )
    union all
    select
        responses.month, responses.customer_id, max(response_id), any_value(place), max(department::varchar)::showroom_name,
        avg(technology_score), avg(quality_score), avg(service_score), avg(delivery_score), avg(price_score),
        avg(overall_score)
    from responses
    inner join several on responses.customer_id = several.customer_id and responses.month = several.month
    where is_valid
    group by all
),
judged as (
    select
        *, round(weighted_mean(technology, quality, service, delivery, price) / 5 * 100, 9) as score,
        region_of(place) as region, segment_of(place >> 3) as segment
    from opinions
)
select
    month_date(month) as month_start, response_id as response_key, 'customer' as scope, 'index_below_target' as trigger_code,
    'all' as item, score as value, threshold('satisfaction_target_score') as threshold, customer_id as customer_key,
    region, segment, department::varchar as department
from judged
where score < threshold('satisfaction_target_score')
union all
select
    month_date(month), response_id, 'customer', 'item_below_minimum', answer.item, answer.mean,
    threshold('satisfaction_item_minimum'), customer_id, region, segment, department
from (
    select *, unnest([
        {'item': 'technology', 'mean': technology}, {'item': 'quality', 'mean': quality},
        {'item': 'service', 'mean': service}, {'item': 'delivery', 'mean': delivery},
        {'item': 'price', 'mean': price}, {'item': 'overall', 'mean': overall}
    ]) as answer
    from judged
)
where round(answer.mean, 9) < threshold('satisfaction_item_minimum')
union all
select
    month_start, 'all', 'overall', 'index_below_target', 'all', satisfaction_score, target_score, null, region, segment, 'all'
from rpt_satisfaction
where region = 'all' and segment = 'all' and round(satisfaction_score, 9) < target_score
union all
select
    month_start, 'all', 'overall', 'item_below_minimum', item, item_mean, threshold('satisfaction_item_minimum'), null,
    region, segment, 'all'
from rpt_satisfaction_items
where region = 'all' and segment = 'all' and round(item_mean, 9) < threshold('satisfaction_item_minimum');

-- step: report monthly summary

create table rpt_monthly_summary as
with figures (
    month_start, region, segment, value, numerator, denominator, base_count, low, high, target_value,
    metric, section, sort_order, report, report_column, unit, change_kind, test_kind
) as (
    select
        month_start, region, segment, sales_amount, null, null, null, null, null, target_amount, 'sales_amount',
        'sales', 1, 'rpt_monthly_sales', 'sales_amount', 'currency', 'relative', 'none'
    from rpt_monthly_sales
    where breakdown = 'total'
    union all
    select
        month_start, region, segment, target_attainment_rate, sales_amount, target_amount, target_amount, null, null,
        null, 'target_attainment_rate', 'sales', 2, 'rpt_monthly_sales', 'target_attainment_rate', 'percent', 'points',
        'none'
    from rpt_monthly_sales
    where breakdown = 'total'
    union all
    select
        month_start, region, segment, year_to_date_sales_amount, null, null, null, null, null,
        year_to_date_target_amount, 'year_to_date_sales_amount', 'sales', 3, 'rpt_monthly_sales',
        'year_to_date_sales_amount', 'currency', 'relative', 'none'
    from rpt_monthly_sales
    where breakdown = 'total'
    union all
    select
        month_start, region, segment, year_to_date_attainment_rate, year_to_date_sales_amount,
        year_to_date_target_amount, year_to_date_target_amount, null, null, null, 'year_to_date_attainment_rate',
        'sales', 4, 'rpt_monthly_sales', 'year_to_date_attainment_rate', 'percent', 'points', 'none'
    from rpt_monthly_sales
    where breakdown = 'total'
    union all
    select
        month_start, region, segment, order_count, null, null, null, null, null, null, 'order_count', 'sales', 5,
        'rpt_monthly_sales', 'order_count', 'count', 'relative', 'none'
    from rpt_monthly_sales
    where breakdown = 'total'
    union all
    select
        month_start, region, segment, average_order_amount, sales_amount, order_count, order_count, null, null, null,
        'average_order_amount', 'sales', 6, 'rpt_monthly_sales', 'average_order_amount', 'currency', 'relative',
        'none'
    from rpt_monthly_sales
    where breakdown = 'total'
    union all
    select
        month_start, region, segment, new_product_share, new_product_sales_amount, sales_amount, sales_amount, null,
        null, null, 'new_product_share', 'sales', 7, 'rpt_monthly_sales', 'new_product_share', 'percent', 'points',
        'none'
    from rpt_monthly_sales
    where breakdown = 'total'
    union all
    select
        month_start, region, segment, penetration_rate, own_customer_count, market_customer_count,
        market_customer_count, null, null, null, 'penetration_rate', 'sales', 8, 'rpt_monthly_sales',
        'penetration_rate', 'percent', 'points', 'none'
    from rpt_monthly_sales
    where breakdown = 'total'
    union all
    select
        month_start, region, segment, market_share, null, null, null, null, null, null, 'market_share', 'sales', 9,
        'rpt_monthly_sales', 'market_share', 'percent', 'points', 'none'
    from rpt_monthly_sales
    where breakdown = 'total'
    union all
    select
        month_start, region, segment, visit_count, null, null, null, null, null, null, 'visit_count', 'visitors', 10,
        'rpt_showroom_traffic', 'visit_count', 'count', 'relative', 'none'
    from rpt_showroom_traffic
    where breakdown = 'total'
    union all
    select
        month_start, region, segment, share_of_known, visit_count, known_count, known_count, null, null, null,
        'first_visit_share', 'visitors', 11, 'rpt_showroom_traffic', 'share_of_known', 'percent', 'points',
        'proportion'
    from rpt_showroom_traffic
    where breakdown = 'visit_order' and breakdown_value = 'first'
    union all
    select
        month_start, region, segment, contact_left_rate, contact_left_count, visit_count, visit_count,
        contact_left_rate_low, contact_left_rate_high, null, 'contact_left_rate', 'visitors', 12,
        'rpt_showroom_traffic', 'contact_left_rate', 'percent', 'points', 'proportion'
    from rpt_showroom_traffic
    where breakdown = 'total'
    union all
    select
        month_start, region, segment, close_rate, order_count, visit_count, visit_count, close_rate_low,
        close_rate_high, null, 'close_rate', 'visitors', 13, 'rpt_showroom_traffic', 'close_rate', 'percent', 'points',
        'proportion'
    from rpt_showroom_traffic
    where breakdown = 'total'
    union all
    select
        month_start, region, segment, overall_rate, lead_count, all_lead_count, all_lead_count, overall_rate_low,
        overall_rate_high, null, 'lead_order_rate', 'funnel', 14, 'rpt_funnel', 'overall_rate', 'percent', 'points',
        'proportion'
    from rpt_funnel
    where step = 'order' and source_channel = 'all' and step_window = '90_days'
    union all
    select
        month_start, region, segment, active_customer_count, null, null, null, null, null, null,
        'active_customer_count', 'customers', 15, 'rpt_customers', 'active_customer_count', 'count', 'relative',
        'none'
    from rpt_customers
    union all
    select
        month_start, region, segment, first_customer_count, null, null, null, null, null, null, 'first_customer_count',
        'customers', 16, 'rpt_customers', 'first_customer_count', 'count', 'relative', 'none'
    from rpt_customers
    union all
    select
        month_start, region, segment, repeat_rate, repeat_customer_count, active_customer_count, active_customer_count,
        repeat_rate_low, repeat_rate_high, null, 'repeat_rate', 'customers', 17, 'rpt_customers', 'repeat_rate',
        'percent', 'points', 'proportion'
    from rpt_customers
    union all
    select
        month_start, region, segment, complaint_count, null, null, null, null, null, null, 'complaint_count',
        'complaints', 18, 'rpt_complaints', 'complaint_count', 'count', 'relative', 'none'
    from rpt_complaints
    where breakdown = 'total'
    union all
    select
        month_start, region, segment, attainment_rate, replied_in_time_count, replied_in_time_count + breached_count,
        replied_in_time_count + breached_count, attainment_rate_low, attainment_rate_high, null,
        'complaint_attainment_rate', 'complaints', 19, 'rpt_complaints', 'attainment_rate', 'percent', 'points',
        'proportion'
    from rpt_complaints
    where breakdown = 'total'
    union all
    select
        month_start, region, segment, complaints_per_1000_orders, complaint_count, order_count, order_count, null,
        null, null, 'complaints_per_1000_orders', 'complaints', 20, 'rpt_complaints', 'complaints_per_1000_orders',
        'ratio', 'difference', 'none'
    from rpt_complaints
    where breakdown = 'total'
    union all
    select
        month_start, region, segment, satisfaction_score, null, null, response_count, satisfaction_score_low,
        satisfaction_score_high, target_score, 'satisfaction_score', 'satisfaction', 21, 'rpt_satisfaction',
        'satisfaction_score', 'score', 'difference', 'interval'
    from rpt_satisfaction
    union all
    select
        month_start, region, segment, net_promoter_score, promoter_count - detractor_count, recommend_count,
        recommend_count, net_promoter_score_low, net_promoter_score_high, null, 'net_promoter_score', 'satisfaction',
        22, 'rpt_satisfaction', 'net_promoter_score', 'score', 'difference', 'interval'
    from rpt_satisfaction
    union all
    select
        month_start, region, segment, response_rate, invitation_answered_count, invitation_delivered_count,
        invitation_delivered_count, response_rate_low, response_rate_high, target_response_rate, 'response_rate',
        'satisfaction', 23, 'rpt_satisfaction', 'response_rate', 'percent', 'points', 'proportion'
    from rpt_satisfaction
),
compared as (
    select
        this.*, previous.value as previous_value, last_year.value as last_year_value,
        case when this.change_kind = 'relative' then growth(this.value, previous.value) else this.value - previous.value end
            as previous_change,
        case when this.change_kind = 'relative' then growth(this.value, last_year.value) else this.value - last_year.value end
            as last_year_change,
        case this.test_kind
            when 'proportion' then differ(this.numerator, this.denominator, previous.numerator, previous.denominator)
            when 'interval' then abs(this.value - previous.value)
                > sqrt(((this.high - this.low) / 2) ^ 2 + ((previous.high - previous.low) / 2) ^ 2)
        end as previous_change_is_significant,
        case this.test_kind
            when 'proportion' then differ(this.numerator, this.denominator, last_year.numerator, last_year.denominator)
            when 'interval' then abs(this.value - last_year.value)
                > sqrt(((this.high - this.low) / 2) ^ 2 + ((last_year.high - last_year.low) / 2) ^ 2)
        end as last_year_change_is_significant
    from figures as this
    left join figures as previous
        on this.metric = previous.metric and this.region = previous.region and this.segment = previous.segment
        and previous.month_start = cast(this.month_start - interval 1 month as date)
    left join figures as last_year
        on this.metric = last_year.metric and this.region = last_year.region and this.segment = last_year.segment
        and last_year.month_start = cast(this.month_start - interval 12 month as date)
)
select
    month_start, region, segment, metric, section, sort_order, report, report_column, value, numerator, denominator, low, high,
    previous_value, previous_change, change_kind as previous_change_kind, previous_change_is_significant, last_year_value,
    last_year_change, last_year_change_is_significant, target_value, unit,
    case
        when value is null then 'not_available'
        when test_kind <> 'none' and base_count < threshold('small_base') then 'small_base'
        when case when unit = 'percent' then 100 else 1 end * (high - low) / 2 > threshold('wide_interval_points')
            then 'wide_interval'
        else 'ok'
    end as value_status
from compared
where month_start <= getvariable('as_of_date');
