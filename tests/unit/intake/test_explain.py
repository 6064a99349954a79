"""Receipts speak in sentences: what, which column, which rows, what is proposed; in both languages."""

from __future__ import annotations

import json

from pipelines.intake.explain import notes_in_words, problems_in_words, reasons_in_words


def test_a_problem_names_column_value_rows_and_proposal() -> None:
    found = [
        {
            "kind": "waiting",
            "code": "unknown_code",
            "column": "服务",
            "value": "满意极了",
            "proposal": "5",
            "count": 1,
            "example_rows": [385],
        }
    ]
    assert problems_in_words(json.dumps(found), "en") == [
        "服务: 满意极了 this value is not in the list of codes; did you mean 5? (rows: 1, such as 385)"
    ]
    (chinese,) = problems_in_words(json.dumps(found), "zh")
    assert "满意极了" in chinese
    assert "385" in chinese


def test_a_refused_file_says_what_to_do() -> None:
    assert "Remove the password" in problems_in_words('[{"code": "password"}]', "en")[0]


def test_an_unknown_column_proposes_the_nearest() -> None:
    found = [{"kind": "waiting", "code": "unknown_column", "column": "Amuont", "source": "sales", "proposal": "Amount"}]
    assert problems_in_words(json.dumps(found), "en") == [
        'the column "Amuont" is not known to sales; did you mean "Amount"?'
    ]


def test_notes_and_reasons() -> None:
    assert notes_in_words('[{"code": "title_rows", "rows": 2}]', "en") == ["2 title rows stand above the header"]
    assert reasons_in_words("[not_a_date, missing_required]", "en") == ["not a date", "this column must be filled in"]
    assert reasons_in_words(None, "zh") == []
