"""What a receipt says, in words: its problems and what the reader did, in Chinese or English.

Belongs here: turning the codes kept in receipts into sentences, for the command line and the dashboard alike.
Not here: the words themselves (pipelines/strings) and deciding what is a problem.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from pipelines.texts import has_text, text

GROUPS = ("refusals", "receipts.problems", "plan_problems", "reasons")


def problems_in_words(problems: str | None, language: str) -> list[str]:
    """One sentence per problem of a receipt: what, which column and rows, and the nearest proposal."""
    return list(_problems(json.loads(problems or "[]"), language))


def notes_in_words(notes: str | None, language: str) -> list[str]:
    """What the reader saw or did: title rows left out, merged cells filled, and so on."""
    return [_filled("reading_notes", note, language) for note in json.loads(notes or "[]")]


def reasons_in_words(codes: str | None, language: str) -> list[str]:
    """Reason codes of a row, as `[a, b]` or `a,b`, in the words that its sender gets too."""
    names = [code.strip(" '\"[]") for code in (codes or "").split(",")]
    return [_filled("reasons", {"code": name}, language) for name in dict.fromkeys(names) if name]


def _problems(found: list[Mapping[str, Any]], language: str) -> Iterator[str]:
    for problem in found:
        code = problem["code"]
        if code == "unknown_column" and problem.get("proposal"):
            code = "unknown_column_with_proposal"
        group = next((name for name in GROUPS if has_text(f"{name}.{code}", language)), None)
        sentence = _filled(group, dict(problem) | {"code": code}, language) if group else code
        if problem.get("count"):
            sentence = text(
                "receipts.with_rows",
                language,
                column=problem.get("column") or "–",
                problem=sentence,
                value=f" {problem['value']}" if problem.get("value") else "",
                proposal=text("receipts.proposal", language, proposal=problem["proposal"])
                if problem.get("proposal")
                else "",
                count=problem["count"],
                rows=", ".join(str(row) for row in problem.get("example_rows", ())),
            )
        yield sentence


def _filled(group: str, found: Mapping[str, Any], language: str) -> str:
    key = f"{group}.{found['code']}"
    if not has_text(key, language):
        return str(found["code"])
    return text(key, language, **{name: value for name, value in found.items() if name != "code"})
