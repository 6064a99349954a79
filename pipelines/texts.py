"""Texts for people, in zh and en, from a folder of string files for each: pipelines/strings, or the dashboard's own.

Belongs here: looking a text up and filling its parameters in. Not here: the texts, and labels of codes and
columns (those are in the contracts and in the dbt yml).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from pipelines import yaml_files

LANGUAGES = ("zh", "en")
OWN = Path(__file__).parent / "strings"


def text(key: str, language: str, /, **params: object) -> str:
    """The text under a dotted key, such as `reasons.not_a_date`."""
    own = words(OWN, language)
    if key not in own:
        if any(known.startswith(f"{key}.") for known in own):
            raise KeyError(f"'{key}' in strings/{language} is a group, not a text")
        raise KeyError(f"no text '{key}' in strings/{language}")
    return own[key].format(**params) if params else own[key]


def has_text(key: str, language: str) -> bool:
    """Whether there is such a text."""
    return key in words(OWN, language)


def known_keys(language: str) -> frozenset[str]:
    """Every dotted key of a language."""
    return frozenset(words(OWN, language))


@cache
def words(folder: Path, language: str) -> Mapping[str, str]:
    """Every text of a folder in one language, under its dotted key."""
    if language not in LANGUAGES:
        raise KeyError(f"no texts in language '{language}'")
    files = sorted((folder / language).glob("*.yml"))
    return {key: words for file in files for key, words in _dotted(yaml_files.load(file.read_text("utf-8")))}


def _dotted(node: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, str]]:
    for name, value in node.items():
        if isinstance(value, dict):
            yield from _dotted(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", str(value)
