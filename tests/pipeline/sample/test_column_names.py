"""What readers see above a column: every column of the leadership's file has a name in both languages."""

from __future__ import annotations

import re
from typing import Any

import duckdb
import pytest

from pipelines.published import folder_now

CHINESE = re.compile(r"[\u4e00-\u9fff]")
FACTS_AND_REPORTS = "(table_name LIKE 'fct\\_%' ESCAPE '\\' OR table_name LIKE 'rpt\\_%' ESCAPE '\\')"


@pytest.fixture(scope="module")
def columns(sample_company: Any) -> list[tuple[str, str, str | None, str | None, str | None]]:
    """(table, column, name in Chinese, name in English, unit) of every published column."""
    file = folder_now(sample_company.settings) / "leadership.duckdb"
    with duckdb.connect(str(file), read_only=True) as connection:
        return connection.execute(
            "SELECT table_name, column_name, label_zh, label_en, unit FROM duckdb_columns()"
            f" LEFT JOIN column_labels USING (table_name, column_name) WHERE {FACTS_AND_REPORTS}"
        ).fetchall()


def test_every_published_column_has_a_name_and_a_unit(columns: list[tuple[Any, ...]]) -> None:
    assert len({table for table, *_ in columns}) >= 29
    assert [row for row in columns if not all(row)] == []


def test_names_are_words_and_in_their_language(columns: list[tuple[Any, ...]]) -> None:
    wrong = [
        (table, name)
        for table, name, chinese, english, _ in columns
        if english == name or CHINESE.search(english) or not CHINESE.search(chinese)
    ]
    assert wrong == []


def test_keys_that_only_join_tables_are_not_published(columns: list[tuple[Any, ...]]) -> None:
    published = {(table, name) for table, name, *_ in columns}
    joining = {("fct_sales_lines", "line_key"), ("fct_payments", "payment_key"), ("fct_survey_items", "item_key")}
    assert joining & published == set()
