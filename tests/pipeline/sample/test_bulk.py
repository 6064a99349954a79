"""The company at any size: drawn in blocks that fit together, a file a month, with an account that is right."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from pipelines.sample import bulk
from pipelines.sample.files import FileTruth

VISITS, MONTHS, SEED = 6_000, 4, 3


@pytest.fixture(scope="module")
def landing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("landing")


@pytest.fixture(scope="module")
def accounts(landing: Path) -> list[FileTruth]:
    return write(landing)


def write(folder: Path) -> list[FileTruth]:
    """In three blocks."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bulk, "MOST_PEOPLE_IN_A_BLOCK", VISITS * (MONTHS + bulk.BURN_IN_MONTHS) // MONTHS // 3 + 1)
        return bulk.write_landing(folder, VISITS, MONTHS, SEED, faults=bulk.FAULTS)


def rows(landing: Path, pattern: str) -> pl.DataFrame:
    return pl.concat(pl.read_csv(path, infer_schema=False) for path in sorted(landing.glob(pattern)))


def test_visits_come_at_the_size_asked_for_and_every_file_is_accounted_for(
    landing: Path, accounts: list[FileTruth]
) -> None:
    assert {path.name for path in landing.iterdir()} == {each.file for each in accounts}
    registers = [each for each in accounts if each.source == "visits" and "更正" not in each.file]
    assert sum(each.rows_read for each in registers) == pytest.approx(VISITS, rel=0.15)
    for each in accounts:
        if each.file.endswith(".csv"):
            assert pl.read_csv(landing / each.file, infer_schema=False).height == each.rows_read, each.file


def test_the_same_seed_writes_the_same_bytes_and_an_older_landing_does_not_stay(
    landing: Path, accounts: list[FileTruth], tmp_path: Path
) -> None:
    write(tmp_path)
    assert write(tmp_path) == accounts
    assert all((tmp_path / path.name).read_bytes() == path.read_bytes() for path in landing.iterdir())


def test_numbers_of_one_block_are_not_those_of_another(landing: Path, accounts: list[FileTruth]) -> None:
    customers = rows(landing, "*_customers.csv")
    assert customers["客户编号"].is_unique().all()
    assert customers["联系电话"].is_unique().all()
    assert customers["客户名称"].null_count() == 0
    headers = rows(landing, "*_orders.csv")
    assert headers.unique("订单编号").height > 0.9 * headers.height
    assert rows(landing, "*_survey_responses.csv")["response_id"].is_unique().all()


def test_whoever_bought_had_come_before(landing: Path, accounts: list[FileTruth]) -> None:
    """Most of the last month's car buyers are in a register of these months, across all blocks."""
    last = sorted(landing.glob("*_sales.csv"))[-1]
    cars = pl.read_csv(last, infer_schema=False).filter(pl.col("部门").str.ends_with("展厅"))
    visitors = rows(landing, "*_visits_*.csv")["联系电话"].drop_nulls().unique()
    assert cars["联系电话"].is_in(visitors.implode()).mean() > 0.9


def test_an_order_sent_twice_is_paid_first_and_delivered_later(landing: Path, accounts: list[FileTruth]) -> None:
    by_arrival = rows(landing, "*_orders.csv").group_by("订单编号", maintain_order=True).agg("订单状态")
    again = by_arrival.filter(pl.col("订单状态").list.len() > 1)["订单状态"].to_list()
    assert again
    assert all(statuses == ["已付款", "已交付"] for statuses in again)


def test_a_register_sent_again_holds_more_than_the_first(landing: Path, accounts: list[FileTruth]) -> None:
    corrections = [each for each in accounts if "更正" in each.file]
    assert corrections
    read = {each.file: each.rows_read for each in accounts}
    for each in corrections:
        showroom, month = each.file.split("_")[2], each.file.removesuffix(".csv").split("_")[-1]
        assert each.file[:7] > month
        assert each.rows_read > read[f"{month}_visits_{showroom}.csv"] > 0.9 * each.rows_read


def test_faults_are_counted_as_planted(landing: Path, accounts: list[FileTruth]) -> None:
    visits = rows(landing, "*_visits_*.csv")
    registers = [each for each in accounts if each.source == "visits"]
    assert sum(each.rows_rejected for each in registers) == visits.filter(pl.col("日期") == "2026-02-30").height > 0
    assert sum(each.rows_waiting for each in registers) == visits.filter(pl.col("信息来源") == "元宇宙").height > 0
    assert "2026-02-30" not in rows(landing, "*_sales.csv")["下单时间"].to_list()
