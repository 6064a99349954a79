"""What a line of the action list says about its subject."""

from __future__ import annotations

import pytest

from pipelines.actions import detail_in_words


@pytest.mark.parametrize(
    ("detail", "zh", "en"),
    [
        ("old", "陈旧", "Old"),
        ("XH0000045 · 2 · 275590.00", "XH0000045 · 2 · 275,590.00", "XH0000045 · 2 · 275,590.00"),
        ("A07: 1200.50", "A07: 1,200.50", "A07: 1,200.50"),
        ("HF0013", "HF0013", "HF0013"),
        ("异响", "异响", "异响"),
        (None, "", ""),
    ],
)
def test_codes_are_named_and_amounts_are_grouped(detail: str | None, zh: str, en: str) -> None:
    assert (detail_in_words(detail, "zh"), detail_in_words(detail, "en")) == (zh, en)


def test_a_companys_own_code_is_named_by_who_knows_it() -> None:
    known = {"contract": "Contract"}
    assert detail_in_words("XH1 · contract", "en", lambda code: known.get(code, code)) == "XH1 · Contract"
