"""Every code that a reader gives has its text in both languages, with parameters that the code carries."""

from __future__ import annotations

import ast
import string
from pathlib import Path

import pytest

from pipelines.intake import read
from pipelines.texts import has_text, text

ROOM = Path(read.__file__).parent
GROUPS = {"RefusedFile": "refusals", "Refusal": "refusals", "refusing": "refusals", "Note": "reading_notes"}
ROW_CODES = (
    *("blank_row", "total_row", "repeated_header", "row_too_long", "row_too_short", "broken_quoting"),
    *("cell_too_long", "broken_json", "not_an_object", "broken_line"),
)


def codes_given() -> dict[str, set[str]]:
    """Dotted text key -> parameters given with it, from the source of the readers."""
    found: dict[str, set[str]] = {}
    for path in ROOM.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in GROUPS):
                continue
            given = {keyword.arg for keyword in node.keywords if keyword.arg}
            given |= {key.value for part in node.args if isinstance(part, ast.Dict) for key in part.keys if key}  # type: ignore[attr-defined]
            for constant in ast.walk(node.args[0]):
                if isinstance(constant, ast.Constant) and isinstance(constant.value, str):
                    found.setdefault(f"{GROUPS[node.func.id]}.{constant.value}", set()).update(given)
    return found


def test_the_codes_are_found() -> None:
    assert len(codes_given()) > 40


@pytest.mark.parametrize("language", ["zh", "en"])
def test_each_code_has_a_text_that_its_parameters_fill(language: str) -> None:
    for key, given in codes_given().items():
        assert has_text(key, language), key
        wanted = {name for _, name, _, _ in string.Formatter().parse(text(key, language)) if name}
        assert wanted <= given, key
    assert [code for code in ROW_CODES if not has_text(f"reasons.{code}", language)] == []
