"""Closed months as readers see them: what was approved and by whom, and which figures would come out otherwise today.

Belongs here: the published tables `month_closings`, `closing_marks`, `closed_figures` and `restatements`. Not here: whose
words stand (closings.py) and what a figure means (the models).

What has changed is told by what readers see, not by what was built: a section that is held back restates nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from pipelines.settings import Settings
from pipelines.warehouse.candidate import ANALYSTS, LEADERSHIP, Sources, literal, quoted, table_columns
from pipelines.warehouse.catalog import SUMMARY
from pipelines.warehouse.closings import (
    MARK_COLUMNS,
    Mark,
    Standing,
    all_standing,
    document_hash,
    figures_file,
    read_figures,
    read_marks,
)
from pipelines.warehouse.passports import write_rows

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

# A number that differs by less of itself is the same: engines round the last digits otherwise.
SHARE_THAT_IS_A_CHANGE = 1e-9
CLOSING_COLUMNS = {
    "month_start": "DATE",
    "status": "VARCHAR",
    "closing_id": "VARCHAR",
    "closed_at": "TIMESTAMP",
    "figures_as_of": "TIMESTAMP",
    "document_hash": "VARCHAR",
    "comment_zh": "VARCHAR",
    "comment_en": "VARCHAR",
    "closing_count": "BIGINT",
}
RESTATEMENT_COLUMNS = {
    "closing_id": "VARCHAR",
    "month_start": "DATE",
    "region": "VARCHAR",
    "segment": "VARCHAR",
    "metric": "VARCHAR",
    "section": "VARCHAR",
    "unit": "VARCHAR",
    "closed_value": "DOUBLE",
    "value_now": "DOUBLE",
    "closed_target_value": "DOUBLE",
    "target_value_now": "DOUBLE",
    "late_row_count": "BIGINT",
    "late_files": "VARCHAR",
}


def write_closings(sources: Sources, settings: Settings) -> None:
    """The four tables, in the leadership's file and the analysts'."""
    marks = read_marks(sources.connection, settings)
    months = all_standing(marks)
    if SUMMARY in table_columns(sources.connection, LEADERSHIP):
        months = [_as_published(sources.connection, each) for each in months]
    closed = [each for each in months if each.closing and figures_file(settings, each.closing.mark_id).is_file()]
    tables = {
        "closing_marks": (
            {**MARK_COLUMNS, "department": "VARCHAR", "is_standing": "BOOLEAN"},
            _mark_rows(sources, marks, months),
        ),
        "month_closings": (CLOSING_COLUMNS, [_closing_row(each) for each in months]),
    }
    for target in (LEADERSHIP, ANALYSTS):
        for name, (columns, rows) in tables.items():
            write_rows(sources, f"{target}.main.{name}", columns, rows)
    _write_closed_figures(sources, settings, closed)
    _write_restatements(sources, closed)


def _as_published(connection: DuckDBPyConnection, month: Standing) -> Standing:
    """Without signatures under figures that are no longer those that readers see."""
    condition = f"month_start = DATE {literal(month.month_start)}"
    figures = read_figures(connection, f"{LEADERSHIP}.main.{SUMMARY}", condition)
    return month.of_document(document_hash(figures, month.comment_zh, month.comment_en))


def _mark_rows(sources: Sources, marks: Sequence[Mark], months: Sequence[Standing]) -> list[dict[str, Any]]:
    standing_marks = {mark.mark_id for month in months for mark in month.signatures}
    departments: dict[str, str] = {}
    if "dim_employees" in sources.columns:
        departments = dict(
            sources.connection.execute(
                "SELECT employee_id, max(department) FROM warehouse.main.dim_employees GROUP BY employee_id"
            ).fetchall()
        )
    return [
        {name: _plain(getattr(mark, name)) for name in MARK_COLUMNS}
        | {"department": departments.get(mark.employee_id), "is_standing": mark.mark_id in standing_marks}
        for mark in marks
    ]


def _closing_row(month: Standing) -> dict[str, Any]:
    closing = month.closing
    of_closing = {
        "closing_id": closing and closing.mark_id,
        "closed_at": closing and closing.said_at,
        "figures_as_of": closing and closing.figures_as_of,
        "document_hash": closing and closing.document_hash,
    }
    own = {name: getattr(month, name) for name in CLOSING_COLUMNS if name not in of_closing}
    return {name: _plain(value) for name, value in {**own, **of_closing}.items()}


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date | datetime) else value


def _write_closed_figures(sources: Sources, settings: Settings, closed: Sequence[Standing]) -> None:
    """The figures of the closings that stand, as the summary had them."""
    files = ", ".join(literal(figures_file(settings, each.closing.mark_id)) for each in closed if each.closing)
    for target in (LEADERSHIP, ANALYSTS):
        table = f"{target}.main.closed_figures"
        if files:
            query = (
                f"SELECT * FROM read_parquet([{files}], union_by_name = true)"
                " ORDER BY month_start, region, segment, sort_order"
            )
        elif SUMMARY in table_columns(sources.connection, target):
            query = f"SELECT NULL::VARCHAR AS closing_id, * FROM {target}.main.{SUMMARY} WHERE false"
        else:
            query = "SELECT NULL::VARCHAR AS closing_id, NULL::DATE AS month_start WHERE false"
        sources.connection.execute(f"CREATE OR REPLACE TABLE {table} AS {query}")


def _write_restatements(sources: Sources, closed: Sequence[Standing]) -> None:
    """Which closed figures readers would see otherwise today, and which later deliveries have rows behind them."""
    connection = sources.connection
    columns = table_columns(connection, LEADERSHIP)
    write_rows(sources, f"{LEADERSHIP}.main.restatements", RESTATEMENT_COLUMNS, [])
    if closed and "target_value" in columns.get(SUMMARY, {}):
        _find_late_deliveries(sources, closed)
        connection.execute(RESTATED)
        connection.execute("CREATE OR REPLACE TEMP TABLE late_rows (figure VARCHAR, delivery_id VARCHAR, rows BIGINT)")
        for metric, table, condition, month, window in _behind(connection):
            if "ledger_delivery_id" in columns.get(table, {}):
                _count_late_rows(connection, columns[table], metric, table, condition, month, window)
        connection.execute(WITH_DELIVERIES)
    connection.execute(
        f"CREATE OR REPLACE TABLE {ANALYSTS}.main.restatements AS SELECT * FROM {LEADERSHIP}.main.restatements"
    )


def _find_late_deliveries(sources: Sources, closed: Sequence[Standing]) -> None:
    """For each closing, what arrived after the newest delivery that it knew."""
    known = ", ".join(
        f"({literal(each.closing.mark_id)}, {int(each.closing.newest_arrival_number or 0)})"
        for each in closed
        if each.closing
    )
    sources.connection.execute(
        "CREATE OR REPLACE TEMP TABLE late_deliveries AS"
        " SELECT closings.closing_id, receipts.delivery_id, min(receipts.file_name) AS file_name,"
        " min(receipts.source) AS source, min(receipts.first_date) AS first_date, max(receipts.last_date) AS last_date"
        f" FROM {LEADERSHIP}.main.rpt_deliveries AS receipts"
        f" JOIN (VALUES {known}) AS closings(closing_id, newest_arrival_number)"
        " ON receipts.arrival_number > closings.newest_arrival_number"
        " WHERE receipts.is_current_reading AND receipts.rows_accepted > 0 GROUP BY ALL"
    )


def _differs(one: str, other: str) -> str:
    return (
        f"({one} IS DISTINCT FROM {other} AND coalesce(abs({one} - {other})"
        f" > {SHARE_THAT_IS_A_CHANGE} * greatest(abs({one}), abs({other})), true))"
    )


RESTATED = f"""
    CREATE OR REPLACE TEMP TABLE restated AS
    SELECT
        concat_ws('|', closed.closing_id, closed.region, closed.segment, closed.metric) AS figure,
        closed.closing_id, closed.month_start, closed.region, closed.segment, closed.metric, closed.section, closed.unit,
        closed.value AS closed_value, now.value AS value_now,
        closed.target_value AS closed_target_value, now.target_value AS target_value_now,
        closed.report, closed.report_column
    FROM {LEADERSHIP}.main.closed_figures AS closed
    LEFT JOIN {LEADERSHIP}.main.{SUMMARY} AS now
        ON now.month_start = closed.month_start AND now.region = closed.region
        AND now.segment = closed.segment AND now.metric = closed.metric
    WHERE {_differs("closed.value", "now.value")} OR {_differs("closed.target_value", "now.target_value")}
"""
# Named are the files with rows behind the figure, and those of its sources with days of its month, without a count: a
# target or a market total changes a rate without a row of its own.
WITH_DELIVERIES = f"""
    INSERT INTO {LEADERSHIP}.main.restatements BY NAME
    WITH sources_behind AS (
        SELECT report, column_name, unnest(from_json(sources, '["VARCHAR"]')) AS source
        FROM {LEADERSHIP}.main.passports
    ),
    nearby AS (
        SELECT DISTINCT restated.figure, late_deliveries.file_name
        FROM temp.restated
        JOIN sources_behind
            ON sources_behind.report = restated.report AND sources_behind.column_name = restated.report_column
        JOIN temp.late_deliveries
            ON late_deliveries.closing_id = restated.closing_id AND late_deliveries.source = sources_behind.source
            AND late_deliveries.first_date <= last_day(restated.month_start)
            AND late_deliveries.last_date >= restated.month_start
    ),
    counted AS (
        SELECT late_rows.figure, late_deliveries.file_name, late_rows.rows
        FROM temp.late_rows
        JOIN temp.restated ON restated.figure = late_rows.figure
        JOIN temp.late_deliveries ON late_deliveries.closing_id = restated.closing_id
            AND late_deliveries.delivery_id = late_rows.delivery_id
        UNION ALL
        SELECT figure, file_name, 0 FROM nearby
    ),
    by_file AS (
        SELECT figure, file_name, CAST(sum(rows) AS BIGINT) AS rows FROM counted GROUP BY figure, file_name
    ),
    gathered AS (
        SELECT figure, sum(rows) AS late_row_count,
            CAST(to_json(list({{'file': file_name, 'rows': rows}} ORDER BY rows DESC, file_name)) AS VARCHAR) AS late_files
        FROM by_file GROUP BY figure
    )
    SELECT restated.* EXCLUDE (figure, report, report_column),
        CAST(coalesce(gathered.late_row_count, 0) AS BIGINT) AS late_row_count,
        coalesce(gathered.late_files, '[]') AS late_files
    FROM temp.restated LEFT JOIN gathered ON gathered.figure = restated.figure
    ORDER BY restated.month_start, restated.region, restated.segment, restated.metric
"""
WINDOWS = {
    "month": "behind.month_start = restated.month_start",
    "year_to_date": "behind.month_start BETWEEN date_trunc('year', restated.month_start) AND restated.month_start",
    "to_date": "behind.month_start <= restated.month_start",
}


def _behind(connection: DuckDBPyConnection) -> list[tuple[str, str, str, str, str]]:
    """metric, table, filter, column of the month and window of the rows behind each restated figure."""
    return connection.execute(
        "SELECT column_name, drill_table, drill_filter, drill_month, drill_window"
        f" FROM {LEADERSHIP}.main.passports WHERE report = {literal(SUMMARY)} AND drill_table IS NOT NULL"
        " AND column_name IN (SELECT metric FROM temp.restated) ORDER BY column_name"
    ).fetchall()


def _count_late_rows(
    connection: DuckDBPyConnection,
    columns: Mapping[str, str],
    metric: str,
    table: str,
    condition: str,
    month: str,
    window: str,
) -> None:
    """Rows of late deliveries behind each restated figure of one metric."""
    place = {
        name: f"coalesce({quoted(name)}, 'unknown')" if name in columns else "'unknown'"
        for name in ("region", "segment")
    }
    connection.execute(
        "INSERT INTO temp.late_rows SELECT restated.figure, behind.delivery_id, count(*)"
        f" FROM (SELECT date_trunc('month', CAST({quoted(month)} AS DATE))::DATE AS month_start,"
        f" {place['region']} AS region, {place['segment']} AS segment, ledger_delivery_id AS delivery_id"
        f" FROM {LEADERSHIP}.main.{quoted(table)} WHERE ({condition})"
        " AND ledger_delivery_id IN (SELECT delivery_id FROM temp.late_deliveries)) AS behind"
        f" JOIN temp.restated ON restated.metric = {literal(metric)} AND {WINDOWS[window]}"
        " AND restated.region IN ('all', behind.region) AND restated.segment IN ('all', behind.segment)"
        " JOIN temp.late_deliveries ON late_deliveries.closing_id = restated.closing_id"
        " AND late_deliveries.delivery_id = behind.delivery_id"
        " GROUP BY restated.figure, behind.delivery_id"
    )
