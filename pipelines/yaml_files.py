"""Reads YAML fast, and knows the lines of a file only when somebody has to be told one.

Belongs here: YAML 1.2 (in which `no` is a word and 12:30 is no number) by the parser that is written in C, and the
slow reading that keeps line numbers. Not here: what a file has to hold, and how a mistake in it is worded.

Reading with line numbers takes twenty times as long, and nearly all files have no mistake: they are read plainly
first. Whatever the fast parser cannot read, or reads twice under one key, is read again by the exact one, whose
answer counts.
"""

from __future__ import annotations

from functools import cache, cached_property
from typing import Any, ClassVar

import yaml  # type: ignore[import-untyped]
from ruamel.yaml import YAML
from ruamel.yaml.resolver import implicit_resolvers


class Document(dict[str, Any]):
    """A map as its file holds it; `lines` is the same map as ruamel reads it, with the place of every key."""

    def __init__(self, content: dict[str, Any], text: str) -> None:
        super().__init__(content)
        self._text = text

    @cached_property
    def lines(self) -> Any:
        return with_lines(self._text)


def load(text: str) -> Any:
    """What the text holds as plain maps, lists and values; ruamel's MarkedYAMLError if it is no YAML."""
    try:
        return yaml.load(text, Loader=_loader())
    except (yaml.YAMLError, ValueError, TypeError):
        return YAML(typ="safe").load(text)


def with_lines(text: str) -> Any:
    """The same as nested maps that know their lines."""
    return YAML(typ="rt").load(text)


@cache
def _loader() -> type[yaml.CSafeLoader]:
    class Loader(yaml.CSafeLoader):
        """The C parser with the words that YAML 1.2 gives a meaning to, and no key twice."""

        yaml_implicit_resolvers: ClassVar[dict[str, list[tuple[str, Any]]]] = {}

        def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
            written = [key.value for key, _ in node.value if key.tag != "tag:yaml.org,2002:merge"]
            content = dict(super().construct_mapping(node, deep))
            if len(set(written)) < len(written) or len(content) < len(written):
                raise yaml.constructor.ConstructorError(None, None, "a key stands twice", node.start_mark)
            return content

    def whole_number(loader: yaml.CSafeLoader, node: Any) -> int:
        digits = str(loader.construct_scalar(node)).replace("_", "").lower()
        return int(digits, 0) if digits.lstrip("+-")[:2] in ("0x", "0o", "0b") else int(digits)

    for versions, tag, pattern, first in implicit_resolvers:
        if (1, 2) in versions:
            Loader.add_implicit_resolver(tag, pattern, first)
    Loader.add_constructor("tag:yaml.org,2002:int", whole_number)
    return Loader
