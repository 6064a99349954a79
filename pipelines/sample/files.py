"""Which department sends which file: the landing folder of the sample company and the account of its rows.

Belongs here: one function a file family, and for each file what reading it must count (FileTruth). Does not belong
here: what happened (events.py), headers and codes (tables.py), cells and bytes (layouts.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl

from pipelines.sample import company, faults, layouts, printed_page, tables
from pipelines.sample.events import Events, Frame
from pipelines.sample.faults import NOTHING_WRONG, Faulty
from pipelines.sample.layouts import Sheet

Months = tuple[date, ...]


@dataclass(frozen=True)
class FileTruth:
    """What intake must count in one table of one file."""

    file: str
    source: str
    member: str = ""
    sheet: str = ""
    status: str = "accepted"
    rows_read: int = 0
    rows_accepted: int = 0
    rows_rejected: int = 0
    rows_waiting: int = 0
    rows_skipped: int = 0


def account(
    file: str,
    source: str,
    rows: int,
    faulty: Faulty = NOTHING_WRONG,
    skipped: int = 0,
    member: str = "",
    sheet: str = "",
) -> FileTruth:
    """The account of a table with `rows` sound rows besides the faulty and the skipped ones."""
    is_faulty = faulty.rejected or faulty.waiting
    return FileTruth(
        file, source, member, sheet, "partly_accepted" if is_faulty else "accepted",
        rows + faulty.rejected + faulty.waiting + skipped, rows, faulty.rejected, faulty.waiting, skipped,
    )  # fmt: skip


def write_files(events: Events, landing: Path) -> list[FileTruth]:
    """All files of the landing folder."""
    landing.mkdir(parents=True, exist_ok=True)
    families = (
        write_beijing_registers, write_shanghai_registers, write_guangzhou_registers, write_chengdu_registers,
        write_showroom_sales, write_fleet_sales, write_shop_exports, write_payments, write_references,
        write_complaints, write_surveys, write_access_logs, write_hostile_files, write_unknown_files,
    )  # fmt: skip
    return [truth for family in families for truth in family(events, landing)]


def parts(months: Months, size: int) -> list[Months]:
    """The months in parts of `size`, counted from the first one."""
    return [months[start : start + size] for start in range(0, len(months), size)]


def span(part: Months) -> str:
    return f"{part[0]:%Y-%m}至{part[-1]:%Y-%m}"


# ---------------------------------------------------------------- visitors' registers


BEIJING_HEADERS = {
    "日期": "日期", "客户姓名": "姓名", "联系电话": "联系电话", "客户类型": "类型", "来访方式": "方式",
    "来店时间": "来店", "离店时间": "离店", "同行人数": "同行", "意向车型": "意向车型", "信息来源": "信息来源 ",
    "意向级别": "级别", "首次/再次": "F/S", "是否试驾": "试驾", "是否报价": "报价", "销售顾问": "顾问",
}  # fmt: skip
BEIJING_GROUPS = {
    "姓名": "客户信息", "联系电话": "客户信息", "类型": "客户信息", "方式": "到访", "来店": "到访", "离店": "到访",
    "同行": "到访", "试驾": "洽谈", "报价": "洽谈", "顾问": "洽谈",
}  # fmt: skip


def write_beijing_registers(events: Events, landing: Path) -> list[FileTruth]:
    """A workbook a quarter: titles, a two-row header, dates as serial numbers in merged cells, a total.

    One month is sent again after its quarter, with one entry left out and two corrected.
    """
    accounts = []
    for part in parts(events.period.months, 3):
        is_resent = faults.RESENT_MONTH in part
        source = faults.older_register(events, 0) if is_resent else events
        faulty = faults.FAULTY_VISITS if company.LAST_MONTH in part else NOTHING_WRONG
        name = f"北京展厅_来店来电客户登记表_{span(part)}"
        accounts.append(write_beijing_register(tables.visits(source, 0, part), landing, name, faulty))
        if is_resent:
            month = (faults.RESENT_MONTH,)
            table = tables.visits(events, 0, month)
            accounts.append(write_beijing_register(table, landing, f"{name}_更正_{month[0]:%Y-%m}", NOTHING_WRONG))
    return accounts


def write_beijing_register(visits: Frame, landing: Path, name: str, faulty: Faulty) -> FileTruth:
    table = visits.select(pl.col(old).alias(new) for old, new in BEIJING_HEADERS.items()).with_columns(
        layouts.serial_dates("日期"),
        layouts.sometimes_full_width("联系电话", 9),
        layouts.sometimes_full_width("同行", 5),
    )
    sheet = Sheet(
        "登记表", with_rows(table, faulty), ("北京展厅来店（来电）客户登记表", "填表：前台    审核：展厅经理"),
        BEIJING_GROUPS, "日期", blank_rows=1,
        totals=({"日期": "合计", "姓名": table.height},),
    )  # fmt: skip
    layouts.write_workbook(landing / f"{name}.xlsx", [sheet])
    return account(f"{name}.xlsx", "visits", visits.height, faulty, sheet.skipped_rows, sheet=sheet.name)


def with_rows(table: Frame, faulty: Faulty) -> Frame:
    """Faulty rows below typed cells: only the columns they use become objects, so that numbers stay numbers."""
    if not faulty.cells:
        return table
    columns = {
        header: [*table[header].to_list(), *(cells.get(header) for cells in faulty.cells)] for header in table.columns
    }
    return pl.DataFrame({header: pl.Series(cells, dtype=pl.Object) for header, cells in columns.items()})


def write_shanghai_registers(events: Events, landing: Path) -> list[FileTruth]:
    """A workbook a half-year with a sheet a quarter; dates as Chinese text, a line break in a header, a total."""
    accounts = []
    for part in parts(events.period.months, 6):
        sheets = []
        for quarter in parts(part, 3):
            visits = tables.visits(events, 1, quarter)
            table = visits.drop("区域", "展厅").with_columns(layouts.chinese_dates("日期")).rename(
                {"日期": "登记日期", "联系电话": "手机号码", "首次/再次": "首次/\n再次", "信息来源": "信息来源  "}
            )  # fmt: skip
            totals = ({"登记日期": "合计", "同行人数": str(visits["同行人数"].cast(pl.Int64).sum())},)
            sheets.append(Sheet(span(quarter), table, ("上海展厅客户登记",), totals=totals))
        name = f"上海展厅客户登记_{span(part)}.xlsx"
        layouts.write_workbook(landing / name, sheets)
        accounts += [account(name, "visits", s.table.height, skipped=s.skipped_rows, sheet=s.name) for s in sheets]
    return accounts


def write_guangzhou_registers(events: Events, landing: Path) -> list[FileTruth]:
    """A GB18030 text a half-year with the visitors' companies; the first one is dropped twice under different names."""
    accounts = []
    for part in parts(events.period.months, 6):
        table = tables.visits_for_companies(events, 2, part).with_columns(layouts.slash_dates("日期"))
        name = f"广州展厅来客登记_{span(part)}.csv"
        content = layouts.csv_bytes(table, "gb18030")
        (landing / name).write_bytes(content)
        accounts.append(account(name, "visits", table.height))
        if part[0] == events.period.months[0]:
            (landing / f"广州展厅来客登记_{span(part)}_副本.csv").write_bytes(content)
    return accounts


def write_chengdu_registers(events: Events, landing: Path) -> list[FileTruth]:
    """A zip of texts, one a half-year, and the last half-year as a workbook in English."""
    halves = parts(events.period.months, 6)
    archive, accounts, members = "成都展厅登记.zip", [], []
    for part in halves[:-1]:
        table = tables.visits(events, 3, part).with_columns(pl.col("日期").dt.to_string("%Y-%m-%d 00:00:0"))
        member = f"成都展厅/登记_{span(part)}.csv"
        members.append((member, layouts.csv_bytes(table, "utf-8-sig")))
        accounts.append(account(archive, "visits", table.height, member=member))
    layouts.write_zip(landing / archive, members)
    table = in_english(tables.visits(events, 3, halves[-1]))
    name = "Chengdu showroom visitors, last half-year.xlsx"
    sheet = Sheet("Visitors", table, ("Chengdu showroom, visitor register",), totals=({"Visit date": "Total"},))
    layouts.write_workbook(landing / name, [sheet])
    return [*accounts, account(name, "visits", table.height, skipped=1, sheet=sheet.name)]


ENGLISH_HEADERS = {
    "日期": "Visit date", "客户姓名": "Visitor name", "联系电话": "Mobile", "来店时间": "Time in",
    "离店时间": "Time out", "同行人数": "Companions", "来访方式": "Visit type", "意向车型": "Model wanted",
    "信息来源": "Lead source", "意向级别": "Level", "首次/再次": "F/S", "是否试驾": "Test drive",
    "是否报价": "Quote given", "客户类型": "Segment", "区域": "Region", "展厅": "Showroom name",
}  # fmt: skip
ENGLISH_CELLS = {
    "来店": "Walk-in", "来电": "Phone-in", "是": "Yes", "否": "No", "个人": "Individual", "企业": "Corporate",
    "报纸": "Newspaper", "电视": "Television", "基盘": "Existing customer", "店头宣传": "Storefront",
    "电话预约": "Phone appointment", "网络": "Web", "朋友介绍": "Friend", "西南": "Southwest",
}  # fmt: skip


def in_english(visits: Frame) -> Frame:
    coded = ("来访方式", "信息来源", "是否试驾", "是否报价", "客户类型", "区域")
    return visits.with_columns(
        layouts.day_first_dates("日期"), *(pl.col(column).replace(ENGLISH_CELLS) for column in coded)
    ).select(pl.col(old).alias(new) for old, new in ENGLISH_HEADERS.items())


# ---------------------------------------------------------------- sales, orders, payments


MONEY = ("单价", "优惠金额", "金额")


def write_showroom_sales(events: Events, landing: Path) -> list[FileTruth]:
    """Each showroom keeps its sales in its own way: ¥ signs, GB18030 with semicolons, 万元, UTF-16 with tabs."""
    accounts = []
    for part in parts(events.period.months, 12):
        sales = tables.sales(events, ("car",), part)
        place = [sales.filter(pl.col("部门") == showroom.name) for showroom in company.SHOWROOMS]
        is_last = part[-1] == company.LAST_MONTH
        accounts += [
            write_sales_with_signs(place[0], landing, part, faults.FAULTY_SALES if is_last else NOTHING_WRONG),
            write_sales_with_semicolons(place[1], landing, part),
            write_sales_in_ten_thousands(place[2], landing, part),
            write_sales_as_unicode(place[3], landing, part),
        ]
    return accounts


def write_sales_with_signs(sales: Frame, landing: Path, part: Months, faulty: Faulty) -> FileTruth:
    table = sales.with_columns(pl.col("数量").cast(pl.String), *(layouts.yuan_signs(column) for column in MONEY))
    total = Faulty(({"订单编号": "合计", "金额": f"¥{sales['金额'].sum():,}.00"},))
    name = f"北京展厅销售明细_{span(part)}.csv"
    table = faults.with_faulty_rows(faults.with_faulty_rows(table, faulty), total)
    (landing / name).write_bytes(layouts.csv_bytes(table, "utf-8-sig"))
    return account(name, "sales", sales.height, faulty, skipped=1)


def write_sales_with_semicolons(sales: Frame, landing: Path, part: Months) -> FileTruth:
    name = f"上海展厅销售明细_{span(part)}.csv"
    (landing / name).write_bytes(layouts.csv_bytes(sales, "gb18030", separator=";"))
    return account(name, "sales", sales.height)


def write_sales_in_ten_thousands(sales: Frame, landing: Path, part: Months) -> FileTruth:
    """Money in 万元 by the header's own word; the total below is one order short, as totals sometimes are."""
    table = sales.with_columns(layouts.ten_thousands(column) for column in MONEY)
    headers = {column: f"{column}（万元）" for column in MONEY}
    short_total = round(float(table["金额"].sum()) - float(table["金额"].head(1).sum()), 4)
    sheet = Sheet(
        "销售明细", table.rename(headers), ("广州展厅销售明细表", f"期间：{span(part)}    单位：万元"),
        totals=({"订单编号": "合计", "金额（万元）": short_total},),
    )  # fmt: skip
    name = f"广州展厅销售明细_{span(part)}.xlsx"
    layouts.write_workbook(landing / name, [sheet])
    return account(name, "sales", sales.height, skipped=1, sheet=sheet.name)


def write_sales_as_unicode(sales: Frame, landing: Path, part: Months) -> FileTruth:
    name = f"成都展厅销售明细_{span(part)}.txt"
    (landing / name).write_bytes(layouts.csv_bytes(sales, "utf-16", separator="\t"))
    return account(name, "sales", sales.height)


def write_fleet_sales(events: Events, landing: Path) -> list[FileTruth]:
    """The wholesale desk: a sheet a year, the customer's name merged over its lines, a subtotal."""
    sheets = []
    for part in parts(events.period.months, 12):
        table = tables.sales(events, ("fleet",), part).sort("客户编号", "订单编号", "行号")
        totals = ({"订单编号": "小计", "数量": int(table["数量"].sum()), "金额": int(table["金额"].sum())},)
        sheets.append(Sheet(span(part), table, ("大客户部销售明细",), merged_column="客户姓名", totals=totals))
    name = "大客户部销售明细.xlsx"
    layouts.write_workbook(landing / name, sheets)
    return [account(name, "sales", s.table.height, skipped=s.skipped_rows, sheet=s.name) for s in sheets]


def write_shop_exports(events: Events, landing: Path) -> list[FileTruth]:
    """The online shop's system: headers and lines apart, its own column names, codes and technical columns.

    The lines of a year come before their headers; what a line lacks stands in the header.
    """
    accounts = []
    for part in parts(events.period.months, 12):
        lines, orders = tables.shop_lines(events, part), tables.shop_orders(events, part)
        for name, source, table in (
            (f"shop_lines_{part[0]:%Y%m}_{part[-1]:%Y%m}.csv", "sales", lines),
            (f"shop_trades_{part[0]:%Y%m}_{part[-1]:%Y%m}.csv", "orders", orders),
        ):
            (landing / name).write_bytes(layouts.csv_bytes(table, end="\n"))
            accounts.append(account(name, source, table.height))
    return accounts


def write_payments(events: Events, landing: Path) -> list[FileTruth]:
    """Finance: the closed part from its data mart as parquet, the last year as text."""
    table = tables.payments(events)
    is_old = pl.col("付款时间") < pl.datetime(2025, 11, 1)
    old, new = table.filter(is_old), table.filter(~is_old)
    old.write_parquet(landing / "财务收款_至2025-10.parquet")
    text = new.with_columns(
        layouts.chinese_dates("应付日期"), pl.col("付款时间").dt.to_string("%Y-%m-%d %H:%M"),
        pl.format("{}元", "付款金额").alias("付款金额"),
    )  # fmt: skip
    (landing / "财务收款_2025-11起.csv").write_bytes(layouts.csv_bytes(text, "utf-8-sig"))
    return [
        account("财务收款_至2025-10.parquet", "payments", old.height),
        account("财务收款_2025-11起.csv", "payments", new.height),
    ]


# ---------------------------------------------------------------- references


def write_references(events: Events, landing: Path) -> list[FileTruth]:
    """Customers, products, targets with their revision, the market, and figures somebody printed."""
    products = Sheet("产品目录", tables.products(), ("产品目录",))
    layouts.write_workbook(landing / "产品目录.xlsx", [products])
    customers, market = tables.customers(events), tables.market(events)
    (landing / "客户档案.csv").write_bytes(layouts.csv_bytes(customers, "utf-8-sig"))
    in_ten_thousands = market.with_columns(layouts.ten_thousands("市场金额")).rename({"市场金额": "市场金额(万元)"})
    (landing / "市场容量.csv").write_bytes(layouts.csv_bytes(in_ten_thousands))
    accounts = [
        account("产品目录.xlsx", "products", products.table.height, sheet=products.name),
        account("客户档案.csv", "customers", customers.height),
        account("市场容量.csv", "market_size", market.height),
    ]
    for version in events.targets["version"].unique().sort():
        table = tables.targets(events, version).with_columns(pl.col("目标月份").dt.to_string("%Y年%-m月%-d日"))
        sheet = Sheet("目标", table, (f"销售目标（第{version}版）",), totals=({"目标月份": "合计"},))
        name = f"销售目标_第{version}版.xlsx"
        layouts.write_workbook(landing / name, [sheet])
        accounts.append(account(name, "sales_targets", table.height, skipped=1, sheet=sheet.name))
    figures = printed_page.figures(events)
    if figures:
        printed = Sheet("已报数字", tables.reported(figures).with_columns(layouts.chinese_dates("报告月份")))
        layouts.write_workbook(landing / "展厅客流分析_已报数字.xlsx", [printed])
        accounts.append(account("展厅客流分析_已报数字.xlsx", "reported_figures", len(figures), sheet=printed.name))
    return accounts


# ---------------------------------------------------------------- complaints, surveys, web


def write_complaints(events: Events, landing: Path) -> list[FileTruth]:
    """A Chinese workbook a half-year for three places; the fourth keeps its cases in English."""
    accounts = []
    months = (*events.period.months, date(2026, 11, 1))
    for part in parts(months, 6):
        table = tables.complaints_zh(events, part)
        if table.height == 0:
            continue
        faulty = faults.FAULTY_COMPLAINTS if company.LAST_MONTH in part else NOTHING_WRONG
        sheet = Sheet("投诉登记", faults.with_faulty_rows(table, faulty), ("客户投诉登记表",), blank_rows=1,
                      totals=({"投诉编号": "合计", "受理时间": f"{table.height}件"},))  # fmt: skip
        name = f"客户投诉登记表_{span(part)}.xlsx"
        layouts.write_workbook(landing / name, [sheet])
        accounts.append(account(name, "complaints", table.height, faulty, sheet.skipped_rows, sheet=sheet.name))
    for part in parts(months, 13):
        cases = tables.complaints_en(events, part)
        name = f"customer care cases {part[0]:%Y-%m} to {part[-1]:%Y-%m}.csv"
        (landing / name).write_bytes(layouts.csv_bytes(cases))
        accounts.append(account(name, "complaints", cases.height))
    return accounts


def write_surveys(events: Events, landing: Path) -> list[FileTruth]:
    """Invitations; answers by telephone as text, online as json lines; one file with a column nobody knows."""
    invited, phoned = tables.invitations(events), tables.responses_zh(events, (0, 3))
    online = tables.responses_online(events, (1, 2))
    surprising = faults.responses_with_unknown_column(phoned)
    (landing / "满意度调查邀请.csv").write_bytes(layouts.csv_bytes(invited, "gb18030"))
    faulty = faults.FAULTY_RESPONSES
    (landing / "满意度答卷_电话.csv").write_bytes(
        layouts.csv_bytes(faults.with_faulty_rows(phoned, faulty), "utf-8-sig")
    )
    online.write_ndjson(landing / "survey_export.jsonl")
    name = "满意度答卷_增补问卷.csv"
    (landing / name).write_bytes(layouts.csv_bytes(surprising))
    return [
        account("满意度调查邀请.csv", "survey_invitations", invited.height),
        account("满意度答卷_电话.csv", "survey_responses", phoned.height, faulty),
        account("survey_export.jsonl", "survey_responses", online.height),
        FileTruth(
            name, "survey_responses", status="waiting", rows_read=surprising.height, rows_waiting=surprising.height
        ),
    ]


def write_access_logs(events: Events, landing: Path) -> list[FileTruth]:
    """The web server's logs, a half-year each: the older ones in an archive, the last one as it is."""
    halves = parts(events.period.months, 6)
    logs = [(f"www/access_{part[0]:%Y%m}.log", tables.access_log(events, part)) for part in halves]
    packed = [(name, "".join(line + "\n" for line in lines).encode()) for name, lines in logs]
    layouts.write_zip(landing / "www_access_archive.zip", packed[:-1])
    (landing / "www_access.log").write_bytes(packed[-1][1])
    return [
        *(account("www_access_archive.zip", "web_requests", len(lines), member=name) for name, lines in logs[:-1]),
        account("www_access.log", "web_requests", len(logs[-1][1])),
    ]


def write_hostile_files(events: Events, landing: Path) -> list[FileTruth]:
    """A workbook whose upload broke off and one with a password: refused, and the run goes on with the others."""
    complete = landing / "市场活动照片清单.xlsx"
    layouts.write_workbook(complete, [Sheet("清单", tables.products())])
    complete.write_bytes(complete.read_bytes()[:3000])
    (landing / "薪酬_加密.xlsx").write_bytes(layouts.locked_workbook_bytes())
    return [FileTruth(name, "", status="refused") for name in (complete.name, "薪酬_加密.xlsx")]


def write_unknown_files(events: Events, landing: Path) -> list[FileTruth]:
    """A text that calls itself a workbook: read as what it is, its columns belong to no source, so it waits."""
    lines = ("序,议题,结论", "1,展厅布置,下周完成", "2,周末车展,人员已定", "3,回访话术,重写")
    (landing / "会议纪要.xlsx").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return [FileTruth("会议纪要.xlsx", "", status="waiting", rows_read=3, rows_waiting=3)]
