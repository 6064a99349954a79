"""All SQL of the dashboard. It reads the published leadership file and nothing else, read-only.

Each function returns plain rows (a list of dicts). Results are cached by publication: a new one is another path, so it
is picked up by the next click without a restart, and the old file stays readable for whoever still holds it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

if TYPE_CHECKING:
    import duckdb

Row = dict[str, Any]
IDENTIFIER_CHARACTERS = set("abcdefghijklmnopqrstuvwxyz0123456789_")


def publication_file(published: Path) -> Path | None:
    """The leadership's file of the current publication, resolved: its path names the version."""
    current = published / "current"
    if not current.exists():
        return None
    file = current.resolve() / "leadership.duckdb"
    return file if file.exists() else None


@st.cache_resource(max_entries=3, show_spinner=False)
def _connection(file: str) -> duckdb.DuckDBPyConnection:
    import duckdb

    return duckdb.connect(file, read_only=True, config={"threads": 2})


@st.cache_data(max_entries=4000, show_spinner=False)
def rows(file: str, sql: str, parameters: tuple[Any, ...] = ()) -> list[Row]:
    """Run one query on one publication."""
    cursor = _connection(file).cursor()
    result = cursor.execute(sql, list(parameters))
    names = [column[0] for column in result.description]
    return [dict(zip(names, values, strict=True)) for values in result.fetchall()]


def identifier(name: str) -> str:
    """A table or column name that may come from a URL: refused unless it is a plain one."""
    if not name or not set(name) <= IDENTIFIER_CHARACTERS:
        raise ValueError(f"not a name of a table or column: {name!r}")
    return name


def window_of(window: str, month: date) -> tuple[date, date]:
    """The first and the last month of the rows behind a figure: its own, the year so far, or all so far."""
    first = {"year_to_date": month.replace(month=1), "to_date": date.min}.get(window, month)
    return first, month


class Publication:
    """One published file, and what the views ask of it."""

    def __init__(self, file: Path) -> None:
        self.file = str(file)

    def query(self, sql: str, *parameters: Any) -> list[Row]:
        return rows(self.file, sql, parameters)

    # --- the frame ---------------------------------------------------------------------------------------------

    def information(self) -> Row:
        """version, as_of, published_at, company names, currency, time zone."""
        return self.query("select * from publication")[0]

    def sections(self) -> dict[str, Row]:
        """State of each section: ok, held or held_never_published, with the as_of of what is shown."""
        return {row["section"]: row for row in self.query("select * from publication_sections")}

    def tables(self) -> set[str]:
        return {row["table_name"] for row in self.query("select table_name from duckdb_tables()")}

    def months(self) -> list[date]:
        """Newest first."""
        return [
            row["month_start"]
            for row in self.query("select distinct month_start from rpt_monthly_summary order by 1 desc")
        ]

    def values_of(self, column: str) -> list[str]:
        """Regions or segments with figures, 'all' first, 'unknown' last."""
        name = identifier(column)
        found = [row[name] for row in self.query(f"select distinct {name} from rpt_monthly_summary")]
        return sorted(found, key=lambda value: (value != "all", value in ("unknown", "not_recorded"), value))

    def labels(self) -> dict[tuple[str, str], tuple[str, str]]:
        """(domain, code) -> (zh, en)."""
        found = self.query("select domain, code, label_zh, label_en from labels order by sort_order")
        return {(row["domain"], row["code"]): (row["label_zh"], row["label_en"]) for row in found}

    def actions(self) -> list[Row]:
        """What is to be done, without names: what is longest overdue first."""
        if "rpt_actions" not in self.tables():
            return []
        return self.query("select * from rpt_actions order by status = 'done', due_date nulls last, action_id")

    # --- figures -----------------------------------------------------------------------------------------------

    def summary(self, month: date, region: str, segment: str) -> dict[str, Row]:
        """metric -> its row of the monthly summary, whose passport is the summary's own."""
        found = self.query(
            "select * replace ('rpt_monthly_summary' as report, metric as report_column) from rpt_monthly_summary"
            " where month_start = ? and region = ? and segment = ?",
            month,
            region,
            segment,
        )
        return {row["metric"]: row for row in found}

    def closing(self, month: date) -> Row | None:
        """Where a month stands on its way to being closed, with its comment; None while nobody said anything of it."""
        if "month_closings" not in self.tables():
            return None
        found = self.query("select * from month_closings where month_start = ?", month)
        return found[0] if found else None

    def closing_marks(self, month: date) -> list[Row]:
        """Everything that was said of a month, oldest first."""
        return self.query("select * from closing_marks where month_start = ? order by said_at, mark_id", month)

    def closed_summary(self, month: date, region: str, segment: str) -> dict[str, Row]:
        """metric -> its row as it was approved; `is_restated` where it would come out otherwise today, as `value_now`."""
        found = self.query(
            "select closed.* replace ('rpt_monthly_summary' as report, closed.metric as report_column),"
            " restatements.closed_value is distinct from restatements.value_now as is_restated, restatements.value_now"
            " from closed_figures as closed left join restatements using (closing_id, region, segment, metric)"
            " where closed.month_start = ? and closed.region = ? and closed.segment = ?",
            month,
            region,
            segment,
        )
        return {row["metric"]: row for row in found}

    def closed_sales(self) -> dict[tuple[date, str, str, str], Row]:
        """(month, region, segment, metric) -> sales and their attainment as they were approved."""
        if "closed_figures" not in self.tables():
            return {}
        found = self.query(
            "select month_start, region, segment, metric, value, target_value, last_year_change from closed_figures"
            " where metric in ('sales_amount', 'target_attainment_rate')"
        )
        return {(row["month_start"], row["region"], row["segment"], row["metric"]): row for row in found}

    def restatements(self, month: date, region: str, segment: str) -> list[Row]:
        """Figures of a closed month that would come out otherwise today, in the order of the summary."""
        return self.query(
            "select restatements.* from restatements join closed_figures"
            " using (closing_id, region, segment, metric)"
            " where restatements.month_start = ? and region = ? and segment = ? order by closed_figures.sort_order",
            month,
            region,
            segment,
        )

    def summary_series(self, month: date, region: str, segment: str, months: int = 13) -> dict[str, list[Row]]:
        """metric -> its rows of the last months up to this one, oldest first."""
        found = self.query(
            "select metric, month_start, value, low, high from rpt_monthly_summary"
            " where region = ? and segment = ? and month_start <= ? and month_start > ? - to_months(?)"
            " order by metric, month_start",
            region, segment, month, month, months,
        )  # fmt: skip
        series: dict[str, list[Row]] = {}
        for row in found:
            series.setdefault(row["metric"], []).append(row)
        return series

    def report(self, table: str, order: str = "", **where: Any) -> list[Row]:
        """Rows of a report under equalities; a list means any of; `order` is a fixed text of ours."""
        clauses: list[str] = []
        parameters: list[Any] = []
        for name, value in where.items():
            column = identifier(name)
            if isinstance(value, (list, tuple)):
                clauses.append(f"{column} in ({', '.join('?' * len(value))})")
                parameters.extend(value)
            else:
                clauses.append(f"{column} = ?")
                parameters.append(value)
        condition = f" where {' and '.join(clauses)}" if clauses else ""
        return self.query(f"select * from {identifier(table)}{condition} {order and f'order by {order}'}", *parameters)

    def report_months(self, table: str, month: date, months: int, **where: Any) -> list[Row]:
        """Rows of the last months up to this one, oldest first."""
        clauses = "".join(f" and {identifier(name)} = ?" for name in where)
        return self.query(
            f"select * from {identifier(table)} where month_start <= ? and month_start > ? - to_months(?){clauses}"
            " order by month_start",
            month, month, months, *where.values(),
        )  # fmt: skip

    # --- passports and the rows behind a figure ----------------------------------------------------------------

    def passport(self, report: str, column: str) -> Row | None:
        found = self.query("select * from passports where report = ? and column_name = ?", report, column)
        return found[0] if found else None

    def passports(self) -> list[Row]:
        """Every figure that is counted or computed; dimensions have passports, too, and are left out here."""
        return self.query(
            "select * from passports where unit not in ('code', 'date') order by section, report, column_name"
        )

    def rules(self) -> list[Row]:
        return self.query("select * from rules order by procedure_id nulls last, rule_id")

    def column_labels(self, table: str) -> dict[str, Row]:
        """What the columns of a report or drill table are called."""
        found = self.query("select * from column_labels where table_name = ?", table)
        return {row["column_name"]: row for row in found}

    def passport_rows(self, report: str, column: str, month: date, region: str, segment: str) -> Row | None:
        found = self.query(
            "select * from passport_rows where report = ? and column_name = ?"
            " and month_start = ? and region = ? and segment = ?",
            report, column, month, region, segment,
        )  # fmt: skip
        return found[0] if found else None

    def drill(
        self, passport: Row, month: date, equal: Mapping[str, Any], limit: int, offset: int = 0
    ) -> tuple[int, list[Row]]:
        """Count and one page of the rows behind a figure. The condition is the published passport's, not a reader's."""
        first, last = window_of(passport["drill_window"], month)
        in_month = (
            f"cast({identifier(passport['drill_month'])} as date) between cast(? as date) and last_day(cast(? as date))"
        )
        regions = [f"coalesce({identifier(name)}, 'unknown') = ?" for name in equal]
        condition = " and ".join([f"({passport['drill_filter']})", in_month, *regions])
        body = f"from {identifier(passport['drill_table'])} where {condition}"
        parameters = (first, last, *equal.values())
        total = self.query(f"select count(*) as row_count {body}", *parameters)[0]["row_count"]
        page = f"limit {int(limit)} offset {int(offset)}"
        return total, self.query(f"select * {body} order by all {page}", *parameters)

    # --- data quality ------------------------------------------------------------------------------------------

    def deliveries(self) -> list[Row]:
        return self.query("select * from rpt_deliveries order by arrival_number desc, delivery_id")

    def rejected(self, limit: int = 500) -> list[Row]:
        """Rows that were rejected or wait: the file, the row, the columns and the reasons, never what stood there."""
        return self.query(
            "select * from rejected_rows where status <> 'skipped' order by file_name, delivery_id, ledger_row_number"
            " limit ?",
            limit,
        )

    def checks(self) -> list[Row]:
        return self.query("select * from checks order by passed, severity, kind, target, check_id")


def pick(found: Sequence[Row], **equal: Any) -> Row | None:
    """The first of rows already read that matches."""
    return next((row for row in found if all(row[name] == value for name, value in equal.items())), None)
