"""The READMEs' table of procedures says what contracts, reports, pages and tests say, and leaves no cell empty."""

from __future__ import annotations

import pytest

from tests.project import procedures


@pytest.mark.parametrize("language", procedures.READMES)
def test_the_readme_holds_the_table_as_it_is_made(language: str) -> None:
    text = procedures.READMES[language].read_text("utf-8")
    assert text.count(procedures.START) == text.count(procedures.END) == 1
    assert procedures.written(text, language) == text, "make procedures"


@pytest.mark.parametrize("language", procedures.READMES)
def test_every_procedure_has_a_source_a_report_a_page_and_a_test(language: str) -> None:
    rows = [line.strip("| ").split(" | ") for line in procedures.table(language).splitlines()[2:]]
    assert [row for row in rows if len(row) != 6 or not all(cell.strip() for cell in row)] == []


def test_no_procedure_is_named_that_the_list_does_not_have() -> None:
    listed = set(procedures.read_yaml(procedures.PROJECT / "tests" / "project" / "procedures.yml"))
    named = set(procedures.sources()) | set(procedures.reports()) | set(procedures.tests())
    assert named - listed == set()
