"""Events as the tables departments keep: their headers, their codes, their ways to write a name or a number.

Belongs here: one function a table, from events to a frame of text cells with the department's own headers.
Does not belong here: how a table becomes a file (files.py), what is wrong on purpose (faults.py).
"""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl

from pipelines.sample import company
from pipelines.sample.events import Events, Frame

SEGMENTS = {"individual": "个人", "corporate": "企业", "fleet": "车队", "government": "政府"}
SALES_CHANNELS = {"showroom": "展厅", "online": "网上", "direct": "直销"}
STATUSES = {"paid": "已付款", "delivered": "已交付", "cancelled": "已取消"}
LINE_TYPES = {"sale": "销售", "refund": "退款", "gift": "赠品"}
PAYMENT_KINDS = {"deposit": "定金", "balance": "尾款", "full": "全款"}
PAYMENT_METHODS = ("银行转账", "刷卡", "微信支付")
COMPLAINT_KINDS = {code: name for code, name, _ in company.COMPLAINT_KINDS}
ISSUES = {
    "product_quality": ("异响", "Rattling noise"),
    "after_sales_support": ("维修等待过长", "Repair takes too long"),
    "service_attitude": ("接待不周", "Impolite reception"),
    "delivery": ("交车延期", "Late handover"),
    "price": ("报价不一致", "Quote and bill differ"),
}

REGION = {index: showroom.region for index, showroom in enumerate(company.SHOWROOMS)}
SHOWROOM = {index: showroom.name for index, showroom in enumerate(company.SHOWROOMS)}


# ---------------------------------------------------------------- small expressions


def pick(column: str, values: tuple[str, ...] | list[str]) -> pl.Expr:
    """The value at the index held in `column`."""
    return pl.col(column).replace_strict(dict(enumerate(values)), return_dtype=pl.String)


def person_name(column: str = "person") -> pl.Expr:
    """An invented name, always the same for the same person; a group's name for a number below zero."""
    number = pl.col(column).cast(pl.Int64)
    surname = (number % len(company.SURNAMES)).replace_strict(dict(enumerate(company.SURNAMES)), default="王")
    given = (number // 7 % len(company.GIVEN_NAMES)).replace_strict(
        dict(enumerate(company.GIVEN_NAMES)), default="晓星"
    )
    group = ((-number - 1) % len(company.GROUPS)).replace_strict(
        dict(enumerate(company.GROUPS)), default=None, return_dtype=pl.String
    )
    return pl.when(number < 0).then(group).otherwise(surname + given)


def employer(column: str = "person") -> pl.Expr:
    """The invented company that a corporate visitor works for."""
    number = pl.col(column).cast(pl.Int64)
    name = (number % len(company.EMPLOYER_NAMES)).replace_strict(dict(enumerate(company.EMPLOYER_NAMES)))
    trade = (number % len(company.EMPLOYER_TRADES)).replace_strict(dict(enumerate(company.EMPLOYER_TRADES)))
    return name + trade


def person_phone(column: str = "person") -> pl.Expr:
    """An invented mobile number, one a person: 138 0000 0000 and upwards, over five prefixes."""
    number = pl.col(column).cast(pl.Int64)
    count = len(company.PHONE_PREFIXES)
    prefix = (number.abs() % count).replace_strict(dict(enumerate(company.PHONE_PREFIXES)), return_dtype=pl.String)
    serial = (number.abs() // count + pl.when(number < 0).then(90_000_000).otherwise(0)).cast(pl.String)
    return prefix + serial.str.zfill(8)


def customer_id(column: str = "person") -> pl.Expr:
    number = pl.col(column).cast(pl.Int64)
    return (
        pl.when(number < 0)
        .then(pl.lit("G") + number.abs().cast(pl.String).str.zfill(3))
        .otherwise(pl.lit("C") + number.cast(pl.String).str.zfill(6))
    )


def order_id(column: str = "order") -> pl.Expr:
    return pl.lit("XH") + pl.col(column).cast(pl.String).str.zfill(7)


def clock(minutes: pl.Expr) -> pl.Expr:
    """Minutes of the day as 09:05."""
    return (minutes // 60).cast(pl.String).str.zfill(2) + ":" + (minutes % 60).cast(pl.String).str.zfill(2)


def day_text(column: str, style: str = "%Y-%m-%d") -> pl.Expr:
    return pl.col(column).dt.to_string(style)


def yes_no(column: str) -> pl.Expr:
    return pl.when(column).then(pl.lit("是")).otherwise(pl.lit("否"))


def within(column: str, months: tuple[date, ...]) -> pl.Expr:
    return pl.col(column).dt.truncate("1mo").cast(pl.Date).is_in(list(months))


# ---------------------------------------------------------------- tables


def is_name_left() -> pl.Expr:
    """Of visits: who left neither phone nor e-mail, but came for a company and said its name and the own."""
    return pl.col("is_corporate") & ~pl.col("is_contact_left") & pl.col("is_marked")


def visits_for_companies(events: Events, showroom: int, months: tuple[date, ...]) -> Frame:
    """A register that asks whom a visitor comes for: some leave that and their name, but no phone."""
    table = visits(events, showroom, months)
    rows = events.visits.filter(within("visited_date", months) & (pl.col("showroom") == showroom))
    said = rows.select(
        pl.when(is_name_left()).then(person_name()).alias("name"),
        pl.when(pl.col("is_corporate") & (pl.col("is_contact_left") | is_name_left()))
        .then(employer())
        .alias("单位名称"),
    )
    named = table.with_columns(pl.coalesce("客户姓名", said["name"]).alias("客户姓名"))
    return named.insert_column(2, said["单位名称"])


def visits(events: Events, showroom: int | None, months: tuple[date, ...]) -> Frame:
    """A visitors' register; whoever left no contact data has neither name nor phone."""
    rows = events.visits.filter(within("visited_date", months))
    if showroom is not None:
        rows = rows.filter(pl.col("showroom") == showroom)
    consultants = [
        person for place in company.SHOWROOMS for person in (place.consultants * 3)[:6]
    ]  # six places for each showroom
    has_contact = pl.col("is_contact_left")
    return rows.select(
        pl.col("visited_date").alias("日期"),
        pl.when(has_contact).then(person_name()).alias("客户姓名"),
        pl.when(has_contact).then(person_phone()).alias("联系电话"),
        clock(pl.col("arrival_minute")).alias("来店时间"),
        clock(pl.col("arrival_minute") + pl.col("stay_minutes")).alias("离店时间"),
        pl.col("companions").cast(pl.String).alias("同行人数"),
        pl.when("is_phone_in").then(pl.lit("来电")).otherwise(pl.lit("来店")).alias("来访方式"),
        pick("car", [car.name for car in company.CARS]).alias("意向车型"),
        pl.when("is_channel_known").then(pick("channel", [c.name for c in company.CHANNELS])).alias("信息来源"),
        pl.when("is_level_known").then(pick("level", [item.code for item in company.LEVELS])).alias("意向级别"),
        pl.when("is_marked").then(pl.when("is_first").then(pl.lit("F")).otherwise(pl.lit("S"))).alias("首次/再次"),
        yes_no("is_test_drive").alias("是否试驾"),
        yes_no("is_quote_given").alias("是否报价"),
        (pl.col("showroom") * 6 + pl.col("consultant"))
        .replace_strict(dict(enumerate(consultants)), return_dtype=pl.String)
        .alias("销售顾问"),
        pl.when("is_corporate").then(pl.lit("企业")).otherwise(pl.lit("个人")).alias("客户类型"),
        pick("showroom", list(REGION.values())).alias("区域"),
        pick("showroom", list(SHOWROOM.values())).alias("展厅"),
    )


def joined_lines(events: Events) -> Frame:
    """Lines with what their order says."""
    return events.lines.rename({"ordered_date": "line_date"}).join(events.orders, on="order", how="left")


def sales(events: Events, kinds: tuple[str, ...], months: tuple[date, ...]) -> Frame:
    """Order lines of showrooms and the wholesale desk: everything in one sheet, as people keep it."""
    return sales_sheet(joined_lines(events).filter(pl.col("kind").is_in(kinds) & within("line_date", months)))


def sales_sheet(rows: Frame) -> Frame:
    names, categories = [p.name for p in company.PRODUCTS], [p.category for p in company.PRODUCTS]
    return rows.select(
        order_id().alias("订单编号"),
        pl.col("line_number").cast(pl.String).alias("行号"),
        pl.when(pl.col("line_date") == pl.col("ordered_date"))
        .then(day_text("ordered_at", "%Y-%m-%d %H:%M"))
        .otherwise(day_text("line_date", "%Y-%m-%d 10:00"))
        .alias("下单时间"),
        customer_id().alias("客户编号"),
        person_name().alias("客户姓名"),
        person_phone().alias("联系电话"),
        pick("product", [p.product_id for p in company.PRODUCTS]).alias("产品编号"),
        pick("product", names).alias("产品名称"),
        pick("product", categories).alias("产品类别"),
        pl.col("quantity").alias("数量"),
        pl.col("unit_price").alias("单价"),
        pl.col("discount_amount").alias("优惠金额"),
        pl.col("amount").alias("金额"),
        pick("showroom", list(REGION.values())).alias("区域"),
        pl.col("channel").replace_strict(SALES_CHANNELS).alias("销售渠道"),
        pl.col("segment").replace_strict(SEGMENTS).alias("客户类型"),
        department_of_order().alias("部门"),
        pl.col("order_status").replace_strict(STATUSES).alias("订单状态"),
        pl.col("line_type").replace_strict(LINE_TYPES).alias("行类型"),
        day_text("delivered_at", "%Y-%m-%d %H:%M").alias("交付时间"),
    )


def order_sheet(rows: Frame) -> Frame:
    """Order headers: dates, status, customer, promise and delivery."""
    return rows.select(
        order_id().alias("订单编号"),
        customer_id().alias("客户编号"),
        person_phone().alias("联系电话"),
        day_text("ordered_at", "%Y-%m-%d %H:%M").alias("下单时间"),
        day_text("delivered_at", "%Y-%m-%d %H:%M").alias("交付时间"),
        day_text("promised_date").alias("承诺交期"),
        pl.col("order_status").replace_strict(STATUSES).alias("订单状态"),
        pick("showroom", list(REGION.values())).alias("区域"),
        pl.col("channel").replace_strict(SALES_CHANNELS).alias("销售渠道"),
        pl.col("segment").replace_strict(SEGMENTS).alias("客户类型"),
        department_of_order().alias("部门"),
    )


def department_of_order() -> pl.Expr:
    return (
        pl.when(pl.col("kind") == "fleet")
        .then(pl.lit(company.WHOLESALE_DEPARTMENT))
        .when(pl.col("kind") == "again")
        .then(pl.lit(company.ONLINE_DEPARTMENT))
        .otherwise(pick("showroom", list(SHOWROOM.values())))
    )


SHOP_STATUS = {"paid": "WAIT_SELLER_SEND_GOODS", "delivered": "TRADE_FINISHED", "cancelled": "TRADE_CLOSED_BY_BUYER"}
SHOP_TIME = "%Y%m%d%H%M%S"


def shop_lines(events: Events, months: tuple[date, ...]) -> Frame:
    """The online shop's lines in its own words, money in fen; date, customer and place stand in its trades."""
    rows = joined_lines(events).filter((pl.col("kind") == "again") & within("line_date", months))
    is_refund = pl.col("line_type") == "refund"
    return rows.select(
        order_id().alias("TID"),
        pl.col("line_number").alias("OID"),
        pl.when(is_refund).then(day_text("line_date", "%Y-%m-%d 10:00:00")).alias("REFUND_TIME"),
        pick("product", [p.product_id for p in company.PRODUCTS]).alias("OUTER_SKU"),
        pl.col("quantity").alias("NUM"),
        (pl.col("unit_price") * 100).alias("PRICE"),
        (pl.col("amount") * 100).alias("PAYMENT"),
        pl.when(is_refund).then(pl.lit("R")).otherwise(pl.lit("S")).alias("KIND"),
        pl.lit(0).alias("BUYER_FLAG"),
        pl.lit("pc").alias("CLIENT"),
    )


def shop_orders(events: Events, months: tuple[date, ...]) -> Frame:
    """The online shop's order headers in its own words."""
    rows = events.orders.filter((pl.col("kind") == "again") & within("ordered_date", months))
    return rows.select(
        order_id().alias("TID"),
        customer_id().alias("BUYER_ID"),
        person_phone().alias("RECEIVER_MOBILE"),
        day_text("ordered_at", SHOP_TIME).alias("CREATED"),
        day_text("delivered_at", SHOP_TIME).alias("SIGNED"),
        day_text("promised_date").alias("PROMISED"),
        pl.col("order_status").replace_strict(SHOP_STATUS).alias("STATUS"),
        pick("showroom", list(REGION.values())).alias("AREA"),
        pl.when("is_corporate").then(pl.lit("B")).otherwise(pl.lit("C")).alias("BUYER_KIND"),
        pl.lit(0).alias("BUYER_FLAG"),
    )


def payments(events: Events) -> Frame:
    """What was paid, in yuan; the deposit is thirty percent."""
    totals = (
        events.lines.filter(pl.col("line_type") == "sale")
        .group_by("order")
        .agg(pl.col("amount").sum().alias("order_amount"))
    )
    people = events.orders.select("order", "person")
    rows = events.payments.join(totals, on="order").join(people, on="order").sort("order", "payment_sequence")
    return rows.select(
        order_id().alias("订单编号"),
        pl.col("payment_sequence").alias("期次"),
        customer_id().alias("客户编号"),
        pl.col("due_date").alias("应付日期"),
        pl.col("paid_at").alias("付款时间"),
        (pl.col("order_amount") * pl.col("share") / 100).round(2).alias("付款金额"),
        pick("method", list(PAYMENT_METHODS)).alias("付款方式"),
        pl.col("payment_kind").replace_strict(PAYMENT_KINDS).alias("款项类型"),
    )


def customers(events: Events) -> Frame:
    """The customer file; groups are the parents of their own rows."""
    return events.customers.select(
        customer_id().alias("客户编号"),
        person_name().alias("客户名称"),
        person_phone().alias("联系电话"),
        pick("showroom", list(REGION.values())).alias("区域"),
        pl.col("segment").replace_strict(SEGMENTS).alias("客户类型"),
        day_text("opened_date").alias("建档日期"),
        yes_no("is_key_customer").alias("是否重点客户"),
    )


def products() -> Frame:
    return pl.DataFrame(
        {
            "产品编号": [p.product_id for p in company.PRODUCTS],
            "产品名称": [p.name for p in company.PRODUCTS],
            "产品类别": [p.category for p in company.PRODUCTS],
            "上市日期": [p.launched for p in company.PRODUCTS],
            "指导价": [p.price for p in company.PRODUCTS],
            "计量单位": [p.unit for p in company.PRODUCTS],
        }
    )


def targets(events: Events, version: int | None) -> Frame:
    rows = events.targets.filter(pl.lit(True) if version is None else pl.col("version") == version)
    return rows.select(
        pl.col("target_month").alias("目标月份"),
        pick("showroom", list(REGION.values())).alias("区域"),
        pl.col("target_amount").alias("目标金额"),
        pl.col("version").alias("版本"),
        pl.col("valid_from").alias("生效日期"),
    )


def market(events: Events) -> Frame:
    return events.market.select(
        day_text("market_month", "%Y-%m-%d").alias("月份"),
        pick("showroom", list(REGION.values())).alias("区域"),
        pl.col("segment").replace_strict(SEGMENTS).alias("客户类型"),
        pl.col("market_customers_count").alias("市场客户数"),
        pl.col("market_units").alias("市场销量"),
        pl.col("market_amount").alias("市场金额"),
        pl.lit("行业协会月报").alias("数据来源"),
    )


PRINTED_BREAKDOWNS = {
    "total": "合计",
    "visit_order": "来访次序",
    "intent_level": "意向级别",
    "source_channel": "信息来源",
}


def reported(figures: list[dict[str, Any]]) -> Frame:
    """Printed figures as somebody typed them in."""
    return pl.DataFrame(
        {
            "报告月份": [figure["month"] for figure in figures],
            "报表": ["展厅来客分析"] * len(figures),
            "部门": [company.SHOWROOMS[company.PRINTED_SHOWROOM].name] * len(figures),
            "分组": [PRINTED_BREAKDOWNS[figure["breakdown"]] for figure in figures],
            "项目": [figure["item"] for figure in figures],
            "计量": ["数量" if figure["measure"] == "count" else "占比(%)" for figure in figures],
            "所报数值": [figure["value"] for figure in figures],
        }
    )


def complaints_zh(events: Events, months: tuple[date, ...]) -> Frame:
    rows = complaint_rows(events, months).filter(~pl.col("is_in_english"))
    stamp = "%Y/%m/%d %H:%M"
    return rows.select(
        complaint_id().alias("投诉编号"),
        day_text("received_at", stamp).alias("受理时间"),
        pick("way", [name for _, name, _ in company.COMPLAINT_WAYS]).alias("受理渠道"),
        pl.col("kind").replace_strict(COMPLAINT_KINDS).alias("反馈类型"),
        if_known(pick("category", [name for _, name, _ in company.COMPLAINT_CATEGORIES])).alias("投诉类别"),
        if_known(pick("category", [zh for zh, _ in ISSUES.values()])).alias("问题"),
        customer_id().alias("客户编号"),
        person_name().alias("客户姓名"),
        person_phone().alias("联系电话"),
        pick("car", [car.product_id for car in company.CARS]).alias("产品编号"),
        order_id().alias("订单编号"),
        day_text("first_reply_at", stamp).alias("首次回复时间"),
        reply_kind().replace_strict({"reply_to_customer": "回复客户", "internal_note": "内部备注"}).alias("回复类型"),
        day_text("closed_at", stamp).alias("关闭时间"),
        pl.when(pl.col("closed_at").is_not_null()).then(yes_no("is_informed")).alias("是否告知客户"),
        pick("showroom", list(SHOWROOM.values())).alias("部门"),
        pick("showroom", list(REGION.values())).alias("区域"),
        pl.concat_str(
            person_name(), pl.lit("来电反映："), *words(rows, "投诉内容").values(), pl.lit("，回电 "), person_phone()
        ).alias("投诉内容"),
    )


def complaints_en(events: Events, months: tuple[date, ...]) -> Frame:
    rows = complaint_rows(events, months).filter("is_in_english")
    stamp = "%d-%m-%Y %H:%M"
    ways = {"phone": "Phone", "visit": "Visit", "web": "Web", "email": "E-mail"}
    return rows.select(
        complaint_id().alias("Case ID"),
        day_text("received_at", stamp).alias("Received at"),
        pick("way", [ways[code] for code, _, _ in company.COMPLAINT_WAYS]).alias("Received via"),
        pl.col("kind").str.to_titlecase().alias("Kind"),
        if_known(
            pick("category", [code.replace("_", " ").capitalize() for code, _, _ in company.COMPLAINT_CATEGORIES])
        ).alias("Category"),
        if_known(pick("category", [en for _, en in ISSUES.values()])).alias("Issue"),
        customer_id().alias("Customer ID"),
        person_phone().alias("Phone"),
        pick("car", [car.product_id for car in company.CARS]).alias("Product ID"),
        order_id().alias("Order ID"),
        day_text("first_reply_at", stamp).alias("First reply at"),
        reply_kind()
        .replace_strict({"reply_to_customer": "Reply to customer", "internal_note": "Internal note"})
        .alias("First reply kind"),
        day_text("closed_at", stamp).alias("Closed at"),
        pl.when(pl.col("closed_at").is_not_null())
        .then(pl.when("is_informed").then(pl.lit("Yes")).otherwise(pl.lit("No")))
        .alias("Customer informed"),
        pick("showroom", list(SHOWROOM.values())).alias("Department"),
        pick("showroom", list(REGION.values())).alias("Region"),
        **words(rows, "Description"),
    )


def words(rows: Frame, header: str) -> dict[str, pl.Expr]:
    """The column of what customers say; none at a company that does not write it down."""
    return {header: pl.col("words")} if "words" in rows.columns else {}


def if_known(category: pl.Expr) -> pl.Expr:
    """Nothing where nobody has put the case into a category."""
    return pl.when("is_category_known").then(category)


def complaint_rows(events: Events, months: tuple[date, ...]) -> Frame:
    return events.complaints.filter(within("received_at", months))


def complaint_id() -> pl.Expr:
    return pl.lit("TS") + pl.col("complaint").cast(pl.String).str.zfill(5)


def response_id() -> pl.Expr:
    return pl.lit("R") + pl.col("response").cast(pl.String).str.zfill(6)


def reply_kind() -> pl.Expr:
    return pl.when(pl.col("first_reply_at").is_not_null()).then(
        pl.when("is_internal_note").then(pl.lit("internal_note")).otherwise(pl.lit("reply_to_customer"))
    )


def invitations(events: Events) -> Frame:
    return events.invitations.select(
        (pl.lit("Y") + pl.col("invitation").cast(pl.String).str.zfill(6)).alias("邀请编号"),
        pl.lit("交车回访").alias("调查编号"),
        customer_id().alias("客户编号"),
        person_phone().alias("联系电话"),
        day_text("sent_date", "%Y年%-m月%-d日").alias("发送日期"),
        pl.lit("电话").alias("方式"),
        pl.when("is_delivered").then(pl.lit("送达")).otherwise(pl.lit("未送达")).alias("结果"),
        pick("showroom", list(REGION.values())).alias("区域"),
        pl.col("segment").replace_strict(SEGMENTS).alias("客户类型"),
        pick("showroom", list(SHOWROOM.values())).alias("部门"),
    )


LEVEL_TEXTS = {5: "很满意", 4: "满意", 3: "一般", 2: "不满意", 1: "很不满意"}
ITEM_HEADERS = {
    "technology_score": "技术", "quality_score": "质量", "service_score": "服务", "delivery_score": "交付",
    "price_score": "价格", "overall_score": "总体满意度",
}  # fmt: skip


def responses_zh(events: Events, showrooms: tuple[int, ...]) -> Frame:
    """A survey form as it comes back: levels in words."""
    rows = events.responses.filter(pl.col("showroom").is_in(showrooms))
    return rows.select(
        response_id().alias("答卷编号"),
        (pl.lit("Y") + pl.col("invitation").cast(pl.String).str.zfill(6)).alias("邀请编号"),
        customer_id().alias("客户编号"),
        order_id().alias("订单编号"),
        day_text("answered_at", "%Y-%m-%d %H:%M").alias("答卷时间"),
        pl.lit("电话").alias("方式"),
        *(pl.col(item).replace_strict(LEVEL_TEXTS).alias(header) for item, header in ITEM_HEADERS.items()),
        pl.col("recommend_score").cast(pl.String).alias("推荐意愿"),
        pl.col("duration_seconds").cast(pl.String).alias("答题时长（秒）"),
        pick("showroom", list(REGION.values())).alias("区域"),
        pl.col("segment").replace_strict(SEGMENTS).alias("客户类型"),
        pick("showroom", list(SHOWROOM.values())).alias("部门"),
        **words(rows, "意见建议"),
    )


def responses_online(events: Events, showrooms: tuple[int, ...]) -> Frame:
    """The online form's export: field names of the system, levels as numbers."""
    rows = events.responses.filter(pl.col("showroom").is_in(showrooms))
    return rows.select(
        response_id=response_id(),
        invitation_id=pl.lit("Y") + pl.col("invitation").cast(pl.String).str.zfill(6),
        customer_id=customer_id(),
        order_id=order_id(),
        answered_at=day_text("answered_at", "%Y-%m-%dT%H:%M:%S+08:00"),
        mode=pl.lit("web"),
        **{item: pl.col(item) for item in ITEM_HEADERS},
        recommend_score="recommend_score",
        duration_seconds="duration_seconds",
        **words(rows, "comment"),
        region=pick("showroom", list(REGION.values())),
        segment="segment",
        department=pick("showroom", list(SHOWROOM.values())),
    )


WEB_REFERRERS = {
    0: "-",
    1: "https://www.baidu.com/link?url=xinghe",
    2: "https://www.baidu.com/baidu.php?url=xinghe",
    3: "https://www.autohome.com.cn/dealer/xinghe",
}
BROWSER = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/128.0 Safari/537.36"
ROBOT = "Mozilla/5.0 (compatible; Baiduspider/2.0; +http://www.baidu.com/search/spider.html)"


def access_log(events: Events, months: tuple[date, ...]) -> list[str]:
    """Lines of a combined access log; addresses of a private range, one a session."""
    rows = events.requests.filter(within("requested_at", months))
    number = pl.col("session").cast(pl.Int64)
    address = pl.format("10.{}.{}.{}", number // 65_536 % 256, number // 256 % 256, number % 256)
    campaign = pl.when((pl.col("step") == 0) & (pl.col("origin") == 2) & ~pl.col("is_asset")).then(
        pl.lit("?utm_source=baidu&utm_medium=cpc")
    ).otherwise(pl.lit(""))  # fmt: skip
    referrer = pl.when(pl.col("step") == 0).then(
        pl.col("origin").replace_strict(WEB_REFERRERS, return_dtype=pl.String)
    ).otherwise(pl.lit("https://www.xinghe.example/"))  # fmt: skip
    agent = pl.when("is_robot").then(pl.lit(ROBOT)).otherwise(pl.lit(BROWSER))
    line = pl.format(
        '{} - - [{}] "GET {}{} HTTP/1.1" 200 {} "{}" "{}"',
        address, day_text("requested_at", "%d/%b/%Y:%H:%M:%S +0800"), "path", campaign,
        1200 + number * 37 % 9000, referrer, agent,
    )  # fmt: skip
    return rows.select(line=line)["line"].to_list()
