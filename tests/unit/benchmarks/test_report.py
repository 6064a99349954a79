"""Results for people: words, tables and a chart from one document, in both languages."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from tests.benchmarks import report

LANGUAGES = ("zh", "en")
PARTS = {"all": 19.0, "intake": 5.0, "models": 9.0, "gates": 1.0, "publish": 3.5, "start_up": 4.0}


def check(
    name: str, value: float, unit: str, target: float | None = None, passed: bool | None = None
) -> dict[str, Any]:
    return {"name": name, "value": value, "unit": unit, "target": target, "at_least": False, "passed": passed}


@pytest.fixture
def document() -> dict[str, Any]:
    street = [
        check("street_ratio", 1.4567, "ratio", 1.5, True),
        check("floor_seconds", 15.75, "seconds"),
        check("street_differences", 0, "count", 0, True),
    ]
    quiet = {"measured_on": "2026-11-02 09:00", "commit": "abc1234", "noise": 0.02, "load_at_start": 0.1}
    noisy = quiet | {"noise": 0.08, "commit": "def5678"}
    failed = noisy | {"name": "intake", "checks": [], "facts": {}, "error": "dlt said | no"}
    return {
        "visits": 10_000_000,
        "months": 60,
        "command": "market-ledger bench --rows 10000000",
        "memory_limit": "2GB",
        "machine": {"cores": 2, "memory_bytes": 8 * 10**9, "system": "Linux", "python": "3.11"},
        "deliveries": {"rows": {"visits": 10_500_000, "sales": 2_000_000}, "files": 800},
        "rows": {
            "street": quiet | {"name": "street", "checks": street, "facts": {"parts": PARTS}, "error": None},
            "intake": failed,
            "pages": quiet | {"name": "pages", "checks": [check("query_seconds", 0.1234, "seconds", 0.1, False)], "facts": {}, "error": None},
        },
    }  # fmt: skip


def test_figures_are_written_with_their_units_targets_and_verdicts(document: dict[str, Any]) -> None:
    lines = report.lines_of(document, report.load_texts()["en"])
    assert [line[1:] for line in lines] == [
        ("1.46 ×", "≤ 1.50 ×", "✓"),
        ("15.8 s", "", ""),
        ("0", "0", "✓"),
        ("not measured", "", "✗"),
        ("123 ms", "≤ 100 ms", "✗"),
    ]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_markdown_has_a_line_for_each_check_and_says_on_what_it_was_measured(
    document: dict[str, Any], language: str
) -> None:
    text = report.markdown(document, report.load_texts()[language], "benchmarks.svg")
    assert sum(line.startswith("| ") for line in text.splitlines()) == 1 + 5
    for said in (
        "10,000,000",
        "2,000,000",
        "12,500,000",
        "800",
        "8%",
        "abc1234, def5678",
        "docs/benchmarks.svg",
        document["command"],
    ):
        assert said in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_chart_is_drawn_to_scale_with_the_parts_of_the_street(document: dict[str, Any], language: str) -> None:
    texts = report.load_texts()[language]
    drawn = ElementTree.fromstring(report.svg(document, texts))
    rectangles = [each for each in drawn.iter() if each.tag.endswith("rect") and each.get("height") == str(report.BAR)]
    widths = [float(str(each.get("width"))) for each in rectangles]
    floor, street = widths[0], sum(widths[1:])
    assert street / floor == pytest.approx(23.0 / 15.75, rel=0.01)
    assert texts["bars"]["street"] in "".join(drawn.itertext())


def test_what_lies_between_the_parts_is_shown_as_other() -> None:
    assert report.shares(PARTS)["other"] == pytest.approx(0.5)
    assert sum(report.shares(PARTS).values()) == pytest.approx(23.0)


def test_only_what_stands_between_the_markers_changes(document: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    for name in report.READMES.values():
        (tmp_path / name).write_text(f"before\n{report.START}\nold\n{report.END}\nafter\n", "utf-8")
    report.write_readmes(document, tmp_path)
    once = (tmp_path / "README.md").read_text("utf-8")
    assert once.startswith("before\n")
    assert once.endswith("\nafter\n")
    assert "old" not in once
    assert "1.46 ×" in once
    report.write_readmes(document, tmp_path)
    assert (tmp_path / "README.md").read_text("utf-8") == once


def test_a_text_without_its_markers_is_refused() -> None:
    with pytest.raises(ValueError, match="bench:start"):
        report.between_markers("no place for it", "table")


def test_both_languages_name_the_same_things() -> None:
    def keys(found: Any) -> Any:
        return {key: keys(value) for key, value in found.items()} if isinstance(found, dict) else None

    texts = report.load_texts()
    assert keys(texts["zh"]) == keys(texts["en"])
