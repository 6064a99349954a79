"""Candidate deliveries are read without touching the data folder."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import polars as pl

from pipelines.intake.candidates import read_candidates, remove_abandoned

AS_OF = datetime(2024, 4, 30)
HEADER = "订单号,付款序号,付款时间,金额\n"


def every_file(folder: Path) -> dict[str, tuple[int, bytes]]:
    return {
        str(path.relative_to(folder)): (path.stat().st_mtime_ns, path.read_bytes())
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_candidates_are_read_on_top_of_what_is_there(company, tmp_path: Path) -> None:
    company.drop("payments.csv", (HEADER + "A1,1,2024-03-01,100\n").encode())
    company.run()
    company.drop("not_yet.csv", (HEADER + "A9,1,2024-03-01,9\n").encode())
    candidates = tmp_path / "candidates"
    candidates.mkdir()
    (candidates / "new.csv").write_text(HEADER + "A1,1,2024-03-01,90\nA2,1,someday,5\n")
    (candidates / "broken.xlsx").write_bytes(b"PK\x03\x04nothing")
    before, candidates_before = every_file(company.settings.data_dir), every_file(candidates)
    with read_candidates(company.settings, candidates, AS_OF) as view:
        statuses = sorted(receipt.status for receipt in view.intake.receipts)
        rows = pl.read_parquet(view.settings.lake / "payments" / "*.parquet")
        seen = view.settings.data_dir
    assert statuses == ["partly_accepted", "refused"]
    assert sorted(rows["amount"].cast(pl.Int64)) == [90, 100]
    assert every_file(company.settings.data_dir) == before
    assert every_file(candidates) == candidates_before
    assert not seen.exists()


def test_the_view_of_a_killed_process_is_removed(company) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    abandoned = company.settings.data_dir / f".candidates-{ended.pid}-x"
    in_use = company.settings.data_dir / f".candidates-{os.getpid()}-x"
    for folder in (abandoned, in_use):
        (folder / "vault").mkdir(parents=True)
    remove_abandoned(company.settings.data_dir)
    assert (abandoned.exists(), in_use.exists()) == (False, True)


def test_candidates_for_a_company_that_has_nothing_yet(company, tmp_path: Path) -> None:
    candidates = tmp_path / "candidates"
    candidates.mkdir()
    (candidates / "new.csv").write_text(HEADER + "A1,1,2024-03-01,90\n")
    with read_candidates(company.settings, candidates, AS_OF) as view:
        assert [receipt.status for receipt in view.intake.receipts] == ["accepted"]
    assert [path.name for path in company.settings.data_dir.iterdir()] == []
