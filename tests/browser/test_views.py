"""Each view in both languages, in a real browser, as a reader sees it."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import openpyxl
import pytest

from dashboards.context import strings
from dashboards.formatting import Language
from dashboards.views import NAMES
from tests.browser.browsing import open_view

if TYPE_CHECKING:
    from playwright.sync_api import Page

VIEWS = [name for name in NAMES if name != "rows"]
CHINESE = re.compile(r"[\u4e00-\u9fff]")
# What the product itself writes: navigation, headings, headers of tables, names of figures, buttons.
OWN_WORDS = (
    "h1, h2, h3, th, .ledger-tile .label, [data-testid='stSidebarNav'] span, [data-testid='stSidebarNav'] button,"
    " [data-testid='stMain'] button p"
)
# Names that are the same in both languages.
INTERNATIONAL = re.compile(r"CSV|Excel|SQL|NPS|MB|h\b|d\b|[A-Z]\b|%|#|\d")
MONTH = "2026-10"


def words(page: Page) -> list[str]:
    return [text.strip() for text in page.locator(OWN_WORDS).all_inner_texts() if text.strip()]


@pytest.mark.parametrize("view", VIEWS)
def test_a_view_is_whole_in_chinese(page: Page, address: str, view: str) -> None:
    open_view(page, address, view, lang="zh", month=MONTH)
    assert page.locator("[role='alert']").count() == 0
    foreign = [
        word for word in words(page) if not CHINESE.search(word) and re.search("[A-Za-z]", INTERNATIONAL.sub("", word))
    ]
    assert foreign == ["English"] or foreign == []


@pytest.mark.parametrize("view", VIEWS)
def test_a_view_is_whole_in_english(page: Page, address: str, view: str) -> None:
    open_view(page, address, view, lang="en", month=MONTH)
    assert page.locator("[role='alert']").count() == 0
    assert [word for word in words(page) if CHINESE.search(word) and word != "中文"] == []


@pytest.mark.parametrize("view", VIEWS)
def test_no_text_is_missing(page: Page, address: str, view: str) -> None:
    """A key of the strings or a column's technical name on the page is a text that nobody wrote."""
    open_view(page, address, view, lang="en", month=MONTH)
    technical = [word for word in words(page) if re.fullmatch(r"[a-z0-9]+([_.][a-z0-9]+)+", word)]
    assert technical == []


def test_the_glossary_finds_a_figure_and_shows_the_rules_in_force(
    page: Page, address: str, sample_company: Any
) -> None:
    open_view(page, address, "glossary", lang="zh")
    counted = "select count(*) from passports where unit not in ('code', 'date')"
    figures = published(sample_company, counted)
    named = "concat_ws(' ', label_zh, report_label_zh, definition_zh) like '%净推荐值%'"
    scores = published(sample_company, f"{counted} and {named}")
    assert 0 < scores < figures
    page.get_by_text(f"共 {figures} 个指标").wait_for()
    page.get_by_label("查找").fill("净推荐值")
    page.get_by_label("查找").press("Enter")
    page.get_by_text(f"共 {scores} 个指标").wait_for()

    page.get_by_role("tab", name="规则").click()
    line = page.get_by_role("row").filter(has_text="门店面积下限")
    assert line.locator("td").all_inner_texts() == ["门店面积下限（平方米）", "50 平方米", "规程规定", "A6"]


def test_the_url_carries_the_choice_and_the_language_switch_keeps_it(page: Page, address: str) -> None:
    open_view(page, address, "sales", lang="en", month="2026-08", region="east_china", segment="individual")
    assert "Aug 2026" in page.locator("h1").inner_text()
    assert "East China" in page.locator(".ledger-sub").first.inner_text()
    page.get_by_text("中文", exact=True).click()
    page.get_by_role("heading", level=1, name="2026年8月").wait_for()
    for part in ("lang=zh", "month=2026-08", "region=east_china", "segment=individual"):
        assert part in page.url


def test_another_page_keeps_the_choice(page: Page, address: str) -> None:
    open_view(page, address, "sales", lang="en", month="2026-08", region="east_china")
    page.get_by_role("link", name="Complaints").click()
    page.get_by_role("heading", level=1, name="Complaints, Aug 2026").wait_for()
    assert "East China" in page.locator(".ledger-sub").first.inner_text()


def published(sample_company: Any, query: str) -> Any:
    file = sample_company.settings.published / "current" / "leadership.duckdb"
    with duckdb.connect(str(file), read_only=True) as connection:
        return connection.execute(query).fetchall()[0][0]


def test_a_tile_leads_to_its_passport_and_to_its_rows(page: Page, address: str, sample_company: Any) -> None:
    open_view(page, address, "summary", lang="en", month=MONTH)
    expected = published(
        sample_company,
        "select count(*) from fct_sales_lines where is_counted and month_start = date '2026-10-01'",
    )
    page.get_by_role("button", name="Passport").first.click()
    page.get_by_text(f"{expected} rows from").wait_for()
    page.get_by_text("Show the rows").click()
    page.get_by_text(f"{expected} rows of fct_sales_lines").wait_for()
    assert "report=rpt_monthly_summary" in page.url
    assert "column=sales_amount" in page.url


def download(page: Page, name: str, target: Path) -> Path:
    with page.expect_download() as waiting:
        page.get_by_role("button", name=name).first.click()
    waiting.value.save_as(target)
    return target


def test_downloads_open_in_a_chinese_excel_with_the_figures_of_the_page(
    page: Page, address: str, sample_company: Any, tmp_path: Path
) -> None:
    open_view(page, address, "sales", lang="zh", month=MONTH)
    total = published(
        sample_company,
        "select sales_amount from rpt_monthly_sales where month_start = date '2026-10-01'"
        " and region = 'all' and segment = 'all' and breakdown = 'total'",
    )
    content = download(page, "CSV", tmp_path / "sales.csv").read_bytes()
    assert content.startswith(b"\xef\xbb\xbf")  # without it a Chinese Excel takes the bytes for GB18030
    lines = list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))
    assert lines[0][:2] == ["区域", "销售额"]
    assert lines[-1][:2] == ["合计", str(total)]
    sheet = openpyxl.load_workbook(download(page, "Excel", tmp_path / "sales.xlsx")).active
    assert [cell.value for cell in sheet[1]][:2] == ["区域", "销售额"]
    assert sheet.cell(sheet.max_row, 2).value == pytest.approx(float(total))


def test_a_page_prints(page: Page, address: str) -> None:
    open_view(page, address, "summary", lang="zh", month=MONTH)
    page.emulate_media(media="print")
    assert page.locator("[data-testid='stSidebar']").is_hidden()
    assert page.locator("h1").is_visible()
    assert page.pdf(format="A4").startswith(b"%PDF")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_nothing_on_the_summary_page_scrolls_sideways(page: Page, address: str, language: Language) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    open_view(page, address, "summary", lang=language, month=MONTH)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert page.locator("h1").inner_text() == strings(language)["summary.title"].format(
        month="2026年10月" if language == "zh" else "Oct 2026"
    )
