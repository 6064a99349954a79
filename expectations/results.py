"""What a check found, in one shape for deliveries, reports and dbt's tests.

Belongs here: the result and nothing else, so that whoever only reads results imports no checking library.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class CheckResult:
    """One check on one target. A critical one that failed and that nobody waived holds its sections back."""

    check_id: str
    kind: str  # source | report | dbt
    target: str
    sections: tuple[str, ...]
    severity: str  # critical | warning
    passed: bool
    observed: object
    expected: object
    detail: str
    delivery_ids: tuple[str, ...]
    waived_by: str | None
    label_zh: str = ""
    label_en: str = ""
    waiver_reason: str = ""
    waiver_expiry: date | None = None

    @property
    def holds_back(self) -> bool:
        return not self.passed and self.severity == "critical" and not self.waived_by
