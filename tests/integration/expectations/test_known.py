"""What the gates remember of deliveries changes no result: after any sequence it is as if all were read anew."""

from __future__ import annotations

import random
from datetime import date
from pathlib import Path

import duckdb
import pytest

from expectations import known
from expectations.measures import Delivery, measure_file
from expectations.suites import load_suite
from pipelines.settings import Settings

from .conftest import Deliveries

SOURCES = ("complaints", "visits")
Judged = dict[str, object]


def judged(settings: Settings, known_file: Path | None) -> Judged:
    """Which deliveries count, and every value measured of them."""
    found: Judged = {}
    with measure_file(settings.database_config(), known_file) as measures:
        measures.read_receipts(settings.lake)
        for source in SOURCES:
            if (settings.lake / source).is_dir():
                measures.find_judged(settings.lake, source)
        found["judged"] = measures.judged()
        for source in sorted({each.source for each in measures.judged().values()}):
            suite = load_suite(settings.expectations_dir / "suites" / "sources" / f"{source}.yml")
            measures.measure_source(settings.lake, source, suite)
        return found | {f"{table}.{check}": values for (table, check), values in measures.values.items()}


def add_any(deliveries: Deliveries, number: int, luck: random.Random) -> None:
    """A delivery of few keys or scopes, so that it supersedes others in part or whole."""
    name = f"{luck.randrange(2**32):08x}{number}"
    if luck.random() < 0.5:
        keys = luck.sample(range(8), luck.randint(1, 4))
        rows = [
            {"ledger_record_key": f"k{key}", "complaint_id": f"k{key}", "received_date": date(2026, 3, 1)}
            for key in keys
        ]
        earlier = [each["delivery_id"] for each in deliveries.receipts if each["source"] == "complaints"]
        amends = luck.choice(earlier) if earlier and luck.random() < 0.2 else None
        deliveries.add(name, "complaints", rows, amends=amends)
    else:
        scopes = luck.sample(["north|2026-01", "north|2026-02", "south|2026-01"], luck.randint(1, 2))
        deliveries.add(name, "visits", [{"ledger_scope": scope, "visited_date": date(2026, 1, 5)} for scope in scopes])


@pytest.mark.parametrize("seed", range(3))
def test_followed_or_found_anew_is_the_same(
    deliveries: Deliveries, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setattr(known, "WITNESSES", 1 + seed)
    monkeypatch.setattr(known, "ROWS_LOOKED_AT", 2)
    luck = random.Random(seed)
    for number in range(8):
        if deliveries.receipts and luck.random() < 0.15:  # a reading is done again under another mapping
            deliveries.receipts.pop(luck.randrange(len(deliveries.receipts)))
        for part in range(luck.randint(1, 3)):
            add_any(deliveries, number * 10 + part, luck)
        settings = deliveries.close()
        followed = judged(settings, tmp_path / "known.duckdb")
        assert followed == judged(settings, tmp_path / f"new{number}.duckdb")
        assert followed["judged"] == counting(settings)


def counting(settings: Settings) -> dict[str, object]:
    """By the plain rule: a delivery counts while one of its rows is the newest of its key or scope."""
    with measure_file(settings.database_config()) as measures:
        measures.read_receipts(settings.lake)
        connection = measures.connection
        alive = set()
        for source in SOURCES:
            if (settings.lake / source).is_dir():
                units = known.UNITS.format(files=f"'{settings.lake / source}/*.parquet'")
                rows = connection.execute(
                    f"SELECT delivery_id FROM ({units}) QUALIFY place = max(place) OVER (PARTITION BY unit)"
                ).fetchall()
                alive |= {name for (name,) in rows}
        described = connection.execute("SELECT delivery_id, source, file_name FROM readings").fetchall()
    return {name: Delivery(source, file) for name, source, file in described if name in alive}


def test_only_new_deliveries_are_read(deliveries: Deliveries, tmp_path: Path) -> None:
    """An old delivery's file may even be gone from its place; nobody looks."""
    rows = [{"ledger_record_key": f"k{number}", "complaint_id": f"k{number}"} for number in range(3)]
    deliveries.add("old", "complaints", rows)
    first = judged(deliveries.close(), tmp_path / "known.duckdb")
    file = deliveries.settings.lake / "complaints" / "old.parquet"
    file.write_bytes(b"nobody reads this")
    deliveries.add("new", "complaints", [{"ledger_record_key": "k9", "complaint_id": "k9"}])
    with duckdb.connect(str(tmp_path / "known.duckdb"), read_only=True) as connection:
        recipes = connection.execute("SELECT count(DISTINCT recipe) FROM measured").fetchall()[0][0]
    assert recipes == 2, "what depends on the moment of the run is kept for that moment alone"
    second = judged(deliveries.close(), tmp_path / "known.duckdb")
    assert set(second["judged"]) == {"old", "new"}  # type: ignore[call-overload]
    for name, values in first.items():
        if name != "judged":
            assert second[name]["old"] == values["old"] if values else True  # type: ignore[index]
