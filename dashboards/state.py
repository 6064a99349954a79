"""What the reader has chosen: language, month, region and segment. The URL carries all of it, so a link is a view."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import streamlit as st

from dashboards.formatting import Language

ALL = "all"
PARAMETERS = ("lang", "month", "region", "segment")


@dataclass(frozen=True)
class Choice:
    """One reader's view of one publication."""

    language: Language
    month: date
    region: str
    segment: str

    def query(self, **more: Any) -> dict[str, str]:
        """The URL parameters that lead to this view."""
        base = {
            "lang": self.language,
            "month": f"{self.month:%Y-%m}",
            "region": self.region,
            "segment": self.segment,
        }
        return base | {name: str(value) for name, value in more.items() if value is not None}


def remembered(name: str) -> str | None:
    """The URL's value, else the session's: changing the page drops the URL's parameters, not the reader's choice."""
    value = st.query_params.get(name) or st.session_state.get(f"choice_{name}")
    return str(value) if value else None


def remember(choice: Choice) -> None:
    """Write the choice back to the URL and the session."""
    for name, value in choice.query().items():
        st.session_state[f"choice_{name}"] = value
        if st.query_params.get(name) != value:
            st.query_params[name] = value


def chosen_language(default: Language) -> Language:
    value = remembered("lang")
    return "zh" if value == "zh" else "en" if value == "en" else default


def chosen_month(available: list[date], default: date) -> date:
    value = remembered("month")
    return next((month for month in available if f"{month:%Y-%m}" == value), default)


def chosen_of(name: str, available: list[str]) -> str:
    value = remembered(name)
    return value if value in available else ALL
