"""What the field teams wrote down: the shops they established day by day, and when they reported.

Belongs here: days of the teams of three showrooms, with what is planted in them: days below target and days without any
record, shops too small, with too few people, without a photo or in another region, reports that came late.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from pipelines.sample import company, layouts
from pipelines.sample.events import Events
from pipelines.sample.files import FileTruth, account

TEAMS = (0, 1, 2)
WORKERS_OF_A_TEAM = 2
SPANS = ((date(2026, 9, 7), date(2026, 9, 18)), (date(2026, 10, 12), date(2026, 10, 30)))  # weekdays all worked
BELOW_TARGET, NO_RECORD, LATE = 0.15, 0.05, 0.12
TOO_SMALL, TOO_FEW, NO_PHOTO, ELSEWHERE = 0.07, 0.08, 0.05, 0.03
FRIDAY = 4
IN_ENGLISH = {
    "活动日期": "Activity date", "外拓人员": "Field worker", "活动类型": "Activity type", "门店面积": "Shop area",
    "接触人数": "People approached", "产生咨询数": "Enquiries produced", "收集客户资料数": "Contacts collected",
    "照片已存档": "Photo filed", "区域": "Region", "门店所在区域": "Region of the shop", "上报时间": "Reported at",
    "团队": "Team",
}  # fmt: skip
ENGLISH_CELLS = {"建店": "Shop established", "是": "Yes", "否": "No", "华南": "South China", "华东": "East China"}


@dataclass(frozen=True)
class Shop:
    """One shop that a worker established on a day."""

    team: int
    worker: str
    day: date
    area: int
    people: int
    enquiries: int
    contacts: int
    has_photo: bool
    is_elsewhere: bool
    reported_at: datetime

    @property
    def is_up_to_standard(self) -> bool:
        return self.area >= 50 and self.people >= 3 and self.has_photo and not self.is_elsewhere

    @property
    def is_in_time(self) -> bool:
        return self.reported_at <= datetime.combine(
            self.day, time(17, 0) if self.day.weekday() == FRIDAY else time(17, 30)
        )


def draw(events: Events, rng: np.random.Generator) -> tuple[Shop, ...]:
    """Every shop of every team's days."""
    workers = [(team, name) for team in TEAMS for name in company.SHOWROOMS[team].consultants[:WORKERS_OF_A_TEAM]]
    return tuple(
        shop for team, worker in workers for span in SPANS for day in weekdays(*span)
        for shop in draw_day(team, worker, day, rng)
    )  # fmt: skip


def weekdays(first: date, last: date) -> list[date]:
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    return [day for day in days if day.weekday() < 5]


def draw_day(team: int, worker: str, day: date, rng: np.random.Generator) -> list[Shop]:
    """The shops of one worker on one day, none of them where the day was not recorded."""
    if rng.random() < NO_RECORD:
        return []
    count = int(rng.integers(1, 4)) if rng.random() < BELOW_TARGET else int(rng.integers(4, 6))
    end = datetime.combine(day, time(17, 0))
    minutes = rng.integers(31, 300) if rng.random() < LATE else -rng.integers(1, 90)
    reported_at = end + timedelta(minutes=int(minutes))
    return [
        Shop(
            team, worker, day,
            int(rng.integers(20, 50) if rng.random() < TOO_SMALL else rng.integers(50, 240)),
            int(rng.integers(1, 3) if rng.random() < TOO_FEW else rng.integers(3, 9)),
            int(rng.integers(0, 4)), int(rng.integers(0, 3)),
            bool(rng.random() >= NO_PHOTO), bool(rng.random() < ELSEWHERE), reported_at,
        )
        for _ in range(count)
    ]  # fmt: skip


def write(drawn: tuple[Shop, ...], events: Events, landing: Path) -> list[FileTruth]:
    """A workbook, a GB18030 text and an English text, one a team."""
    tables = [cells([shop for shop in drawn if shop.team == team]) for team in TEAMS]
    names = [company.SHOWROOMS[team].name for team in TEAMS]
    workbook, text, english = (
        f"{names[0]}外拓日报.xlsx",
        f"{names[1]}外拓日报.csv",
        "Guangzhou field team daily reports.csv",
    )
    sheet = layouts.Sheet("外拓日报", tables[0], ("渠道外拓日报表",))
    layouts.write_workbook(landing / workbook, [sheet])
    (landing / text).write_bytes(layouts.csv_bytes(tables[1], "gb18030"))
    translated = tables[2].with_columns(pl.col(pl.String).replace(ENGLISH_CELLS)).rename(IN_ENGLISH)
    (landing / english).write_bytes(layouts.csv_bytes(translated))
    return [
        account(workbook, "field_activities", tables[0].height, sheet=sheet.name),
        account(text, "field_activities", tables[1].height),
        account(english, "field_activities", tables[2].height),
    ]


def cells(shops: Sequence[Shop]) -> pl.DataFrame:
    """A team's report as it is typed."""
    own = [company.SHOWROOMS[shop.team].region for shop in shops]
    elsewhere = {"华北": "华东", "华东": "华南", "华南": "华东"}
    return pl.DataFrame(
        {
            "活动日期": [f"{shop.day:%Y-%m-%d}" for shop in shops],
            "外拓人员": [shop.worker for shop in shops],
            "活动类型": ["建店"] * len(shops),
            "门店面积": [str(shop.area) for shop in shops],
            "接触人数": [str(shop.people) for shop in shops],
            "产生咨询数": [str(shop.enquiries) for shop in shops],
            "收集客户资料数": [str(shop.contacts) for shop in shops],
            "照片已存档": ["是" if shop.has_photo else "否" for shop in shops],
            "区域": own,
            "门店所在区域": [
                elsewhere[region] if shop.is_elsewhere else region for region, shop in zip(own, shops, strict=True)
            ],
            "上报时间": [f"{shop.reported_at:%Y-%m-%d %H:%M}" for shop in shops],
            "团队": [company.SHOWROOMS[shop.team].name for shop in shops],
        }
    )


def figures(drawn: tuple[Shop, ...], events: Events) -> dict[str, Any]:
    """Each month against its targets: activity, quality, punctuality."""
    return {
        f"{span[0]:%Y-%m}": month_figures([shop for shop in drawn if span[0] <= shop.day <= span[1]]) for span in SPANS
    }


def month_figures(shops: list[Shop]) -> dict[str, int]:
    """A worker's days run from the first to the last that is recorded in the month."""
    days: dict[tuple[str, date], list[Shop]] = {}
    for shop in shops:
        days.setdefault((shop.worker, shop.day), []).append(shop)
    expected = sum(
        len(
            weekdays(min(day for name, day in days if name == worker), max(day for name, day in days if name == worker))
        )
        for worker in {worker for worker, _ in days}
    )
    return {
        "day_count": expected,
        "reported_day_count": len(days),
        "target_met_day_count": sum(len(of_day) >= 4 for of_day in days.values()),
        "shop_count": len(shops),
        "standard_shop_count": sum(shop.is_up_to_standard for shop in shops),
        "people_approached_count": sum(shop.people for shop in shops),
        "enquiry_count": sum(shop.enquiries for shop in shops),
        "contact_count": sum(shop.contacts for shop in shops),
        "in_time_count": sum(of_day[0].is_in_time for of_day in days.values()),
        "judged_report_count": expected,
    }
