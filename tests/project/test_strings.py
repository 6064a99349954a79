"""Chinese and English are equal: the same keys, the same placeholders, and no text in the other language."""

from __future__ import annotations

import re
import string
from pathlib import Path

import pytest
from ruamel.yaml import YAML

PROJECT = Path(__file__).resolve().parents[2]
FOLDERS = [PROJECT / "dashboards" / "strings", PROJECT / "pipelines" / "strings"]
LANGUAGES = ("zh", "en")
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def flatten(node: object, prefix: str = "") -> dict[str, str]:
    if isinstance(node, dict):
        return {key: text for name, child in node.items() for key, text in flatten(child, f"{prefix}{name}.").items()}
    return {prefix.rstrip("."): str(node)}


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.fixture(params=FOLDERS, ids=lambda folder: folder.parent.name)
def texts(request: pytest.FixtureRequest) -> dict[str, dict[str, str]]:
    return {
        language: {k: text for one in files(request.param / language) for k, text in one.items()}
        for language in LANGUAGES
    }


def files(folder: Path) -> list[dict[str, str]]:
    return [flatten(YAML(typ="safe").load(file.read_text("utf-8"))) for file in sorted(folder.glob("*.yml"))]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.parent.name)
def test_a_text_stands_in_one_file(folder: Path) -> None:
    for language in LANGUAGES:
        keys = [key for one in files(folder / language) for key in one]
        assert sorted(keys) == sorted(set(keys))


def test_both_languages_have_the_same_keys(texts: dict[str, dict[str, str]]) -> None:
    assert texts["zh"].keys() == texts["en"].keys()


def test_both_languages_fill_in_the_same_figures(texts: dict[str, dict[str, str]]) -> None:
    differing = [key for key, text in texts["zh"].items() if placeholders(text) != placeholders(texts["en"][key])]
    assert differing == []


def test_no_english_text_holds_chinese(texts: dict[str, dict[str, str]]) -> None:
    assert [key for key, text in texts["en"].items() if CHINESE.search(text)] == []


def test_chinese_texts_are_chinese(texts: dict[str, dict[str, str]]) -> None:
    """Words, not only figures and signs; names that are the same in both languages (CSV, SQL, PDF) excepted."""
    foreign = [
        key
        for key, text in texts["zh"].items()
        if re.search(r"[A-Za-z]{2,}", re.sub(r"\{[^}]*\}", "", text))
        and not CHINESE.search(text)
        and texts["en"][key] != text
    ]
    assert foreign == []
