"""The frame: which publication, which language, month, region and segment; then the view. `market-ledger dashboard`."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from html import escape
from pathlib import Path

import streamlit as st

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # `streamlit run` puts only this folder on the path

from dashboards import charts, formatting, state
from dashboards.context import Context, text
from dashboards.queries import Publication, publication_file
from dashboards.views import VIEWS
from pipelines.settings import Settings, load_settings

STALE_AFTER = timedelta(hours=26)  # a daily run that did not come, with two hours of grace
LOOK_FOR_NEW_EVERY_SECONDS = 60


def main() -> None:
    settings = load_settings()
    language = state.chosen_language("zh" if settings.language == "zh" else "en")
    st.set_page_config(page_title=text(language, "app.title"), page_icon="📒", layout="wide")
    st.html(Path(__file__).parent / "style.css")
    file = publication_file(settings.published)
    if file is None:
        _never_ran(settings, language)
        return
    publication = Publication(file)
    context, run_page = _frame(publication, settings, language)
    if context is not None:
        try:
            run_page(context)
        except Exception:
            # A reader never sees a stack trace, nor one in another language; the server's log has it.
            logging.getLogger("market_ledger.dashboard").exception("a view could not be drawn")
            st.html(f"<div class='ledger-banner' role='alert'>{context.text('banner.broken')}</div>")


def _never_ran(settings: Settings, language: formatting.Language) -> None:
    _language_switch(language)
    st.html(f"<h1>{text(language, 'app.title')}</h1>")
    st.html(f"<div class='ledger-banner' role='status'>{text(language, 'banner.never_ran')}</div>")
    st.code("make run\nmarket-ledger run", language="shell")


def _language_switch(language: formatting.Language) -> None:
    names = {"zh": "中文", "en": "English"}
    chosen = st.sidebar.segmented_control(
        text(language, "filters.language"),
        list(names),
        default=language,
        format_func=lambda code: names[code],
        key="language_switch",
        label_visibility="collapsed",
        required=True,
    )
    if chosen and chosen != language:
        st.query_params["lang"] = chosen
        st.session_state["choice_lang"] = chosen
        st.rerun()


def _frame(
    publication: Publication, settings: Settings, language: formatting.Language
) -> tuple[Context | None, Callable[[Context], None]]:
    information = publication.information()
    _language_switch(language)
    pages = {
        name: st.Page(
            _empty,
            title=text(language, f"views.{name}"),
            url_path="" if name == "summary" else name,
            default=name == "summary",
            visibility="hidden" if name == "rows" else "visible",
        )
        for name in VIEWS
    }
    # All of them: what folds a longer list says so in English alone.
    current = st.navigation(list(pages.values()), position="sidebar", expanded=True)
    name = next(key for key, page in pages.items() if page.url_path == current.url_path)
    months = publication.months()
    if not months:
        st.html(f"<div class='ledger-banner'>{text(language, 'banner.no_month')}</div>")
        return None, VIEWS[name]
    choice = _filters(publication, information, months, language)
    state.remember(choice)
    context = Context(
        publication=publication,
        choice=choice,
        information=information,
        sections=publication.sections(),
        labels=publication.labels(),
        palette=charts.DARK if st.context.theme.type == "dark" else charts.LIGHT,
        pages=pages,
    )
    _foot(context, settings)
    return context, VIEWS[name]


def _empty() -> None:
    """The frame calls the view itself, because a page of st.navigation takes no argument."""


def _filters(publication: Publication, information: dict, months: list, language: formatting.Language) -> state.Choice:
    complete = information["newest_complete_month"]
    default_month = complete if complete in months else months[0]
    labels = publication.labels()

    def name_of(domain: str, code: str) -> str:
        if code == state.ALL:
            return text(language, f"filters.all_{domain}s")
        found = labels.get((domain, code))
        return found[language == "en"] if found else text(language, "values.unknown") if code == "unknown" else code

    chosen_month = state.chosen_month(months, default_month)
    month = st.sidebar.selectbox(
        text(language, "filters.month"),
        months,
        index=months.index(chosen_month),
        format_func=lambda value: formatting.month(value, language),
    )
    picked = {}
    for domain in ("region", "segment"):
        available = publication.values_of(domain)
        picked[domain] = st.sidebar.selectbox(
            text(language, f"filters.{domain}"),
            available,
            index=available.index(state.chosen_of(domain, available)) if available else None,
            format_func=lambda code, domain=domain: name_of(domain, code),
        )
    return state.Choice(language, month, picked["region"] or state.ALL, picked["segment"] or state.ALL)


def _foot(context: Context, settings: Settings) -> None:
    """Which publication this is; a quiet look every minute whether a newer one is there."""
    information = context.information
    written = formatting.moment(information["as_of"], context.language, context.time_zone)
    st.sidebar.html(
        f"<div class='ledger-note'>{escape(information[f'company_{context.language}'])}<br>"
        f"{context.text('app.as_of', moment=written)}<br>{context.text('app.version', version=information['version'])}</div>"
    )
    age = datetime.now(UTC).replace(tzinfo=None) - information["published_at"]
    if age > STALE_AFTER:
        since = formatting.moment(information["published_at"], context.language, context.time_zone)
        st.html(f"<div class='ledger-banner' role='status'>{context.text('banner.stale', since=since)}</div>")

    @st.fragment(run_every=LOOK_FOR_NEW_EVERY_SECONDS)
    def look_for_new() -> None:
        newest = publication_file(settings.published)
        if newest is not None and str(newest) != context.publication.file:
            st.rerun(scope="app")

    with st.sidebar:
        look_for_new()


main()
