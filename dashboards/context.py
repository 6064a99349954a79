"""What every view is given: the publication, the reader's choice, the texts and the look."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dashboards import charts, formatting
from dashboards.formatting import Language
from dashboards.queries import Publication
from dashboards.state import Choice
from pipelines.intake.explain import problems_in_words, reasons_in_words
from pipelines.texts import words

STRINGS = Path(__file__).parent / "strings"


def strings(language: Language) -> Mapping[str, str]:
    """Every text of the pages in one language, under its dotted key."""
    return words(STRINGS, language)


def text(language: Language, key: str, **parameters: Any) -> str:
    return strings(language)[key].format(**parameters)


@dataclass(frozen=True)
class Context:
    """Built once a rerun by the frame, handed to the view."""

    publication: Publication
    choice: Choice
    information: Mapping[str, Any]
    sections: Mapping[str, Mapping[str, Any]]
    labels: Mapping[tuple[str, str], tuple[str, str]]
    palette: charts.Palette
    pages: dict[str, Any] = field(default_factory=dict)

    @property
    def language(self) -> Language:
        return self.choice.language

    @property
    def time_zone(self) -> str:
        return str(self.information["time_zone"])

    def text(self, key: str, **parameters: Any) -> str:
        return text(self.language, key, **parameters)

    def figure(self, value: Any, unit: str, exact: bool = False) -> str:
        return formatting.figure(value, unit, self.language, self.information["currency"], exact)

    def month(self, short: bool = False) -> str:
        return formatting.month(self.choice.month, self.language, short)

    def label(self, domain: str, code: Any) -> str:
        """The name of a code in the reader's language; a company's own value stands as it is."""
        if code is None:
            return formatting.NOT_AVAILABLE
        found = self.labels.get((domain, str(code)))
        if found:
            return found[self.language == "en"]
        own = strings(self.language)
        return own.get(f"codes.{domain}.{code}", own.get(f"values.{code}", str(code)))

    def scope(self) -> str:
        """Region and segment of this view, in words."""
        region = (
            self.label("region", self.choice.region)
            if self.choice.region != "all"
            else self.text("filters.all_regions")
        )
        segment = (
            self.label("segment", self.choice.segment)
            if self.choice.segment != "all"
            else self.text("filters.all_segments")
        )
        return f"{region} · {segment}"

    def figure_label(self, report: str, column: str) -> str:
        """The name of a figure as its passport has it."""
        passport = self.publication.passport(report, column)
        return str(passport[f"label_{self.language}"]) if passport else column

    def column_title(self, report: str, column: str) -> str:
        """The header of a report's column as its yml names it."""
        found = self.publication.column_labels(report).get(column)
        return str(found[f"label_{self.language}"]) if found else column

    def reason(self, state: Mapping[str, Any]) -> str:
        """Which checks hold a section back, in words; one that this publication does not know keeps its id."""
        failed = json.loads(state["failed_checks"] or "[]")
        if not failed:
            return ""
        known = {check["check_id"]: check for check in self.publication.checks()}
        return self.text("table.list_join").join(self._check_in_words(known.get(name), name) for name in failed)

    def _check_in_words(self, check: Mapping[str, Any] | None, name: str) -> str:
        label = check and check[f"label_{self.language}"]
        return f"{self.label('source', check['target'])}: {label}" if check and label else name

    def reasons(self, row: Mapping[str, Any]) -> str:
        """Why a row was rejected or waits, in the words that its sender gets too."""
        return self.text("table.list_join").join(reasons_in_words(row["reason_codes"], self.language))

    def problems(self, row: Mapping[str, Any]) -> str:
        """What a receipt has to say, a sentence a problem; warnings are counted elsewhere."""
        return " ".join(problems_in_words(row["problems"], self.language))

    def axis_format(self, unit: str) -> str:
        """A Vega expression that writes an axis label as this language counts."""
        if unit == "percent":
            return "format(datum.value, '.0%')"
        if unit != "currency":
            return "format(datum.value, ',')"
        if self.language == "zh":
            return "datum.value >= 1e8 ? format(datum.value / 1e8, ',.1f') + ' 亿' : format(datum.value / 1e4, ',.0f') + ' 万'"
        return "datum.value >= 1e6 ? format(datum.value / 1e6, ',.1f') + 'M' : format(datum.value / 1e3, ',.0f') + 'K'"
