"""Where every figure comes from: its definition, SQL, checks and files, and how many rows stand behind it.

Belongs here: the tables `passports`, `passport_rows`, `rejected_rows`, `checks` (with their waivers), `rules` and
`labels` of the leadership's file. Not here: the reports themselves (candidate.py) and their meaning (the models' yml).

A figure leads to its rows: `drill_table` under `drill_filter`, in its region and segment ('all' means no
condition) and in the months of its `drill_window` (month; year_to_date: since January; to_date: since the
beginning), has as many rows as `passport_rows.row_count` says.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.errors import MarketLedgerError
from pipelines.settings import Settings
from pipelines.warehouse.candidate import (
    ANALYSTS,
    LEADERSHIP,
    Sources,
    Touched,
    copy_previous,
    drill_table,
    literal,
    previous_drill_tables,
    quoted,
    table_columns,
    unchanged_tables,
)
from pipelines.warehouse.catalog import SUMMARY, Catalog, Column, Model

if TYPE_CHECKING:
    from expectations.results import CheckResult
    from pipelines.warehouse.publish import Publication

PASSPORT_COLUMNS = {
    "report": "VARCHAR",
    "column_name": "VARCHAR",
    "section": "VARCHAR",
    "report_label_zh": "VARCHAR",
    "report_label_en": "VARCHAR",
    "label_zh": "VARCHAR",
    "label_en": "VARCHAR",
    "definition_zh": "VARCHAR",
    "definition_en": "VARCHAR",
    "numerator_zh": "VARCHAR",
    "numerator_en": "VARCHAR",
    "denominator_zh": "VARCHAR",
    "denominator_en": "VARCHAR",
    "base_zh": "VARCHAR",
    "base_en": "VARCHAR",
    "unit": "VARCHAR",
    "sql": "VARCHAR",
    "upstream": "VARCHAR",
    "sources": "VARCHAR",
    "drill_fact": "VARCHAR",
    "drill_table": "VARCHAR",
    "drill_filter": "VARCHAR",
    "drill_month": "VARCHAR",
    "drill_window": "VARCHAR",
    "checks": "VARCHAR",
    "version": "BIGINT",
    "as_of": "TIMESTAMP",
}
DRILL_COLUMNS = ("drill_fact", "drill_table", "drill_filter", "drill_month", "drill_window")
# The last month whose window a row lies in, after its own.
WINDOWS = {
    "month": "month_start",
    "year_to_date": "least(date_trunc('year', month_start) + INTERVAL 11 MONTH, {newest})",
    "to_date": "{newest}",
}
ROW_COLUMNS = {
    "report": "VARCHAR",
    "column_name": "VARCHAR",
    "month_start": "DATE",
    "region": "VARCHAR",
    "segment": "VARCHAR",
    "row_count": "BIGINT",
    "file_count": "BIGINT",
    "files": "VARCHAR",
    "freshest_at": "TIMESTAMP",
}
CHECK_COLUMNS = {
    "check_id": "VARCHAR",
    "kind": "VARCHAR",
    "target": "VARCHAR",
    "sections": "VARCHAR",
    "severity": "VARCHAR",
    "passed": "BOOLEAN",
    "observed": "VARCHAR",
    "expected": "VARCHAR",
    "detail": "VARCHAR",
    "delivery_ids": "VARCHAR",
    "waived_by": "VARCHAR",
    "waiver_reason": "VARCHAR",
    "waiver_expiry": "DATE",
    "label_zh": "VARCHAR",
    "label_en": "VARCHAR",
}

RULES_COLUMNS = {
    "rule_id": "VARCHAR",
    "value": "DOUBLE",
    "unit": "VARCHAR",
    "origin": "VARCHAR",
    "procedure_id": "VARCHAR",
    "note_zh": "VARCHAR",
    "note_en": "VARCHAR",
}


def write_origins(sources: Sources, settings: Settings) -> None:
    """Labels of codes, and which rows were rejected and why: never what stood in their cells."""
    connection = sources.connection
    labels = settings.lake / "labels" / "labels.parquet"
    for target in (LEADERSHIP, ANALYSTS):
        if labels.is_file():
            connection.execute(
                f"CREATE OR REPLACE TABLE {target}.main.labels AS SELECT * FROM read_parquet({literal(labels)})"
                " ORDER BY domain, sort_order, code"
            )
        else:
            write_rows(
                sources,
                f"{target}.main.labels",
                {"domain": "VARCHAR", "code": "VARCHAR", "label_zh": "VARCHAR", "label_en": "VARCHAR",
                 "sort_order": "BIGINT"},
                [],
            )  # fmt: skip
        _label_products(sources, target)
    _write_rules(sources)
    _write_delivery_files(sources, settings.lake / "deliveries")
    _write_rejected_rows(sources, settings.quarantine)


def _label_products(sources: Sources, target: str) -> None:
    """A product is shown by its name, as delivered; it is the same in both languages."""
    if "dim_products" in sources.columns:
        sources.connection.execute(
            f"INSERT INTO {target}.main.labels SELECT 'product_id', product_id, product_name, product_name,"
            " row_number() OVER (ORDER BY product_id) FROM warehouse.main.dim_products ORDER BY product_id"
        )


def _write_rules(sources: Sources) -> None:
    """The numbers that figures were computed by, a company's own among them."""
    if "thresholds" in sources.columns:
        rules = f"SELECT {', '.join(RULES_COLUMNS)} FROM warehouse.main.thresholds ORDER BY rule_id"
        sources.connection.execute(f"CREATE OR REPLACE TABLE {LEADERSHIP}.main.rules AS {rules}")
    else:
        write_rows(sources, f"{LEADERSHIP}.main.rules", RULES_COLUMNS, [])


def _write_delivery_files(sources: Sources, receipts: Path) -> None:
    """Which file a delivery came in: of the same bytes sent twice, the later arrival."""
    if any(receipts.glob("*.parquet")):
        query = (
            "SELECT delivery_id, arg_max(file_name, arrival_number) AS file_name,"
            " max(delivered_at) AS delivered_at, count(*) AS receipts"
            f" FROM read_parquet({literal(receipts / '*.parquet')}, union_by_name = true) GROUP BY delivery_id"
        )
    else:
        query = (
            "SELECT NULL::VARCHAR AS delivery_id, NULL::VARCHAR AS file_name, NULL::TIMESTAMP AS delivered_at,"
            " 0 AS receipts WHERE false"
        )
    sources.connection.execute(f"CREATE OR REPLACE TEMP TABLE delivery_files AS {query}")


def _write_rejected_rows(sources: Sources, quarantine: Path) -> None:
    table = f"{LEADERSHIP}.main.rejected_rows"
    if not any(quarantine.glob("*/*.parquet")):
        shape = {
            "source": "VARCHAR", "delivery_id": "VARCHAR", "file_name": "VARCHAR", "ledger_row_number": "BIGINT",
            "status": "VARCHAR", "reason_codes": "VARCHAR", "columns": "VARCHAR",
        }  # fmt: skip
        write_rows(sources, table, shape, [])
        return
    sources.connection.execute(
        f"CREATE OR REPLACE TABLE {table} AS"
        " SELECT parse_path(rows_.filename)[-2] AS source, parse_filename(rows_.filename, true) AS delivery_id,"
        " delivery_files.file_name, rows_.ledger_row_number, rows_.status,"
        " CAST(rows_.reason_codes AS VARCHAR) AS reason_codes, "
        " array_to_string(list_filter(rows_.columns, lambda name: name <> ''), ', ') AS columns"
        f" FROM read_parquet({literal(quarantine / '*' / '*.parquet')}, union_by_name = true, filename = true)"
        " AS rows_ LEFT JOIN delivery_files ON delivery_files.delivery_id = parse_filename(rows_.filename, true)"
        " ORDER BY source, delivery_id, ledger_row_number"
    )


def write_passports(sources: Sources, catalog: Catalog, publication: Publication, touched: Touched) -> None:
    """Passports of fresh sections from the models, of held ones as they were published last."""
    held = publication.unchanged()
    before = previous_drill_tables(sources)
    write_checks(sources, publication.checks)
    write_column_labels(sources, catalog)
    fresh = [
        passport(report, column, section, publication, drill_of(catalog, column, section, held, before))
        for report, column, section in [*report_columns(catalog), *summary_metrics(sources, catalog)]
        if section not in held
    ]
    write_rows(sources, f"{LEADERSHIP}.main.passports", PASSPORT_COLUMNS, fresh)
    if held:
        _keep_passports(sources, catalog, held, before)
    _count_rows(sources, fresh, publication, touched)


def report_columns(catalog: Catalog) -> list[tuple[Model, Column, str | None]]:
    """Every documented column of every report, with its section."""
    return [
        (report, column, report.section)
        for report in catalog.reports()
        for column in report.columns.values()
        if column.is_for_leadership and column.meta.get("label")
    ]


def summary_metrics(sources: Sources, catalog: Catalog) -> list[tuple[Model, Column, str | None]]:
    """Every figure of the monthly summary as a column: what its origin says, and what its name here adds."""
    if "report_column" not in table_columns(sources.connection, LEADERSHIP).get(SUMMARY, {}):
        return []
    rows = sources.connection.execute(
        f"SELECT DISTINCT metric, section, report, report_column FROM {LEADERSHIP}.main.{SUMMARY} ORDER BY metric"
    ).fetchall()
    summary = catalog.models[SUMMARY]
    parts = {part.section: part for part in catalog.summary_parts()}
    own = summary.meta.get("metrics") or {}
    found: list[tuple[Model, Column, str | None]] = []
    for metric, section, report, column_name in rows:
        if report not in catalog.models:
            continue
        origin = catalog.models[report].column(column_name)
        meta = {**origin.meta, **own.get(metric, {})}
        part = parts[section]
        behind = replace(summary, sql=part.sql, upstream=(part.name, *part.upstream), sources=part.sources)
        found.append((behind, Column(metric, origin.description, origin.data_type, meta), section))
    return found


def drill_of(
    catalog: Catalog,
    column: Column,
    section: str | None,
    held: frozenset[str],
    before: Mapping[tuple[str, str], str],
) -> dict[str, str | None]:
    """Where the rows behind a column lie; nothing for a column that no rows are named for."""
    rows = column.meta.get("rows")
    if not rows:
        return dict.fromkeys(DRILL_COLUMNS)
    fact, window = str(rows["fact"]), str(rows.get("window") or "month")
    if fact not in catalog.models or not catalog.models[fact].is_drill or window not in WINDOWS:
        raise MarketLedgerError("passport_fact_unknown", column=column.name, fact=f"{fact} ({window})")
    return {
        "drill_fact": fact,
        "drill_table": drill_table(catalog, section or "", fact, held, before),
        "drill_filter": str(rows.get("filter") or "true"),
        "drill_month": str(rows.get("month") or "month_start"),
        "drill_window": window,
    }


def passport(
    report: Model,
    column: Column,
    section: str | None,
    publication: Publication,
    drill: Mapping[str, str | None],
) -> dict[str, Any]:
    """One row of `passports`."""
    meta = column.meta
    behind = {report.name, *report.upstream, *report.sources}
    return {
        "report": report.name,
        "column_name": column.name,
        "section": section,
        **_both("report_label", report.meta.get("label"), report.name),
        **_both("label", meta.get("label"), column.name),
        **_both("definition", meta.get("description") or meta.get("definition"), column.description),
        **_both("numerator", meta.get("numerator")),
        **_both("denominator", meta.get("denominator")),
        **_both("base", meta.get("base")),
        "unit": meta.get("unit"),
        "sql": report.sql,
        "upstream": json.dumps(report.upstream),
        "sources": json.dumps(report.sources),
        **drill,
        "checks": json.dumps(
            [
                {
                    "check_id": check.check_id,
                    "passed": check.passed,
                    "severity": check.severity,
                    "waived_by": check.waived_by,
                }
                for check in publication.checks
                if check.target in behind
            ],
            default=str,
        ),
        "version": publication.version,
        "as_of": publication.as_of.isoformat(sep=" "),
    }


def _both(name: str, texts: Any, fallback: str | None = None) -> dict[str, str | None]:
    """A text in both languages as two columns."""
    if isinstance(texts, Mapping):
        return {f"{name}_{language}": texts.get(language) or fallback for language in ("zh", "en")}
    return {f"{name}_{language}": texts or fallback for language in ("zh", "en")}


@dataclass(frozen=True)
class Group:
    """Figures whose rows lie in one table, by one month column and window: they are counted in one pass."""

    table: str
    month: str
    window: str
    columns: tuple[tuple[str, str, str], ...]  # report, column, filter

    @property
    def filters(self) -> list[str]:
        return list(dict.fromkeys(condition for _, _, condition in self.columns))

    @property
    def name(self) -> str:
        return f"{self.table} {self.month} {self.window}"


def groups_of(fresh: Sequence[Mapping[str, Any]]) -> list[Group]:
    found: dict[tuple[str, str, str], list[tuple[str, str, str]]] = {}
    for row in fresh:
        if row["drill_table"]:
            place = (row["drill_table"], row["drill_month"], row["drill_window"])
            found.setdefault(place, []).append((row["report"], row["column_name"], row["drill_filter"]))
    return [Group(*place, tuple(columns)) for place, columns in found.items()]


def _count_rows(
    sources: Sources, fresh: Sequence[Mapping[str, Any]], publication: Publication, touched: Touched
) -> None:
    """Rows and files behind each figure: counted anew where rows have changed, kept elsewhere."""
    connection, table = sources.connection, f"{LEADERSHIP}.main.passport_rows"
    counted = _begin_with_counts_before(sources)
    # A month's rows do not change; the window that ends with the newest month does, and so do names of files.
    renamed = connection.execute(
        "SELECT md5(string_agg(delivery_id || file_name, ' ' ORDER BY delivery_id)) FROM delivery_files"
        " WHERE receipts > 1"
    ).fetchall()[0][0]
    unchanged = unchanged_tables(sources, LEADERSHIP)
    kept = {}
    for group in groups_of(fresh):
        newest = None if group.window == "month" else str(publication.newest_month)
        kept[group.name] = digest = _digest([group.columns, newest, renamed])
        is_known = counted.get(group.name) == digest
        if is_known and group.table in unchanged:
            continue
        months = touched.get(group.table, {}).get(group.month) if is_known and group.window == "month" else None
        _count_group(sources, group, publication, months)
    connection.execute(f"COMMENT ON TABLE {table} IS {literal(json.dumps(kept))}")


def _begin_with_counts_before(sources: Sources) -> dict[str, str]:
    """The counts of the last version without those of figures that are no more; and what they were counted from."""
    connection, table = sources.connection, f"{LEADERSHIP}.main.passport_rows"
    if "passport_rows" not in sources.previous.get(LEADERSHIP, {}):
        write_rows(sources, table, ROW_COLUMNS, [])
        return {}
    if "passport_rows" not in table_columns(connection, LEADERSHIP):
        copy_previous(sources, LEADERSHIP, "passport_rows", "passport_rows")
    connection.execute(
        f"DELETE FROM {table} WHERE (report, column_name) NOT IN"
        f" (SELECT (report, column_name) FROM {LEADERSHIP}.main.passports WHERE drill_table IS NOT NULL)"
    )
    comment = connection.execute(
        f"SELECT comment FROM duckdb_tables() WHERE database_name = 'previous_{LEADERSHIP}'"
        " AND schema_name = 'main' AND table_name = 'passport_rows'"
    ).fetchall()[0][0]
    known: dict[str, str] = json.loads(comment or "{}")
    return known


def _count_group(
    sources: Sources, group: Group, publication: Publication, months: Collection[date] | None = None
) -> None:
    """Count a group's rows, in all months or in these."""
    connection, table = sources.connection, f"{LEADERSHIP}.main.passport_rows"
    last = WINDOWS[group.window].format(newest=f"DATE {literal(publication.newest_month)}")
    listed = ", ".join(f"DATE {literal(month)}" for month in months or ())
    only = f"month_start IN ({listed or 'NULL'})" if months is not None else "true"
    columns = table_columns(connection, LEADERSHIP).get(group.table, {})
    query = counting_query(group.table, group.month, last, group.filters, columns, only)
    try:
        connection.execute(f"CREATE OR REPLACE TEMP TABLE row_counts AS {query}")
    except Exception as error:
        raise MarketLedgerError("passport_filter_broken", table=group.table, problem=str(error)) from error
    places = {condition: f"count_{place}" for place, condition in enumerate(group.filters)}
    write_rows(
        sources,
        "temp.counted_columns",
        dict.fromkeys(("report", "column_name", "place"), "VARCHAR"),
        [
            {"report": report, "column_name": column, "place": places[condition]}
            for report, column, condition in group.columns
        ],
    )
    connection.execute(
        f"DELETE FROM {table} WHERE {only}"
        " AND (report, column_name) IN (SELECT (report, column_name) FROM temp.counted_columns)"
    )
    connection.execute(
        f"INSERT INTO {table} SELECT columns.report, columns.column_name, counts.* EXCLUDE (place)"
        " FROM temp.counted_columns AS columns JOIN row_counts AS counts USING (place) ORDER BY ALL"
    )


def _digest(parts: Sequence[Any]) -> str:
    return hashlib.md5(json.dumps(parts).encode(), usedforsecurity=False).hexdigest()


def counting_query(
    table: str, month: str, last: str, filters: Sequence[str], columns: Mapping[str, str], only: str = "true"
) -> str:
    """Counts per filter by month, region and segment with their totals, and the files that the rows came in."""
    cut = {name: f"coalesce({name}, 'unknown')" if name in columns else "'unknown'" for name in ("region", "segment")}
    delivery = "ledger_delivery_id" if "ledger_delivery_id" in columns else "NULL::VARCHAR"
    flags = ", ".join(f"({each}) AS flag_{place}" for place, each in enumerate(filters))
    of_month = f"date_trunc('month', CAST({month} AS DATE))::DATE"
    counts = ", ".join(f"count(*) FILTER (flag_{place}) AS count_{place}" for place in range(len(filters)))
    sums = ", ".join(f"sum(count_{place}) AS count_{place}" for place in range(len(filters)))
    places = ", ".join(f"count_{place}" for place in range(len(filters)))
    return f"""
        WITH flagged AS (
            SELECT {of_month} AS month_start, {cut["region"]} AS region,
                {cut["segment"]} AS segment, {delivery} AS delivery_id, {flags}
            FROM {LEADERSHIP}.main.{quoted(table)} WHERE {month} IS NOT NULL AND {only.replace("month_start", of_month)}
        ),
        finest AS (
            SELECT month_start, delivery_id, region, segment, {counts} FROM flagged GROUP BY ALL
        ),
        counted AS (
            SELECT month_start, delivery_id,
                CASE WHEN grouping(region) = 1 THEN 'all' ELSE region END AS region,
                CASE WHEN grouping(segment) = 1 THEN 'all' ELSE segment END AS segment, {sums}
            FROM finest
            GROUP BY GROUPING SETS (
                (month_start, delivery_id), (month_start, delivery_id, region),
                (month_start, delivery_id, segment), (month_start, delivery_id, region, segment)
            )
        ),
        long AS (UNPIVOT counted ON {places} INTO NAME place VALUE row_count),
        seen AS (
            SELECT place, region, segment, delivery_id, row_count,
                unnest(generate_series(month_start, greatest(month_start, {last}), INTERVAL 1 MONTH))::DATE
                    AS month_start
            FROM long WHERE row_count > 0
        ),
        by_file AS (
            SELECT place, month_start, region, segment, file_name, sum(row_count) AS row_count,
                max(delivered_at) AS freshest_at
            FROM seen LEFT JOIN delivery_files USING (delivery_id) GROUP BY ALL
        )
        SELECT place, month_start, region, segment, CAST(sum(row_count) AS BIGINT) AS row_count,
            count(file_name) AS file_count,
            CAST(to_json(list({{'file': file_name, 'rows': row_count::BIGINT}} ORDER BY file_name)
                FILTER (file_name IS NOT NULL)) AS VARCHAR) AS files,
            max(freshest_at) AS freshest_at
        FROM by_file GROUP BY place, month_start, region, segment
    """


def _keep_passports(
    sources: Sources, catalog: Catalog, held: frozenset[str], before: Mapping[tuple[str, str], str]
) -> None:
    """Held sections keep the passports of their last good version, which lead to its rows."""
    if "passports" not in sources.previous.get(LEADERSHIP, {}):
        return
    connection, sections = sources.connection, ", ".join(literal(section) for section in sorted(held))
    old = f"previous_{LEADERSHIP}.main"
    new = f"{LEADERSHIP}.main"
    connection.execute(
        f"INSERT INTO {new}.passports BY NAME SELECT * FROM {old}.passports WHERE section IN ({sections})"
    )
    for section, fact in before:
        if section in held and fact in catalog.models:
            connection.execute(
                f"UPDATE {new}.passports SET drill_table = ? WHERE section = ? AND drill_fact = ?",
                [drill_table(catalog, section, fact, held, before), section, fact],
            )


def write_column_labels(sources: Sources, catalog: Catalog) -> None:
    """What the columns of the published tables are called, for headers of tables and downloads.

    A model's yml names what the models make; a field of a delivered file keeps the name of its contract.
    """
    published = table_columns(sources.connection, LEADERSHIP)
    fields = contract_names(sources)
    rows = [
        {"table_name": model.name, "column_name": name, "unit": column.meta.get("unit") or unit_of(column, data_type)}
        | _both("label", column.meta.get("label") or fields.get(name), name)
        for model in [*catalog.reports(), *catalog.drill_facts()]
        for name, data_type in published.get(model.name, {}).items()
        for column in [model.column(name)]
    ]
    shape = ("table_name", "column_name", "unit", "label_zh", "label_en")
    write_rows(sources, f"{LEADERSHIP}.main.column_labels", dict.fromkeys(shape, "VARCHAR"), rows)


def contract_names(sources: Sources) -> dict[str, dict[str, str]]:
    """What the contracts call their fields; intake wrote it to the lake beside the labels of codes."""
    from pipelines.intake.contract import COLUMN_DOMAIN  # late: it loads what reads files, which readers do without

    found = sources.connection.execute(
        f"SELECT code, label_zh, label_en FROM {LEADERSHIP}.main.labels WHERE domain = ?", [COLUMN_DOMAIN]
    ).fetchall()
    return {code: {"zh": zh, "en": en} for code, zh, en in found}


def unit_of(column: Column, data_type: str) -> str | None:
    """The unit that a column's type leaves no choice about; a number needs a declared one."""
    if data_type == "DATE" or data_type.startswith("TIMESTAMP"):
        return "date"
    return "code" if column.key_class or data_type in ("VARCHAR", "BOOLEAN") else None


def write_checks(sources: Sources, checks: Iterable[CheckResult]) -> None:
    """Every check of this publication with its result."""
    rows = [
        {
            "check_id": check.check_id,
            "kind": check.kind,
            "target": check.target,
            "sections": json.dumps(list(check.sections)),
            "severity": check.severity,
            "passed": check.passed,
            "observed": _shown(check.observed),
            "expected": _shown(check.expected),
            "detail": _shown(check.detail),
            "delivery_ids": json.dumps(list(check.delivery_ids)),
            "waived_by": _shown(check.waived_by),
            "waiver_reason": check.waiver_reason or None,
            "waiver_expiry": _shown(check.waiver_expiry),
            "label_zh": check.label_zh or check.check_id,
            "label_en": check.label_en or check.check_id,
        }
        for check in checks
    ]
    write_rows(sources, f"{LEADERSHIP}.main.checks", CHECK_COLUMNS, rows)


def _shown(value: object) -> str | None:
    return None if value is None else str(value)


def write_rows(sources: Sources, table: str, columns: Mapping[str, str], rows: Sequence[Mapping[str, Any]]) -> None:
    """A small table from Python rows, in one statement."""
    shape = ", ".join(f"{quoted(name)} {kind}" for name, kind in columns.items())
    place = table if not table.startswith("temp.") else table.removeprefix("temp.")
    temporary = "TEMP " if table.startswith("temp.") else ""
    sources.connection.execute(f"CREATE OR REPLACE {temporary}TABLE {place} ({shape})")
    if rows:
        structure = json.dumps([dict(columns)])
        sources.connection.execute(
            f"INSERT INTO {place} SELECT row_.* FROM (SELECT unnest(from_json(?, ?)) AS row_)",
            [json.dumps(rows, ensure_ascii=False), structure],
        )
