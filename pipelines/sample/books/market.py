"""What the sample company's departments learn about the market: a register of competitors, prices, policy and demand.

Belongs here: a year of entries with what is planted in them: prices that move in known months, rumours that must not
count as prices, moves told once or from several sides, departments that write nothing down. Not here: own sales
(events.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import polars as pl

from pipelines.sample import company, layouts, sales_changes
from pipelines.sample.books import organisation
from pipelines.sample.events import Events
from pipelines.sample.files import FileTruth, account

MONTHS = 12
MARKETING = "市场部"
HEARS_A_PRICE, RUMOUR_RATE, UNRATED_RATE, NO_ORIGIN_RATE = 0.55, 0.1, 0.05, 0.04
RUMOUR_CUT = 30_000
SILENT_SHOWROOM, SILENT_MONTH = 2, date(2026, 8, 1)


@dataclass(frozen=True)
class Rival:
    """A competing product: what it is compared with, its price, and since when it costs how much more or less."""

    maker: str
    name: str
    own_product: str
    price: int
    change: int = 0
    changed: date = date.max
    launched: date = date.min

    def price_in(self, month: date) -> int:
        return self.price + (self.change if month >= self.changed else 0)


RIVALS = (
    Rival("极光汽车", "极光A6", "P-S1", 125_800, -10_000, date(2026, 5, 1)),
    Rival("远洲汽车", "远洲T5", "P-X3", 172_800, 3_000, date(2026, 8, 1)),
    Rival("蓝鲸汽车", "蓝鲸E1", "P-E5", 205_800),
    Rival("蓝鲸汽车", "蓝鲸E9", "P-E7", 229_800, launched=date(2026, 6, 1)),
)
# rival, move, takes effect, showroom in whose region it happens, who tells of it: department (None: the showroom) and
# whether it was heard inside or outside, how reliable it is
MOVES = (
    (0, "降价", date(2026, 5, 1), 0, ((None, "内部", "较可靠"), (MARKETING, "外部", "较可靠"))),
    (0, "降价", date(2026, 5, 1), 1, ((None, "外部", "较可靠"),)),
    (1, "涨价", date(2026, 8, 1), 1, ((MARKETING, "外部", "可靠"),)),
    (3, "新品上市", date(2026, 6, 1), 0, ((MARKETING, "外部", "可靠"), (None, "内部", "可靠"))),
    (2, "促销", date(2026, 10, 1), 3, ((None, "内部", "存疑"),)),
    (1, "新开网点", date(2026, 10, 15), 1, ((None, "内部", "较可靠"), (MARKETING, "外部", "存疑"))),
    (2, "促销", date(2026, 10, 20), 0, ((None, "外部", "存疑"), (company.WHOLESALE_DEPARTMENT, "外部", "较可靠"))),
)
TOPICS = {
    "政策": (("新能源购置补贴细则发布", "政府部门"), ("二手车出口备案放宽", "政府部门"), ("老旧车报废补贴提高", "行业协会")),
    "需求": (("客户询问家用充电桩安装", "客户"), ("企业客户计划换购新能源", "客户"), ("大家庭询问七座车型", "本公司员工")),
}  # fmt: skip
RELIABLE, PROBABLE, DOUBTFUL = "可靠", "较可靠", "存疑"
HEADERS = (
    "获取日期", "信息类别", "内部或外部", "获取途径", "可靠程度", "部门", "信息提供人", "区域", "竞争对手名称", "竞品名称",
    "对标产品编号", "竞品价格", "对手动作", "生效日期", "信息内容",
)  # fmt: skip
IN_ENGLISH = (
    "Date observed", "Kind of information", "Internal/external", "Obtained from", "Reliability", "Department",
    "Reported by", "Region", "Competitor", "Competing product", "Own product compared", "Competitor price",
    "Competitor's move", "Effective date", "What was learned",
)  # fmt: skip
ENGLISH_CELLS = {
    "竞争对手": "Competitor", "价格": "Price", "政策": "Policy", "需求": "Demand", "内部": "Internal", "外部": "External",
    "可靠": "Reliable", "较可靠": "Fairly reliable", "存疑": "Doubtful", "本公司员工": "Own staff", "客户": "Customer",
    "市场走访": "Market visit", "促销": "Promotion", "西南": "Southwest",
}  # fmt: skip
WORKBOOK, TEXT, ENGLISH = "市场信息登记表.xlsx", "北京上海展厅市场信息.csv", "Chengdu market notes.csv"


@dataclass(frozen=True)
class Entry:
    """One line of the register; what it does not say is empty."""

    day: date
    kind: str
    origin: str
    source: str
    reliability: str
    department: str
    reporter: str
    region: str
    content: str
    rival: Rival | None = None
    price: int | None = None
    move: str = ""
    effective: date | None = None


def draw(events: Events, rng: np.random.Generator) -> tuple[Entry, ...]:
    """By month: prices and demand that showrooms hear of, policy by marketing, and the moves that were planted."""
    return tuple(
        entry
        for month in events.period.months[-MONTHS:]
        for entry in sorted(_entries_of(month, rng), key=lambda entry: (entry.department, entry.day))
    )


def _entries_of(month: date, rng: np.random.Generator) -> Iterator[Entry]:
    for place, showroom in enumerate(company.SHOWROOMS):
        if (place, month) == (SILENT_SHOWROOM, SILENT_MONTH):
            continue
        reporter = str(rng.choice(list(showroom.consultants)))
        for rival in RIVALS:
            if rival.launched <= month and rng.random() < HEARS_A_PRICE:
                yield _price(rival, month, showroom, reporter, rng)
        yield _topic("需求", month, showroom.name, reporter, showroom.region, rng)
    yield _topic("政策", month, MARKETING, "高翔", "", rng)
    for rival_place, move, effective, place, tellers in MOVES:
        if effective.replace(day=1) == month:
            for number, (department, origin, reliability) in enumerate(tellers):
                yield _move(RIVALS[rival_place], move, effective, place, number, department, origin, reliability)


def _day(month: date, rng: np.random.Generator) -> date:
    return month + timedelta(days=int(rng.integers(0, 27)))


def _rating(rng: np.random.Generator) -> str:
    return "" if rng.random() < UNRATED_RATE else RELIABLE if rng.random() < 0.5 else PROBABLE


def _price(rival: Rival, month: date, showroom: company.Showroom, reporter: str, rng: np.random.Generator) -> Entry:
    """What a showroom heard; a rumour is doubtful and far too low."""
    price = rival.price_in(month) + int(rng.choice([-800, 0, 0, 500]))
    is_rumour = rng.random() < RUMOUR_RATE
    origin = "" if rng.random() < NO_ORIGIN_RATE else "外部"
    return Entry(
        _day(month, rng), "价格", origin, "市场走访", DOUBTFUL if is_rumour else _rating(rng), showroom.name, reporter,
        showroom.region, f"{rival.name}报价", rival, price - RUMOUR_CUT if is_rumour else price,
    )  # fmt: skip


def _topic(kind: str, month: date, department: str, reporter: str, region: str, rng: np.random.Generator) -> Entry:
    content, source = TOPICS[kind][int(rng.integers(len(TOPICS[kind])))]
    origin = "内部" if source == "本公司员工" else "外部"
    return Entry(_day(month, rng), kind, origin, source, _rating(rng), department, reporter, region, content)


def _move(
    rival: Rival, move: str, effective: date, place: int, number: int, department: str | None, origin: str, reliability: str
) -> Entry:  # fmt: skip
    """A move as one of those who tell of it wrote it down, a day after the other."""
    showroom = company.SHOWROOMS[place]
    reporters = {MARKETING: "沈岚", company.WHOLESALE_DEPARTMENT: "郭凯"}
    return Entry(
        effective + timedelta(days=number), "竞争对手", origin, "本公司员工" if origin == "内部" else "市场走访", reliability,
        department or showroom.name, reporters.get(department or "", showroom.consultants[0]), showroom.region,
        f"{rival.maker}{move}", rival, None, move, effective,
    )  # fmt: skip


def write(drawn: tuple[Entry, ...], events: Events, landing: Path) -> list[FileTruth]:
    """A workbook of the offices and Guangzhou, a GB18030 text of two showrooms, an English text of the fourth."""
    names = [showroom.name for showroom in company.SHOWROOMS]
    texts = [entry for entry in drawn if entry.department in names[:2]]
    english = [entry for entry in drawn if entry.department == names[3]]
    others = [entry for entry in drawn if entry.department not in (*names[:2], names[3])]
    layouts.write_workbook(landing / WORKBOOK, [layouts.Sheet("市场信息", _cells(others), ("市场信息登记表",))])
    (landing / TEXT).write_bytes(layouts.csv_bytes(_cells(texts), "gb18030"))
    translated = _cells(english).with_columns(pl.col(pl.String).replace(ENGLISH_CELLS))
    (landing / ENGLISH).write_bytes(layouts.csv_bytes(translated.rename(dict(zip(HEADERS, IN_ENGLISH, strict=True)))))
    return [
        account(WORKBOOK, "market_intelligence", len(others), sheet="市场信息"),
        account(TEXT, "market_intelligence", len(texts)),
        account(ENGLISH, "market_intelligence", len(english)),
    ]


def _cells(entries: list[Entry]) -> pl.DataFrame:
    rows = [
        (
            f"{each.day:%Y-%m-%d}", each.kind, each.origin, each.source, each.reliability, each.department,
            each.reporter, each.region, *((each.rival.maker, each.rival.name, each.rival.own_product) if each.rival else ("", "", "")),
            str(each.price or ""), each.move, f"{each.effective:%Y-%m-%d}" if each.effective else "", each.content,
        )
        for each in entries
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=dict.fromkeys(HEADERS, pl.String), orient="row")


# ---------------------------------------------------------------- answer key


def figures(drawn: tuple[Entry, ...], events: Events) -> dict[str, Any]:
    months = sorted({f"{entry.day:%Y-%m}" for entry in drawn})
    of_month = {month: [entry for entry in drawn if f"{entry.day:%Y-%m}" == month] for month in months}
    return {
        "entries": {month: _counts(entries) for month, entries in of_month.items()},
        "silent_departments": {month: _silent(entries) for month, entries in of_month.items()},
        "prices": {month: _prices(entries) for month, entries in of_month.items()},
        "moves": _moves(drawn),
        **sales_changes.figures(events),
    }


def _counts(entries: list[Entry]) -> dict[str, Any]:
    kinds, departments = sorted({each.kind for each in entries}), sorted({each.department for each in entries})
    return {
        "entry_count": len(entries),
        "external_count": sum(each.origin == "外部" for each in entries),
        "known_origin_count": sum(each.origin != "" for each in entries),
        "reliable_count": sum(each.reliability == RELIABLE for each in entries),
        "rated_count": sum(each.reliability != "" for each in entries),
        "reporter_count": len({each.reporter for each in entries}),
        "competitor_count": len({each.rival.maker for each in entries if each.rival}),
        "move_count": sum(each.move != "" for each in entries),
        "price_count": sum(each.price is not None for each in entries),
        "by_kind": {kind: sum(each.kind == kind for each in entries) for kind in kinds},
        "by_department": {name: sum(each.department == name for each in entries) for name in departments},
    }


def _silent(entries: list[Entry]) -> list[str]:
    """Departments of the register of employees in which nobody wrote anything down; all had people all year."""
    departments = {name for _, name, *_ in organisation.OFFICE} | {showroom.name for showroom in company.SHOWROOMS}
    return sorted(departments - {each.department for each in entries})


def _prices(entries: list[Entry]) -> dict[str, float]:
    """The median of what was heard of each rival anywhere, rumours left out."""
    heard: dict[str, list[int]] = {}
    for each in entries:
        if each.rival and each.price is not None and each.reliability != DOUBTFUL:
            heard.setdefault(each.rival.name, []).append(each.price)
    return {name: float(median(prices)) for name, prices in sorted(heard.items())}


def _moves(drawn: tuple[Entry, ...]) -> dict[str, dict[str, Any]]:
    """How often each move was told, and whether somebody is sure or it was told from inside and from outside."""
    told: dict[str, list[Entry]] = {}
    for each in drawn:
        if each.move and each.rival:
            told.setdefault(f"{each.region} {each.rival.name} {each.move}", []).append(each)
    return {
        name: {
            "first": f"{min(each.day for each in entries):%Y-%m-%d}",
            "reports": len(entries),
            "is_confirmed": RELIABLE in {each.reliability for each in entries}
            or {each.origin for each in entries} >= {"内部", "外部"},
        }
        for name, entries in sorted(told.items())
    }
