"""The invariants Counted, Once and Rerun equals run, over random sequences of deliveries."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

REGISTER = "日期,姓名,电话,来店方式,信息来源,级别,门店\n"
VISITS = {
    "north_march": REGISTER
    + "2024-03-01,王小明,13911112221,来店,报纸,A,北店\n2024-03-02,李小红,13911112222,来电,电视,H,北店\n",
    # The same month sent again: one row left out, one changed, one new, one that cannot be read.
    "north_march_again": REGISTER
    + "2024-03-02,李小红,13911112222,来店,电视,O,北店\n2024-03-05,赵大海,13911112223,来店,网络,B,北店\n"
    + "不知道,钱多多,13911112224,来店,网络,B,北店\n",
    "south_march": REGISTER + "2024-03-03,孙丽,13911112225,来店,报纸,C,南店\n",
    "north_april": REGISTER + "2024-04-03,周杰,13911112226,来店,报纸,C,北店\n",
}
PAYMENTS = {
    "payments": "订单号,付款序号,付款时间,金额\nA1,1,2024-03-01 10:00:00,100.50\nA1,2,2024-03-02 10:00:00,9.50\n",
    "payments_corrected": "订单号,付款序号,付款时间,金额\nA1,1,2024-03-01 10:00:00,90\nA2,1,2024-03-09 10:00:00,1\n",
}
REFUSED = {"empty": b"", "not_a_workbook": b"PK\x03\x04 this is no zip at all"}
UNKNOWN = {"unknown": "fleck,schnurz\n1,2\n"}
CONTENTS: dict[str, bytes] = {
    **{name: content.encode() for name, content in {**VISITS, **PAYMENTS, **UNKNOWN}.items()},
    **REFUSED,
}
SOURCES = ("visits", "payments")


def state(company) -> dict[str, object]:
    """What a reader of the lake sees: the rows that count, and every table but the run's own."""
    tables = company.tables()
    tables.pop("lake/run_context/run_context.parquet")
    return {**tables, **{source: company.current(source).rows() for source in SOURCES}}


def random_sequence(random_numbers: random.Random) -> list[str]:
    names = sorted(CONTENTS)
    return [random_numbers.choice(names) for _ in range(random_numbers.randint(4, 9))]


@pytest.mark.parametrize("seed", range(5))
def test_however_deliveries_are_grouped_into_runs_the_tables_are_the_same(make_company, seed: int) -> None:
    random_numbers = random.Random(seed)
    sequence = random_sequence(random_numbers)
    states = []
    for grouping in ("one run", "a run each", "random"):
        company = make_company()
        for place, name in enumerate(sequence):
            company.drop(f"{place:02d} {name}.csv", CONTENTS[name])
            if grouping == "a run each" or (grouping == "random" and random_numbers.random() < 0.4):
                company.run()
                if random_numbers.random() < 0.3:
                    company.run()
        company.run()
        states.append(state(company))
        assert_counted(company)
    assert states[0] == states[1] == states[2]


def assert_counted(company) -> None:
    receipts = company.receipts()
    accounted = pl.sum_horizontal("rows_accepted", "rows_rejected", "rows_waiting", "rows_skipped")
    assert receipts.filter(pl.col("rows_read") != accounted).is_empty()
    for receipt in receipts.filter(pl.col("status").is_in(["repeated", "refused"]).not_()).iter_rows(named=True):
        source, name = receipt["source"] or "unrecognised", f"{receipt['delivery_id']}.parquet"
        data = company.settings
        accepted = data.lake / source / name
        assert (len(pl.read_parquet(accepted)) if accepted.exists() else 0) == receipt["rows_accepted"]
        kept = data.quarantine / source / name
        in_quarantine = pl.read_parquet(kept)["status"].to_list() if kept.exists() else []
        for status in ("rejected", "waiting", "skipped"):
            assert in_quarantine.count(status) == receipt[f"rows_{status}"]


def test_a_month_sent_again_replaces_the_month_and_sent_as_before_returns_to_it(company) -> None:
    company.drop("1.csv", CONTENTS["north_march"])
    company.drop("2.csv", CONTENTS["south_march"])
    company.run()
    first = company.current("visits")
    assert first["visited_date"].dt.to_string("%d").to_list() == ["01", "02", "03"] or len(first) == 3
    company.drop("3.csv", CONTENTS["north_march_again"])
    company.run()
    again = company.current("visits").sort("visited_date")
    assert again["visited_date"].dt.day().to_list() == [2, 3, 5]
    assert again.filter(pl.col("visited_date").dt.day() == 2)["intent_level"].to_list() == ["O"]
    company.drop("4.csv", CONTENTS["north_march"])
    result = company.run()
    assert [receipt.status for receipt in result.receipts] == ["repeated"]
    assert company.current("visits").equals(first)


def test_the_same_content_while_it_is_the_newest_changes_nothing(company) -> None:
    company.drop("1.csv", CONTENTS["payments"])
    company.run()
    before = company.current("payments")
    company.drop("copy.csv", CONTENTS["payments"])
    company.run()
    assert company.current("payments").equals(before)
    assert len(before) == 2


def test_a_run_with_nothing_new_opens_no_file_and_writes_nothing(company, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, content in CONTENTS.items():
        company.drop(f"{name}.csv", content)
    company.run()
    folders = [company.settings.lake, company.settings.quarantine, company.settings.vault]
    before = {path: path.stat().st_mtime_ns for folder in folders for path in folder.rglob("*.parquet")}

    def no_reading(*_: object) -> None:
        raise AssertionError("a file was opened")

    monkeypatch.setattr("pipelines.intake.readings.read_file", no_reading)
    result = company.run()
    assert result.receipts == ()
    assert before == {path: path.stat().st_mtime_ns for folder in folders for path in folder.rglob("*.parquet")}


RUN = """
import os, signal, sys
from datetime import datetime
from pathlib import Path
from pipelines.intake.deliver import take_deliveries
from pipelines.intake.lake import TableWriter
from pipelines.settings import Settings

settings = Settings(data_dir=Path(sys.argv[1]), key_file=Path(sys.argv[2]))
steps_left, is_before = int(sys.argv[3]), sys.argv[4] == "before"

def killing(step):
    def killed(*arguments, **named):
        global steps_left
        steps_left -= 1
        if steps_left == 0 and is_before:
            os.kill(os.getpid(), signal.SIGKILL)
        result = step(*arguments, **named)
        if steps_left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return result
    return killed

Path.rename, Path.replace = killing(Path.rename), killing(Path.replace)
TableWriter.write = killing(TableWriter.write)
take_deliveries(settings, datetime(2024, 4, 30, 15, 59, 59))
"""


def test_killed_at_random_points_and_run_again_gives_the_same_tables(make_company) -> None:
    """Each kill comes right before or after one of the steps that change a file."""
    sequence = [name for name in CONTENTS for _ in range(2)]
    whole, killed = make_company(), make_company()
    for company in (whole, killed):
        for place, name in enumerate(sequence):
            company.drop(f"{place:02d} {name}.csv", CONTENTS[name])
    whole.run()
    random_numbers = random.Random(7)
    paths = [str(killed.settings.data_dir), str(killed.settings.key_file)]
    kills = 0
    for _ in range(20):
        point = [str(random_numbers.randint(1, 14)), random_numbers.choice(["before", "after"])]
        finished = subprocess.run([sys.executable, "-c", RUN, *paths, *point], check=False)
        assert finished.returncode in (0, -signal.SIGKILL)
        kills += finished.returncode == -signal.SIGKILL
    killed.run()
    assert kills >= 15
    assert state(killed) == state(whole)
    assert list(killed.settings.data_dir.rglob("*.tmp-*")) == []


def test_no_personal_value_stands_outside_originals_and_vault(company) -> None:
    for name, content in CONTENTS.items():
        company.drop(f"{name}.csv", content)
    company.run()
    persons = [
        cell for content in VISITS.values() for line in content.splitlines()[1:] for cell in line.split(",")[1:3]
    ]
    kept = company.tables(company.settings.lake, company.settings.quarantine)
    shown = "\n".join(str(cell) for rows in kept.values() for row in rows for cell in row)
    assert [person for person in persons if person in shown] == []
    vault = "\n".join(str(rows) for rows in company.tables(company.settings.vault).values())
    accepted = [person for person in persons if person not in ("钱多多", "13911112224")]
    assert [person for person in accepted if person not in vault] == []


def test_a_reading_by_an_older_contract_gives_way_to_the_present_one(company, tmp_path: Path) -> None:
    company.drop("unknown.csv", CONTENTS["unknown"])
    first = company.run()
    assert [receipt.status for receipt in first.receipts] == ["waiting"]
    mapping = "source: products\nfiles: unknown.csv\ncolumns: {fleck: product_id, schnurz: product_name}\n"
    company.settings.mappings.mkdir()
    (company.settings.mappings / "unknown.yml").write_text(mapping)
    second = company.run()
    assert [(receipt.status, receipt.source) for receipt in second.receipts] == [("accepted", "products")]
    assert second.receipts[0].arrival_number == first.receipts[0].arrival_number
    assert company.current("products")["product_id"].to_list() == ["1"]
    (company.settings.mappings / "unknown.yml").unlink()
    assert company.run().receipts == ()
    assert company.current("products").is_empty()
