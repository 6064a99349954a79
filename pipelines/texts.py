"""Texts for people, in zh and en, from pipelines/strings.

Belongs here: looking a text up and filling its parameters in. Not here: the texts, and labels of codes and
columns (those are in the contracts and in the dbt yml).
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from pipelines import yaml_files

LANGUAGES = ("zh", "en")


def text(key: str, language: str, /, **params: object) -> str:
    """The text under a dotted key, such as `reasons.not_a_date`."""
    node: Any = _strings(language)
    for step in key.split("."):
        if not isinstance(node, dict) or step not in node:
            raise KeyError(f"no text '{key}' in strings/{language}.yml")
        node = node[step]
    if not isinstance(node, str):
        raise KeyError(f"'{key}' in strings/{language}.yml is a group, not a text")
    return node.format(**params) if params else node


def has_text(key: str, language: str) -> bool:
    """Whether there is such a text."""
    return key in known_keys(language)


def known_keys(language: str) -> frozenset[str]:
    """Every dotted key of a language."""
    return frozenset(_dotted(_strings(language)))


def _dotted(node: dict[str, Any], prefix: str = "") -> list[str]:
    keys: list[str] = []
    for name, value in node.items():
        path = f"{prefix}{name}"
        keys += _dotted(value, f"{path}.") if isinstance(value, dict) else [path]
    return keys


@cache
def _strings(language: str) -> dict[str, Any]:
    if language not in LANGUAGES:
        raise KeyError(f"no texts in language '{language}'")
    file = Path(__file__).parent / "strings" / f"{language}.yml"
    return dict(yaml_files.load(file.read_text(encoding="utf-8")))
