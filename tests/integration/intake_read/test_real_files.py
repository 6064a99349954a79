"""Real files of real organisations: every one reads, with the row counts that their publishers state."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from pipelines.intake.read import BROKEN, SKIP, RawTable, read_file

DATASETS = Path(__file__).resolve().parents[4] / "shared" / "datasets"
pytestmark = pytest.mark.skipif(not DATASETS.is_dir(), reason="the real data sets are not beside the project")

# file -> kind, encoding, rows after the header, of which skipped, columns
FILES = {
    "complaints_cars_zh/car_complain_L1.csv": ("csv", "utf-8", 600, 0, 8),
    "complaints_cfpb/Consumer_Complaints.xlsx": ("workbook", "", 62_516, 0, 12),
    "complaints_comcast/Comcast_telecom_complaints_data.csv": ("csv", "utf-8", 2_224, 0, 11),
    "gb18030_zh/产品表.csv": ("csv", "gb18030", 158, 0, 4),
    "gb18030_zh/客户.csv": ("csv", "gb18030", 18_484, 0, 1),
    "gb18030_zh/日期表.csv": ("csv", "gb18030", 1_461, 0, 8),
    "olist/olist_customers_dataset.csv": ("csv", "utf-8", 99_441, 0, 5),
    "olist/olist_order_items_dataset.csv": ("csv", "utf-8", 112_650, 0, 7),
    "olist/olist_order_payments_dataset.csv": ("csv", "utf-8", 103_886, 0, 5),
    "olist/olist_order_reviews_dataset.csv": ("csv", "utf-8", 99_224, 0, 7),
    "olist/olist_orders_dataset.csv": ("csv", "utf-8", 99_441, 0, 8),
    "olist_funnel/olist_closed_deals_dataset.csv": ("csv", "utf-8", 842, 0, 14),
    "olist_funnel/olist_marketing_qualified_leads_dataset.csv": ("csv", "utf-8", 8_000, 0, 4),
    "orders_taobao_zh/1月销售数据.xls": ("workbook", "", 80, 0, 18),
    "orders_taobao_zh/5月销售数据.xls": ("workbook", "", 168, 0, 18),
    "orders_taobao_zh/TB2018_订单明细_529.xlsx": ("workbook", "", 528, 0, 23),
    "orders_taobao_zh/TB2_订单_2660.xls": ("workbook", "", 2_660, 0, 29),
    "orders_taobao_zh/mingribooks_704.xls": ("workbook", "", 704, 0, 21),
    "sales_targets_india/List of Orders.csv": ("csv", "utf-8", 560, 60, 5),
    "sales_targets_india/Order Details.csv": ("csv", "utf-8", 1_500, 0, 6),
    "sales_targets_india/Sales target.csv": ("csv", "utf-8-sig", 36, 0, 3),
    "web_access_log/access.log": ("access_log", "utf-8", 10_000, 0, 10),
}


def read_whole(name: str) -> tuple[RawTable, pl.DataFrame]:
    results = list(read_file(DATASETS / name))
    assert len(results) == 1, results
    table = results[0]
    assert isinstance(table, RawTable), table
    return table, pl.concat(list(table.batches()))


@pytest.mark.parametrize("name", FILES)
def test_every_row_of_a_real_file(name: str) -> None:
    kind, encoding, rows, skipped, columns = FILES[name]
    table, frame = read_whole(name)
    assert (table.file_kind, table.encoding, len(table.header)) == (kind, encoding, columns)
    assert frame.height == rows
    assert frame[SKIP].is_not_null().sum() == skipped
    assert frame[BROKEN].is_not_null().sum() == 0


def test_the_broken_reviews_in_parquet() -> None:
    names = sorted(path.relative_to(DATASETS) for path in (DATASETS / "olist_broken_reviews").glob("*.parquet"))
    assert sum(read_whole(str(name))[1].height for name in names) == 104_162


def test_headers_twice_the_same_and_with_trailing_blanks() -> None:
    header = read_whole("orders_taobao_zh/mingribooks_704.xls")[0].header
    assert {"宝贝种类", "宝贝种类#2", "物流单号", "物流单号#2"} <= set(header)
    assert all(name == name.strip() for name in header)


def test_stars_of_the_reviews_and_status_codes_of_the_log() -> None:
    stars = read_whole("olist/olist_order_reviews_dataset.csv")[1]["review_score"].value_counts()
    assert dict(stars.iter_rows()) == {"1": 11_424, "2": 3_151, "3": 8_179, "4": 19_142, "5": 57_328}
    log = read_whole("web_access_log/access.log")[1]
    assert log["client_address"].n_unique() == 1_753
    codes = dict(log["status_code"].value_counts().iter_rows())
    expected = {"200": 9_126, "304": 445, "404": 213, "301": 164, "206": 45, "500": 3, "403": 2, "416": 2}
    assert codes == expected


def test_payments_of_taobao_sum_as_published() -> None:
    frame = read_whole("orders_taobao_zh/TB2_订单_2660.xls")[1]
    paid = frame["买家实际支付金额"].cast(pl.Decimal(18, 2))
    assert str(paid.sum()) == "412600.83"
    assert paid.filter(paid > 0).len() == 2_274
