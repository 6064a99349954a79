"""What a publication holds, what a failed gate holds back, and what readers see while versions change."""

from __future__ import annotations

import json
import multiprocessing
import re
import stat
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from expectations.results import CheckResult
from pipelines.errors import MarketLedgerError
from pipelines.settings import Settings
from pipelines.warehouse import publish as publishing
from pipelines.warehouse.candidate import Sources
from pipelines.warehouse.catalog import Catalog
from pipelines.warehouse.publish import current_folder, publish, rollback

from .conftest import AS_OF, failed, tables_of

Build = Callable[[int], None]


def leadership(settings: Settings) -> dict[str, list[tuple[object, ...]]]:
    folder = current_folder(settings.published)
    assert folder is not None
    return tables_of(folder / "leadership.duckdb")


def without_moments(tables: dict[str, list[tuple[object, ...]]]) -> dict[str, list[tuple[object, ...]]]:
    about = ("publication", "publication_sections", "passports")
    return {name: rows for name, rows in tables.items() if name not in about}


def test_the_same_warehouse_gives_the_same_tables(settings: Settings, catalog: Catalog, build: Build) -> None:
    build(1)
    publish(settings, [], AS_OF, catalog=catalog)
    first = without_moments(leadership(settings))
    publish(settings, [], AS_OF, catalog=catalog)
    assert without_moments(leadership(settings)) == first
    assert len(first["fct_sales"]) == 200


def test_leadership_has_no_hash_no_mask_no_free_text(settings: Settings, catalog: Catalog, build: Build) -> None:
    build(1)
    publish(settings, [], AS_OF, catalog=catalog)
    hashes = re.compile(r"[0-9a-f]{32}|\*\*\*\*|no calls")
    for name, rows in leadership(settings).items():
        for row in rows:
            assert not any(hashes.search(str(value)) for value in row), (name, row)


def test_numbers_stand_for_the_same_person_in_every_table(settings: Settings, catalog: Catalog, build: Build) -> None:
    build(1)
    folder = publish(settings, [], AS_OF, catalog=catalog).folder
    with duckdb.connect(str(folder / "leadership.duckdb"), read_only=True) as connection:
        pairs = connection.execute(
            "SELECT count(DISTINCT sales.person_key), bool_and(sales.person_key = visits.person_key)"
            " FROM fct_visits AS visits JOIN fct_sales AS sales USING (ledger_row_number)"
            " WHERE visits.person_key IS NOT NULL"
        ).fetchone()
    assert pairs == (50, True)


def test_analysts_keep_surrogates_and_operations_is_private(settings: Settings, catalog: Catalog, build: Build) -> None:
    build(1)
    folder = publish(settings, [], AS_OF, catalog=catalog).folder
    row = tables_of(folder / "analysts.duckdb")["fct_sales"][0]
    assert any(re.fullmatch(r"[0-9a-f]{32}", str(value)) for value in row)
    assert stat.S_IMODE((folder / "operations.duckdb").stat().st_mode) == 0o600


def test_a_failed_section_keeps_its_tables_and_lets_the_others_out(
    settings: Settings, catalog: Catalog, build: Build
) -> None:
    build(1)
    publish(settings, [], AS_OF, catalog=catalog)
    before = leadership(settings)
    build(2)
    publication = publish(settings, [failed("sales")], AS_OF, catalog=catalog)
    after = leadership(settings)

    for held in ("rpt_sales", "fct_sales"):
        assert after[held] == before[held]
    assert after["rpt_visits"] != before["rpt_visits"]
    of_sales = [row for row in after["rpt_monthly_summary"] if row[3] == "sales"]
    assert of_sales == [row for row in before["rpt_monthly_summary"] if row[3] == "sales"]
    of_visitors = [row for row in after["rpt_monthly_summary"] if row[3] == "visitors"]
    assert of_visitors != [row for row in before["rpt_monthly_summary"] if row[3] == "visitors"]
    (state,) = publication.held()
    assert (state.section, state.state, state.good_version) == ("sales", "held", 1)
    assert state.failed_checks == ("row_count_plausible",)


def test_a_section_held_twice_stays_at_its_last_good_version(
    settings: Settings, catalog: Catalog, build: Build
) -> None:
    build(1)
    publish(settings, [], AS_OF, catalog=catalog)
    good = leadership(settings)["rpt_sales"]
    for scale in (2, 3):
        build(scale)
        publication = publish(settings, [failed("sales")], AS_OF, catalog=catalog)
    assert leadership(settings)["rpt_sales"] == good
    assert publication.held()[0].good_version == 1
    publication = publish(settings, [], AS_OF, catalog=catalog)
    assert publication.held() == ()


def test_a_section_that_was_never_good_is_empty_and_says_so(settings: Settings, catalog: Catalog, build: Build) -> None:
    build(1)
    publication = publish(settings, [failed("sales"), failed("funnel")], AS_OF, catalog=catalog)
    tables = leadership(settings)
    assert tables["rpt_sales"] == tables["rpt_funnel"] == []
    assert tables["rpt_visits"] != []
    assert {state.state for state in publication.held()} == {"held_never_published"}


def test_a_report_judged_bad_in_the_candidate_is_held_too(settings: Settings, catalog: Catalog, build: Build) -> None:
    build(1)
    publish(settings, [], AS_OF, catalog=catalog)
    before = leadership(settings)["rpt_visits"]
    build(2)
    judged: list[int] = []

    def judge(file: Path) -> list[CheckResult]:
        judged.append(len(tables_of(file)["rpt_visits"]))
        return [failed("visitors", target="rpt_visits")]

    publication = publish(settings, [], AS_OF, judge=judge, catalog=catalog)
    assert judged == [3]
    assert leadership(settings)["rpt_visits"] == before
    assert [state.section for state in publication.held()] == ["visitors"]


def test_a_waived_or_mild_failure_holds_nothing_back(settings: Settings, catalog: Catalog, build: Build) -> None:
    build(1)
    checks = [failed("sales", waived_by="finance"), failed("visitors", severity="warning")]
    assert publish(settings, checks, AS_OF, catalog=catalog).held() == ()
    assert len(leadership(settings)["checks"]) == 2


def count_rows(settings: Settings, report: str, column: str, month: str, region: str) -> tuple[int, int]:
    """What a passport says, and what stands in the table that it leads to."""
    folder = current_folder(settings.published)
    assert folder is not None
    with duckdb.connect(str(folder / "leadership.duckdb"), read_only=True) as connection:
        table, condition = connection.execute(
            "SELECT drill_table, drill_filter FROM passports WHERE report = ? AND column_name = ?", [report, column]
        ).fetchall()[0]
        ((said, files),) = connection.execute(
            "SELECT row_count, files FROM passport_rows WHERE report = ? AND column_name = ? AND month_start = ?"
            " AND region = ? AND segment = 'all'",
            [report, column, month, region],
        ).fetchall()
        where = "" if region == "all" else f" AND coalesce(region, 'unknown') = '{region}'"
        (there,) = connection.execute(
            f"SELECT count(*) FROM {table} WHERE ({condition}) AND month_start = ?{where}", [month]
        ).fetchall()[0]
        assert files is None or sum(each["rows"] for each in json.loads(files)) == said
    return said, there


@pytest.mark.parametrize("region", ["all", "north", "unknown"])
@pytest.mark.parametrize(
    ("report", "column"), [("rpt_sales", "order_count"), ("rpt_sales", "line_count"), ("rpt_funnel", "lead_count")]
)
def test_a_passport_leads_to_as_many_rows_as_it_says(
    settings: Settings, catalog: Catalog, build: Build, report: str, column: str, region: str
) -> None:
    build(1)
    publish(settings, [], AS_OF, catalog=catalog)
    said, there = (
        count_rows(settings, report, column, "2026-10-01", region)
        if region != "unknown"
        else count_rows(settings, report, column, "2026-08-01", region)
    )
    assert said == there > 0


def test_sections_in_different_states_lead_to_rows_of_their_own(
    settings: Settings, catalog: Catalog, build: Build
) -> None:
    """fct_visits belongs to the visitors, and the funnel counts in it too."""
    build(1)
    publish(settings, [], AS_OF, catalog=catalog)
    old = count_rows(settings, "rpt_visits", "visit_count", "2026-10-01", "all")
    build(40)
    publish(settings, [failed("visitors")], AS_OF, catalog=catalog)
    assert count_rows(settings, "rpt_visits", "visit_count", "2026-10-01", "all") == old
    said, there = count_rows(settings, "rpt_funnel", "lead_count", "2026-10-01", "all")
    assert said == there > old[0] * 6 // 7
    # The visitors recover while the funnel is held: its copy stays with it.
    build(60)
    publish(settings, [failed("funnel")], AS_OF, catalog=catalog)
    assert count_rows(settings, "rpt_funnel", "lead_count", "2026-10-01", "all") == (said, there)
    visitors = count_rows(settings, "rpt_visits", "visit_count", "2026-10-01", "all")
    assert visitors[0] == visitors[1] > old[0]


def test_rollback_goes_back_over_withdrawn_versions(settings: Settings, catalog: Catalog, build: Build) -> None:
    for scale in (1, 2, 3):
        build(scale)
        publish(settings, [], AS_OF, catalog=catalog)
    assert rollback(settings) == 2
    assert rollback(settings) == 1
    with pytest.raises(MarketLedgerError) as error:
        rollback(settings)
    assert error.value.key == "nothing_to_roll_back_to"
    build(4)
    assert publish(settings, [], AS_OF, catalog=catalog).version == 4
    assert rollback(settings) == 1
    history = (settings.published / "history.jsonl").read_text("utf-8").splitlines()
    assert [json.loads(line)["version"] for line in history] == [1, 2, 3, 2, 1, 4, 1]


def test_nothing_published_is_said(settings: Settings) -> None:
    with pytest.raises(MarketLedgerError) as error:
        rollback(settings)
    assert error.value.key == "nothing_published"


def test_old_versions_go_only_when_no_reader_can_be_on_the_way(
    settings: Settings, catalog: Catalog, build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(1)
    versions = settings.published / "versions"
    for _ in range(6):
        publish(settings, [], AS_OF, catalog=catalog)
    assert publishing.all_versions(versions) == [1, 2, 3, 4, 5, 6]
    monkeypatch.setattr(publishing, "GRACE_SECONDS", -1)
    publish(settings, [], AS_OF, catalog=catalog)
    assert publishing.all_versions(versions) == [4, 5, 6, 7]


def test_what_a_killed_publish_left_is_cleared(settings: Settings, catalog: Catalog, build: Build) -> None:
    build(1)
    publish(settings, [], AS_OF, catalog=catalog)
    rest = settings.published / "versions" / "000002.tmp"
    rest.mkdir()
    (rest / "leadership.duckdb").write_bytes(b"half")
    assert publish(settings, [], AS_OF, catalog=catalog).version == 2
    assert not list((settings.published / "versions").glob("*.tmp"))


@pytest.mark.parametrize(
    ("as_of", "month"),
    [
        (datetime(2026, 11, 2, 1, 0), "2026-10-01"),
        (datetime(2026, 10, 31, 15, 59, 59), "2026-10-01"),  # the last second of October in Shanghai
        (datetime(2026, 10, 31, 15, 0, 0), "2026-09-01"),
        (datetime(2026, 10, 31, 16, 0, 0), "2026-10-01"),
    ],
)
def test_newest_complete_month_is_the_last_one_that_ended(settings: Settings, as_of: datetime, month: str) -> None:
    assert str(publishing.newest_complete_month(as_of, settings)) == month


PAUSE_OF_A_READER = 0.05  # seconds; without it four readers would leave the publisher no processor


def read_until(published: str, stop: multiprocessing.synchronize.Event, results: multiprocessing.Queue) -> None:  # type: ignore[type-arg]
    """Reader: open what is current, read it whole; a version's tables must agree with each other."""
    seen, reads = set(), 0
    try:
        while not stop.wait(PAUSE_OF_A_READER):
            folder = current_folder(Path(published))
            assert folder is not None
            with duckdb.connect(str(folder / "leadership.duckdb"), read_only=True) as connection:
                version = connection.execute("SELECT version FROM publication").fetchall()[0][0]
                lines = connection.execute("SELECT sum(line_count) FROM rpt_sales").fetchall()[0][0]
                there = connection.execute("SELECT count(*) FROM fct_sales").fetchall()[0][0]
                assert lines == there == 200
            assert version == int(folder.name)
            seen.add(version)
            reads += 1
        results.put(("ok", reads, len(seen)))
    except BaseException as error:
        results.put((repr(error), reads, len(seen)))


def test_readers_see_no_error_during_a_hundred_publications(
    settings: Settings, catalog: Catalog, build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(1)
    publish(settings, [], AS_OF, catalog=catalog)
    # Versions are pruned during the test, as in a long life: a reader on its way has seconds, not minutes.
    monkeypatch.setattr(publishing, "GRACE_SECONDS", 2)
    context = multiprocessing.get_context("spawn")
    stop, results = context.Event(), context.Queue()
    readers = [context.Process(target=read_until, args=(str(settings.published), stop, results)) for _ in range(4)]
    for reader in readers:
        reader.start()
    try:
        for number in range(100):
            publish(settings, [], AS_OF + timedelta(minutes=number), catalog=catalog)
    finally:
        stop.set()
    outcomes = [results.get(timeout=60) for _ in readers]
    for reader in readers:
        reader.join(timeout=60)
    assert [outcome[0] for outcome in outcomes] == ["ok"] * 4
    assert all(reads > 20 and versions > 5 for _, reads, versions in outcomes), outcomes
    assert publishing.all_versions(settings.published / "versions")[-1] == 101


def test_the_month_to_open_is_the_newest_one_with_figures() -> None:
    """Deliveries end in March: April to October are months with nothing in them, and a ratio says nothing."""
    connection = duckdb.connect()
    connection.execute(f"ATTACH ':memory:' AS {publishing.LEADERSHIP}")
    connection.execute(
        f"CREATE TABLE {publishing.LEADERSHIP}.main.rpt_monthly_summary AS"
        " SELECT month_start, 'all' AS region, 'all' AS segment, metric, unit, value FROM (VALUES"
        " (DATE '2026-03-01', 'sales_amount', 'currency', 10.0), (DATE '2026-10-01', 'sales_amount', 'currency', 0.0),"
        " (DATE '2026-10-01', 'year_to_date_sales_amount', 'currency', 30.0),"
        " (DATE '2026-10-01', 'penetration_rate', 'percent', 0.2), (DATE '2026-11-01', 'visit_count', 'count', 5.0)"
        ") AS rows_ (month_start, metric, unit, value)"
    )
    sources = Sources(connection, Path(), False, {}, {})
    assert publishing.newest_month_with_figures(sources, date(2026, 10, 1)) == date(2026, 3, 1)
    assert publishing.newest_month_with_figures(sources, date(2026, 11, 1)) == date(2026, 11, 1)
    assert publishing.newest_month_with_figures(sources, date(2025, 1, 1)) is None
