"""What people have now: a script that reads the files with pandas and adds up the months of the summary.

It computes the figures whose definition is the same without identity or history: visits, contact left, sales, orders,
complaints, for every month. It must skip what intake rejects and keep the newest of what was sent twice, or its figures
would differ from the published ones.
"""

from __future__ import annotations

import math
from pathlib import Path

import pandas as pd

METRICS = ("visit_count", "contact_left_rate", "sales_amount", "order_count", "complaint_count")
CHANNELS = ("报纸", "电视", "基盘", "店头宣传", "电话预约", "网络", "朋友介绍")
TOLERANCE = 1e-9


def summaries(landing: Path) -> pd.DataFrame:
    """One row a month, one column a metric."""
    return pd.concat([visits(landing), sales(landing), complaints(landing)], axis=1)


def read(landing: Path, pattern: str, columns: list[str]) -> pd.DataFrame:
    """All files of a pattern, the oldest first; `arrival` is the name of each row's file."""
    files = sorted(landing.glob(pattern))
    return pd.concat(
        (pd.read_csv(file, usecols=columns, dtype=str).assign(arrival=file.name) for file in files), ignore_index=True
    )


def visits(landing: Path) -> pd.DataFrame:
    rows = read(landing, "*_visits_*.csv", ["日期", "联系电话", "信息来源", "展厅"])
    rows["date"] = pd.to_datetime(rows["日期"], format="%Y-%m-%d", errors="coerce")
    rows = rows[rows["date"].notna() & (rows["信息来源"].isin(CHANNELS) | rows["信息来源"].isna())]
    rows["month"] = rows["date"].dt.strftime("%Y-%m")
    rows = rows[rows["arrival"] == rows.groupby(["展厅", "month"])["arrival"].transform("max")]
    by_month = rows.groupby("month")
    return pd.DataFrame(
        {"visit_count": by_month.size(), "contact_left_rate": by_month["联系电话"].count() / by_month.size()}
    )


def sales(landing: Path) -> pd.DataFrame:
    rows = read(landing, "*_sales.csv", ["订单编号", "行号", "下单时间", "金额", "订单状态", "行类型"])
    rows["amount"] = pd.to_numeric(rows["金额"], errors="coerce")
    rows = rows[rows["amount"].notna()].drop_duplicates(["订单编号", "行号"], keep="last")
    rows = rows[(rows["订单状态"] != "已取消") & rows["行类型"].isin(["销售", "退款"])]
    sold = rows[rows["行类型"] == "销售"]
    return pd.DataFrame(
        {
            "sales_amount": rows.groupby(rows["下单时间"].str[:7])["amount"].sum(),
            "order_count": sold.groupby(sold["下单时间"].str[:7])["订单编号"].nunique(),
        }
    )


def complaints(landing: Path) -> pd.DataFrame:
    chinese = read(landing, "*_complaints.csv", ["投诉编号", "受理时间", "反馈类型"])
    chinese = chinese[chinese["投诉编号"].notna() & (chinese["反馈类型"] == "投诉")]
    english = read(landing, "*_cases.csv", ["Case ID", "Received at", "Kind"])
    english = english[english["Kind"] == "Complaint"]
    received = pd.concat(
        [
            pd.to_datetime(chinese["受理时间"], format="%Y/%m/%d %H:%M"),
            pd.to_datetime(english["Received at"], format="%d-%m-%Y %H:%M"),
        ]
    )
    return pd.DataFrame({"complaint_count": received.groupby(received.dt.strftime("%Y-%m")).size()})


def differences(found: pd.DataFrame, published: Path) -> list[str]:
    """Where these figures and the published ones are not the same."""
    import duckdb

    with duckdb.connect(str(published / "leadership.duckdb"), read_only=True) as connection:
        rows = connection.execute(
            "select strftime(month_start, '%Y-%m'), metric, value from rpt_monthly_summary"
            " where region = 'all' and segment = 'all' and metric in (select unnest(?))",
            [list(METRICS)],
        ).fetchall()
    stated = {(month, metric): value or 0.0 for month, metric, value in rows}
    counted = {(str(place[0]), str(place[1])): float(value) for place, value in found.fillna(0).stack().items()}
    return [
        f"{month} {metric}: published {stated.get((month, metric), 0)}, by pandas {counted.get((month, metric), 0)}"
        for month, metric in sorted(stated.keys() | counted.keys())
        if not math.isclose(stated.get((month, metric), 0), counted.get((month, metric), 0), rel_tol=TOLERANCE)
    ]
