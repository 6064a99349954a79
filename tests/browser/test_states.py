"""What a reader sees when nothing ran, when a section is held back, when figures are old, and when new ones come."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from tests.browser.browsing import dashboard, open_view, wait_until_drawn

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


@pytest.fixture
def own_copy(sample_company: Any, tmp_path: Path) -> Path:
    """A data folder with the sample company's publication, to be changed by one test."""
    source = sample_company.settings.data_dir
    folder = tmp_path / "company"
    shutil.copytree(source / "published", folder / "published", symlinks=True)
    shutil.copy(source / "company.yml", folder / "company.yml")
    return folder


def change(folder: Path, *statements: str) -> None:
    """Another version of the published file, swapped in as a run does it."""
    versions = folder / "published" / "versions"
    newest = max(int(path.name) for path in versions.iterdir() if path.name.isdigit())
    shutil.copytree(versions / f"{newest:06d}", versions / f"{newest + 1:06d}")
    with duckdb.connect(str(versions / f"{newest + 1:06d}" / "leadership.duckdb")) as connection:
        for statement in (f"update publication set version = {newest + 1}", *statements):
            connection.execute(statement)
    link = folder / "published" / ".current.next"
    link.symlink_to(Path("versions") / f"{newest + 1:06d}")
    link.replace(folder / "published" / "current")


def hold_complaints(folder: Path, check: str) -> None:
    """The newest publication as it is when a check of the complaints has failed."""
    change(
        folder,
        f"update publication_sections set state = 'held', failed_checks = '[\"{check}\"]' where section = 'complaints'",
    )


@pytest.fixture
def empty(opened_browser: Browser, tmp_path: Path) -> Iterator[str]:
    with dashboard(tmp_path) as served:
        yield served


@pytest.mark.parametrize(
    ("language", "words"), [("zh", "还没有发布过任何数据"), ("en", "Nothing has been published yet")]
)
def test_never_ran(page: Page, empty: str, language: str, words: str) -> None:
    open_view(page, empty, "summary", lang=language)
    assert words in page.locator(".ledger-banner").inner_text()


def test_a_section_held_back_shows_its_banner_and_the_others_none(page: Page, own_copy: Path) -> None:
    hold_complaints(own_copy, "complaints.reply_after_receipt")
    with dashboard(own_copy) as address:
        open_view(page, address, "complaints", lang="en")
        banner = page.locator(".ledger-banner").first.inner_text()
        assert "Complaints: a check failed" in banner
        assert "complaints.reply_after_receipt" in banner
        assert page.locator(".ledger-tile .value").first.inner_text() != ""
        open_view(page, address, "sales", lang="en")
        assert page.locator(".ledger-banner:has-text('a check failed')").count() == 0


@pytest.mark.parametrize(
    ("language", "state", "restated"), [("zh", "已关账", "≠ 今日"), ("en", "Closed: figures as approved", "≠ today")]
)
def test_a_closed_month_shows_what_was_approved_and_what_has_changed(
    page: Page, own_copy: Path, language: str, state: str, restated: str
) -> None:
    change(
        own_copy,
        "create or replace table closed_figures as select 'closing' as closing_id, * from rpt_monthly_summary"
        " where month_start = date '2026-09-01'",
        "update closed_figures set value = 41 where metric = 'order_count' and region = 'all'",
        "insert into month_closings by name select date '2026-09-01' as month_start, 'closed' as status,"
        " 'closing' as closing_id, '补报' as comment_zh, 'One came late' as comment_en",
        "insert into closing_marks by name select 'closing' as mark_id, date '2026-09-01' as month_start,"
        " 'approved' as word, 'E021' as employee_id, timestamp '2026-10-08 02:00' as said_at, true as is_standing",
        "insert into restatements by name select closing_id, month_start, region, segment, metric, section, unit,"
        ' value as closed_value, 82 as value_now, 1 as late_row_count, \'[{"file": "late.csv", "rows": 1}]\' as late_files'
        " from closed_figures where metric = 'order_count' and region = 'all' and segment = 'all'",
    )
    with dashboard(own_copy) as address:
        open_view(page, address, "summary", lang=language, month="2026-09")
        assert state in page.locator(".ledger-closing").inner_text()
        assert "E021" in page.locator(".ledger-closing").inner_text()
        tile = page.locator(".ledger-tile:has(.restated)")
        assert tile.count() == 1
        assert tile.locator(".value").inner_text() == "41"
        assert f"{restated} 82" in tile.inner_text()
        assert "late.csv" in page.locator(".ledger-table").last.inner_text()
        open_view(page, address, "summary", lang=language, month="2026-08")
        assert page.locator(".ledger-closing").count() == 0


def test_the_check_that_holds_a_section_is_named_in_the_reader_s_language(page: Page, own_copy: Path) -> None:
    hold_complaints(own_copy, "complaints.replied_after_receipt")
    with dashboard(own_copy) as address:
        open_view(page, address, "complaints", lang="zh")
        banner = page.locator(".ledger-banner").first.inner_text()
        assert "客户投诉: 答复早于受理的不超过 1%" in banner
        assert "complaints" not in banner


def test_a_new_version_is_picked_up_without_a_restart(page: Page, own_copy: Path) -> None:
    with dashboard(own_copy) as address:
        open_view(page, address, "summary", lang="en")
        before = page.locator("[data-testid='stSidebar'] .ledger-note").inner_text()
        change(own_copy)
        page.get_by_role("link", name="Sales and targets").click()
        page.get_by_role("heading", level=1, name="Sales and targets").first.wait_for()
        wait_until_drawn(page)
        assert page.locator("[data-testid='stSidebar'] .ledger-note").inner_text() != before
        assert page.locator("[role='alert']").count() == 0


@pytest.mark.parametrize(("age", "is_stale"), [(timedelta(hours=1), False), (timedelta(days=3), True)])
def test_old_figures_say_so(page: Page, own_copy: Path, age: timedelta, is_stale: bool) -> None:
    published_at = (datetime.now(UTC) - age).replace(tzinfo=None)
    change(own_copy, f"update publication set published_at = timestamp '{published_at:%Y-%m-%d %H:%M:%S}'")
    with dashboard(own_copy) as address:
        open_view(page, address, "summary", lang="en")
        assert (page.locator(".ledger-banner:has-text('No new publication since')").count() == 1) is is_stale


@pytest.mark.parametrize(
    "query",
    ["month=1999-13", "region=nowhere", "lang=xx", "month='%20or%201=1", "region=%3Cscript%3E"],
)
def test_a_mangled_link_shows_the_default_view(page: Page, address: str, query: str) -> None:
    page.goto(f"{address}/?{query}")
    wait_until_drawn(page)
    assert page.locator("[role='alert']").count() == 0
    assert page.locator("h1").count() == 1


@pytest.mark.parametrize(
    "query", ["report=rpt_monthly_sales;drop&column=x", "report=&column=", "page=-4&report=a&column=b"]
)
def test_a_mangled_link_to_rows_leads_nowhere_bad(page: Page, address: str, query: str) -> None:
    page.goto(f"{address}/rows?lang=en&{query}")
    wait_until_drawn(page)
    assert page.locator("[role='alert']").count() == 0
    assert page.locator("h1").inner_text() == "Rows behind a figure"
