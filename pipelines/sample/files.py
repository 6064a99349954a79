"""Writes the sample company's tables as files that departments drop.

Belongs here: one function a file family, and the record of what each file holds (FileTruth). Does not belong here:
what happened (events.py), headers and codes (tables.py).
"""

from __future__ import annotations

from pathlib import Path

from pipelines.sample import company, tables
from pipelines.sample.events import Events


def write_files(events: Events, landing: Path) -> None:
    landing.mkdir(parents=True, exist_ok=True)
    months = events.period.months
    for index, showroom in enumerate(company.SHOWROOMS):
        for start in range(0, len(months), 3):
            part = months[start : start + 3]
            tables.visits(events, index, part).write_excel(
                landing / f"{showroom.name}_来店来电客户登记表_{part[0]:%Y%m}-{part[-1]:%Y%m}.xlsx"
            )
    tables.sales(events, ("car",), months).write_csv(landing / "展厅销售明细.csv")
    tables.sales(events, ("fleet",), months).write_excel(landing / "大客户销售明细.xlsx")
    tables.shop_lines(events, months).write_csv(landing / "商城订单明细.csv")
    tables.shop_orders(events, months).write_csv(landing / "商城订单.csv")
    tables.payments(events).write_parquet(landing / "付款记录.parquet")
    tables.customers(events).write_csv(landing / "客户档案.csv")
    tables.products().write_excel(landing / "产品目录.xlsx")
    for version in (1, 2):
        tables.targets(events, version).write_csv(landing / f"销售目标_第{version}版.csv")
    tables.market(events).write_csv(landing / "市场容量.csv")
    tables.complaints_zh(events, months).write_excel(landing / "投诉登记表.xlsx")
    tables.complaints_en(events, months).write_csv(landing / "customer_care_cases.csv")
    tables.invitations(events).write_csv(landing / "满意度调查邀请.csv")
    tables.responses_zh(events, (0, 3)).write_csv(landing / "满意度答卷_电话.csv")
    tables.responses_online(events, (1, 2)).write_ndjson(landing / "survey_export.jsonl")
    (landing / "www_access.log").write_text("\n".join(tables.access_log(events, months)) + "\n")
