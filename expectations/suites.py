"""Suites as people write them: measures in SQL, and what is expected of each measure.

Belongs here: the shape of a suite file, loading with errors that name file and line. Not here: where measures
are computed (measures.py) and who judges them (engine.py).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import Field, ValidationError, model_validator

from pipelines.intake.contract import Strict, Text, definition_error, read_yaml

if TYPE_CHECKING:
    from typing import Self


class Expectation(Strict):
    """Bounds that a measure keeps. A measure that is null (nothing to measure) is no breach."""

    check: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    severity: Literal["critical", "warning"]
    label: Text
    measure: str
    minimum: float | None = None
    maximum: float | None = None

    @model_validator(mode="after")
    def _has_a_bound(self) -> Self:
        if self.minimum is None and self.maximum is None:
            raise ValueError("a minimum or a maximum is needed")
        return self

    @property
    def bounds(self) -> str:
        """The bounds as a reader sees them, in any language."""
        if self.minimum == self.maximum:
            return f"= {self.maximum:g}"
        if self.minimum is None:
            return f"≤ {self.maximum:g}"
        if self.maximum is None:
            return f"≥ {self.minimum:g}"
        return f"{self.minimum:g} – {self.maximum:g}"

    def distance(self, value: float) -> float:
        """How far a value lies beyond the nearer bound; negative within the bounds."""
        over = value - self.maximum if self.maximum is not None else float("-inf")
        under = self.minimum - value if self.minimum is not None else float("-inf")
        return max(over, under)


class Suite(Strict):
    """Measures by name (an SQL aggregate each) and the expectations on them.

    `rows` of a report's suite is the query that its measures are taken over, with a column `measured_key` that
    names what is judged, a month for example; without it the report's own rows by month.
    """

    rows: str | None = None
    measures: dict[str, str]
    expectations: tuple[Expectation, ...]

    @model_validator(mode="after")
    def _measures_are_there(self) -> Self:
        unknown = sorted({each.measure for each in self.expectations} - self.measures.keys())
        if unknown:
            raise ValueError(f"no measure {', '.join(unknown)}")
        return self

    def expectation(self, check: str) -> Expectation:
        return next(each for each in self.expectations if each.check == check)


EMPTY = Suite(measures={}, expectations=())


def load_suite(file: Path) -> Suite:
    """One suite; an absent file is a suite without expectations."""
    if not file.is_file():
        return EMPTY
    document = read_yaml(file)
    try:
        return Suite.model_validate(document)
    except ValidationError as error:
        raise definition_error(file, document, error) from None
