"""The one family of errors that a person caused or can mend.

Belongs here: the base class, which carries a text key and its parameters so that the caller chooses the
language. Not here: the texts (pipelines/strings), and errors of programming, which keep their stack trace.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any


class MarketLedgerError(Exception):
    """Says what is wrong, which file, line or name it concerns, and what to do now.

    `key` names a text under `errors:` in pipelines/strings; its parameters must hold no personal data.
    """

    def __init__(self, key: str, **params: object) -> None:
        self.key = key
        self.params = params
        super().__init__(key)

    def message(self, language: str) -> str:
        """The text of the error in one language."""
        from pipelines.texts import text

        return text(f"errors.{self.key}", language, **self.params)

    def __str__(self) -> str:
        return self.message("en")

    def __reduce__(self) -> tuple[Any, ...]:
        """Errors come back from the process that runs the checks, whatever their own arguments are."""
        return _restored, (type(self), self.args, self.__dict__)


def _restored(kind: type[MarketLedgerError], args: tuple[object, ...], state: dict[str, object]) -> MarketLedgerError:
    error = kind.__new__(kind)
    error.args = args
    error.__dict__.update(state)
    return error


class SettingsError(MarketLedgerError):
    """A setting that cannot be used, with the file and line (or the variable) that it stands in."""

    def __init__(self, key: str, place: str | Path, line: int | None = None, **params: object) -> None:
        where = f"{place}:{line}" if line else str(place)
        super().__init__(key, where=where, **params)
