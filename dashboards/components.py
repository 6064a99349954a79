"""The pieces that views share: tiles, tables, banners, passports, downloads. Each takes figures and draws them."""

from __future__ import annotations

import base64
import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from html import escape
from typing import Any

import streamlit as st

from dashboards import charts, formatting
from dashboards.context import Context

Row = dict[str, Any]
PERIODS = ("previous", "last_year")  # what a tile's figure is held against
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True)
class Column:
    """One column of a table: which field, what header, how it is written."""

    field: str
    title: str
    unit: str = "text"
    write: Callable[[Row], str] | None = None

    @property
    def is_number(self) -> bool:
        return self.unit not in ("text", "code", "date", "month")

    @property
    def style(self) -> str:
        """Figures to the right, names of codes and moments on one line, text as it comes."""
        return "number" if self.is_number else "" if self.unit == "text" else "code"


def heading(context: Context, title: str, subtitle: str = "") -> None:
    st.html(f"<h1>{escape(title)}</h1><div class='ledger-sub'>{escape(subtitle)}</div>")


def chart_title(title: str, note: str = "") -> None:
    """What the chart shows, as a sentence; what it is drawn from, below in small."""
    below = f"<div class='ledger-note'>{escape(note)}</div>" if note else ""
    st.html(f"<h3>{escape(title)}</h3>{below}")


def chart(drawing: Any, description: str) -> None:
    st.altair_chart(drawing, theme=None, alt=description)


def line_by_month(
    context: Context,
    report: str,
    column: str,
    unit: str,
    months: Sequence[Row],
    *,
    low: str | None = None,
    high: str | None = None,
    name: str | None = None,
    compare: str | None = None,
    **more: Any,
) -> None:
    """A figure of a report over months with its band: `column`_low and `column`_high, unless it has other names."""
    sides = {"low": low or f"{column}_low", "high": high or f"{column}_high"}
    points = [
        {
            "month": formatting.month(row["month_start"], context.language, short=True),
            "value": formatting.number(row[column]),
            **{side: formatting.number(row[each]) for side, each in sides.items()},
            **({"compare": formatting.number(row[compare])} if compare else {}),
            "value_text": context.figure(row[column], unit),
        }
        for row in months
    ]
    title = name or context.column_title(report, column)
    drawing = charts.line_with_band(
        points, context.palette, x="month", value="value", low="low", high="high", name=title,
        axis_format=context.axis_format(unit), compare="compare" if compare else None, **more,
    )  # fmt: skip
    chart(drawing, title)


def note(text: str) -> None:
    st.html(f"<div class='ledger-note'>{escape(text)}</div>")


def section_banner(context: Context, *sections: str) -> bool:
    """Say so when a section stands at its last good version or warnings travel with it. False: nothing to show."""
    shown = True
    for section in sections:
        state = context.sections.get(section)
        if state is None or state["state"] == "ok":
            continue
        name = context.text(f"sections.{section}")
        if state["state"] == "held_never_published":
            message, shown = context.text("banner.never_published", section=name), False
        else:
            message = context.text(
                "banner.held",
                section=name,
                as_of=formatting.moment(state["good_as_of"], context.language, context.time_zone),
                reason=context.reason(state),
            )
        st.html(f"<div class='ledger-banner' role='status'>{escape(message)}</div>")
    return shown


# --- tiles -------------------------------------------------------------------------------------------------------


def tile(context: Context, row: Row | None, metric: str, series: Sequence[Row] = ()) -> None:
    """One figure: value, interval or base, change on last month and last year, a short history, its passport."""
    with st.container(border=True):
        if row is None:
            label = context.figure_label("rpt_monthly_summary", metric)
            st.html(
                f"<div class='ledger-tile'><div class='label'>{escape(label)}</div><div class='value grey'>–</div></div>"
            )
            return
        st.html(_tile_html(context, row, [point["value"] for point in series]))
        passport_button(context, row["report"], row["report_column"], key=metric)


def report_figure(report: str, column: str, unit: str, history: Sequence[Row], **more: Any) -> Row:
    """The row of a tile for a figure that the monthly summary does not carry, from its own report's months."""
    value = history[-1][column]
    status = "ok" if value is not None else "not_available"
    empty = dict.fromkeys(("low", "high", "target_value", "previous_change", "last_year_change"))
    changes = dict.fromkeys(("previous_change_is_significant", "last_year_change_is_significant"))
    identity = {"metric": column, "report": report, "report_column": column}
    figure = {"value": value, "unit": unit, "value_status": status, "previous_change_kind": "relative"}
    return identity | figure | empty | changes | more


def _tile_html(context: Context, row: Row, history: list[float | None]) -> str:
    write = context.figure
    is_weak = row["value_status"] in ("small_base", "wide_interval", "not_available")
    detail = formatting.interval(row["low"], row["high"], row["unit"], context.language)
    if row["value_status"] != "ok":
        detail = context.text(f"value_status.{row['value_status']}")
    elif row["target_value"] is not None:
        detail = context.text("tile.target", value=write(row["target_value"], row["unit"]))
    elif detail:
        detail = context.text("tile.interval", interval=detail)
    # Two dashes say nothing: a figure that is compared with neither month has no such lines.
    is_compared = any(row[f"{period}_change"] is not None for period in PERIODS)
    changes = "".join(_change_html(context, row, period, is_weak) for period in PERIODS) if is_compared else ""
    label = escape(context.figure_label(row["report"], row["report_column"]))
    return (
        f"<div class='ledger-tile'><div class='label' title='{label}'>{label}</div>"
        f"<div class='value{' grey' if is_weak else ''}'>{escape(write(row['value'], row['unit']))}</div>"
        f"<div class='detail'>{escape(detail)}{_restated_html(context, row)}</div><div class='changes'>{changes}</div>"
        f"{_picture(charts.sparkline(history, context.palette))}</div>"
    )


def _restated_html(context: Context, row: Row) -> str:
    """A closed figure stays as it was approved; what it would be today stands beside it."""
    if not row.get("is_restated"):
        return ""
    now = context.text("tile.restated", value=context.figure(row["value_now"], row["unit"]))
    return f" <span class='restated' title='{escape(context.text('tile.restated_hint'))}'>≠ {escape(now)}</span>"


def _picture(svg: str) -> str:
    """An SVG as an image: the page's sanitiser removes inline ones."""
    if not svg:
        return "<div class='spark'></div>"
    return f"<img class='spark' alt='' src='data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()}'>"


def _change_html(context: Context, row: Row, period: str, is_weak: bool) -> str:
    """No arrow without evidence: a change that may be chance is written grey and without one."""
    value = row[f"{period}_change"]
    is_significant = False if is_weak else row[f"{period}_change_is_significant"]
    name = context.text(f"tile.{period}")
    if value is None:
        return f"<span>{escape(name)} –</span>"
    text = escape(formatting.change(value, row["previous_change_kind"], context.language, row["unit"]))
    if is_significant is False or value == 0:
        hint = escape(context.text("tile.not_significant"))
        return f"<span title='{hint}'>{escape(name)} {text}</span>"
    return f"<span>{escape(name)} <b>{'▲' if value > 0 else '▼'} {text}</b></span>"


def metric_tiles(
    context: Context,
    names: Sequence[str],
    report: str = "",
    months: Sequence[Row] = (),
    units: Mapping[str, str] | None = None,
    metrics: Mapping[str, Row] | None = None,
) -> None:
    """A row of tiles: figures of the monthly summary (or those given), else of the section's own report by months."""
    choice = context.choice
    if metrics is None:
        metrics = context.publication.summary(choice.month, choice.region, choice.segment)
    series = context.publication.summary_series(choice.month, choice.region, choice.segment)
    for place, name in zip(st.columns(len(names)), names, strict=True):
        row, history = metrics.get(name), series.get(name, [])
        if row is None and months:
            bounds = {side: formatting.number(months[-1].get(f"{name}_{side}")) for side in ("low", "high")}
            row = report_figure(report, name, (units or {}).get(name, "count"), months, **bounds)
            history = [{"value": formatting.number(month[name])} for month in months[-13:]]
        with place:
            tile(context, row, name, history)


# --- passports ---------------------------------------------------------------------------------------------------


def passport_button(context: Context, report: str, column: str, key: str, **more: Any) -> None:
    """A small button that opens the passport of a figure; its content is read only when it is opened."""
    opened = st.popover(context.text("passport.open"), key=f"passport-{key}", on_change="rerun", type="tertiary")
    if opened.open:
        with opened:
            _passport(context, report, column, **more)


def _passport(context: Context, report: str, column: str, **more: Any) -> None:
    passport = context.publication.passport(report, column)
    if passport is None:
        st.write(context.text("passport.none"))
        return
    language = context.language
    lines = [
        ("passport.definition", passport[f"definition_{language}"]),
        ("passport.numerator", passport[f"numerator_{language}"]),
        ("passport.denominator", passport[f"denominator_{language}"]),
        ("passport.base", passport[f"base_{language}"]),
    ]
    choice = context.choice
    behind = context.publication.passport_rows(report, column, choice.month, choice.region, choice.segment)
    if behind:
        lines.append(
            (
                "passport.rows",
                context.text("passport.rows_value", rows=f"{behind['row_count']:,}", files=f"{behind['file_count']:,}"),
            )
        )
    lines.append(("passport.model", f"{report}.{column}"))
    lines.append(("passport.upstream", ", ".join(json.loads(passport["upstream"]))))
    checks = json.loads(passport["checks"])
    passed = sum(check["passed"] for check in checks)
    lines.append(("passport.checks", context.text("passport.checks_value", passed=passed, total=len(checks))))
    section = context.sections.get(passport["section"])
    moment = (section and section["good_as_of"]) or context.information["as_of"]
    lines.append(("passport.as_of", formatting.moment(moment, language, context.time_zone)))
    body = "".join(
        f"<tr><td class='grey'>{escape(context.text(name))}</td><td>{escape(str(value))}</td></tr>"
        for name, value in lines
        if value
    )
    st.html(f"<b>{escape(passport[f'label_{language}'])}</b><table class='ledger-table'>{body}</table>")
    if passport["drill_table"]:
        st.page_link(
            context.pages["rows"],
            label=context.text("passport.to_rows"),
            query_params=choice.query(report=report, column=column, **more),
        )
    with st.expander(context.text("passport.sql")):
        st.code(passport["sql"], language="sql")


# --- tables and downloads ----------------------------------------------------------------------------------------


def table(
    context: Context,
    rows: Sequence[Row],
    columns: Sequence[Column],
    total: Callable[[Row], bool] | None = None,
) -> None:
    """An aligned table that prints; the total row is set off."""
    head = "".join(f"<th class='{column.style}'>{escape(column.title)}</th>" for column in columns)
    body = "".join(
        f"<tr class='{'total' if total and total(row) else ''}'>"
        + "".join(f"<td class='{column.style}'>{escape(_cell(context, row, column))}</td>" for column in columns)
        + "</tr>"
        for row in rows
    )
    empty = "" if rows else f"<div class='ledger-note'>{escape(context.text('table.empty'))}</div>"
    st.html(
        f"<div class='ledger-scroll'><table class='ledger-table'><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>{empty}"
    )


def first_rows(context: Context, rows: Sequence[Row], columns: Sequence[Column], shown: int, name: str) -> None:
    """The first rows of a long list; the downloads have them all."""
    table(context, rows[:shown], columns)
    if len(rows) > shown:
        note(context.text("table.more", shown=shown, total=len(rows)))
    downloads(context, rows, columns, name)


def _cell(context: Context, row: Row, column: Column) -> str:
    if column.write is not None:
        return column.write(row)
    value = row.get(column.field)
    if column.unit == "code":
        return context.label(column.field, value)
    if column.unit == "text":
        return "" if value is None else str(value)
    return context.figure(value, column.unit)


def total_of(rows: Sequence[Row]) -> Row | None:
    """The row of the total among the parts of a breakdown."""
    return next(filter(_is_total, rows), None)


def _is_total(row: Row) -> bool:
    return bool(row["breakdown"] == "total")


def breakdown_choice(context: Context, names: Sequence[str], default: str, key: str) -> str:
    """By what the table below is broken down."""
    return st.segmented_control(
        context.text("table.break_down_by"),
        names,
        default=default,
        required=True,
        format_func=lambda name: context.text(f"breakdowns.{name}"),
        key=key,
    )


def breakdown_table(
    context: Context, report: str, breakdown: str, rows: Sequence[Row], figures: Sequence[tuple[str, str]], name: str
) -> None:
    """One report's parts by a breakdown, in the order given, with their total below, and both as downloads.

    `figures` are the report's columns with their units; the unit "change" writes a relative change with its sign.
    """
    domain = {"product": "product_id"}.get(breakdown, breakdown)
    rows = sorted(rows, key=_is_total)

    def part(row: Row) -> str:
        return context.text("table.total") if _is_total(row) else context.label(domain, row["breakdown_value"])

    columns = [Column("breakdown_value", context.text(f"breakdowns.{breakdown}"), "code", write=part)]
    columns += [figure_column(context, report, column, unit) for column, unit in figures]
    table(context, rows, columns, total=_is_total)
    downloads(context, rows, columns, f"{name}-{breakdown}-{context.choice.month:%Y-%m}")


def figure_column(context: Context, report: str, name: str, unit: str) -> Column:
    title = context.column_title(report, name)
    if unit == "change":
        return Column(name, title, "percent", lambda row: formatting.change(row[name], "relative", context.language))
    return Column(name, title, unit)


def interval_column(context: Context, name: str, unit: str) -> Column:
    """The interval of a figure, whose ends are its name with _low and _high."""
    return Column(
        f"{name}_low",
        context.text("table.interval"),
        unit,
        write=lambda row: formatting.interval(row[f"{name}_low"], row[f"{name}_high"], unit, context.language),
    )


def downloads(
    context: Context, rows: Sequence[Row] | Callable[[], Sequence[Row]], columns: Sequence[Column], name: str
) -> None:
    """The same rows as CSV (opens right in a Chinese Excel) and as a workbook, with the headers of the table.

    Rows that are many are given as a function: they are read when somebody asks for the file.
    """
    read = rows if callable(rows) else lambda: rows
    place = st.container(horizontal=True)
    place.download_button(
        context.text("download.csv"),
        lambda: as_csv(context, read(), columns),
        f"{name}.csv",
        "text/csv",
        key=f"csv-{name}",
        on_click="ignore",
    )
    place.download_button(
        context.text("download.xlsx"),
        lambda: as_workbook(context, read(), columns, name),
        f"{name}.xlsx",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        key=f"xlsx-{name}",
        on_click="ignore",
    )


def _exported(context: Context, row: Row, column: Column) -> Any:
    value = row.get(column.field)
    if column.write is not None and not column.is_number:
        value = column.write(row)
    elif column.unit == "code":
        value = context.label(column.field, value)
    if isinstance(value, str) and value.startswith(FORMULA_STARTS):
        return "'" + value  # a cell that a spreadsheet would run as a formula stays text
    return value


def as_csv(context: Context, rows: Sequence[Row], columns: Sequence[Column]) -> bytes:
    """UTF-8 with a byte order mark, which Excel needs to see that it is not the system's code page."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([column.title for column in columns])
    writer.writerows([[_exported(context, row, column) for column in columns] for row in rows])
    return text.getvalue().encode("utf-8-sig")


def as_workbook(context: Context, rows: Sequence[Row], columns: Sequence[Column], name: str) -> bytes:
    """One sheet, header frozen, figures as figures with the number format of their unit."""
    import xlsxwriter

    target = io.BytesIO()
    with xlsxwriter.Workbook(target, {"in_memory": True, "strings_to_formulas": False}) as workbook:
        sheet = workbook.add_worksheet(name[:31])
        header = workbook.add_format({"bold": True, "bottom": 1})
        formats = {
            "percent": workbook.add_format({"num_format": "0.0%"}),
            "currency": workbook.add_format({"num_format": "#,##0.00"}),
            "count": workbook.add_format({"num_format": "#,##0"}),
            "date": workbook.add_format({"num_format": "yyyy-mm-dd"}),
        }
        for index, column in enumerate(columns):
            sheet.write_string(0, index, column.title, header)
            sheet.set_column(index, index, max(12, len(column.title) * 2))
        for line, row in enumerate(rows, start=1):
            for index, column in enumerate(columns):
                _write_cell(
                    sheet,
                    line,
                    index,
                    _exported(context, row, column),
                    formats.get(column.unit),
                    formats["date"],
                )
        sheet.freeze_panes(1, 0)
    return target.getvalue()


def _write_cell(sheet: Any, line: int, index: int, value: Any, style: Any, date_style: Any) -> None:
    if value is None:
        return
    if isinstance(value, bool):
        sheet.write_boolean(line, index, value)
    elif isinstance(value, (datetime, date)):
        sheet.write_datetime(line, index, value, date_style)
    elif isinstance(value, (int, float, Decimal)):
        sheet.write_number(line, index, float(value), style)
    else:
        sheet.write_string(line, index, str(value))
