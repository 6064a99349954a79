"""The tables of a publication: copied from the warehouse, or, for a section held back, from the last good files.

Belongs here: which tables and columns each of the three files carries, replacing keyed hashes by numbers of this
publication, keeping held sections as they were. Not here: who decides what is held and the swap (publish.py),
where figures come from (passports.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.warehouse.catalog import SUMMARY, Catalog, Model

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from pipelines.settings import Settings

LEADERSHIP = "leadership"
OPERATIONS = "operations"
ANALYSTS = "analysts"
FILES = (LEADERSHIP, OPERATIONS, ANALYSTS)

# A receipt's problems quote cells, personal ones masked (138****1234): the leadership reads code and column.
JSON_WITH_MASKED_CELLS = ("problems",)
CELL = r'"(value|values|proposal)":"[^"]*\*[^"]*"'
MASKED_CELL = f"',{CELL}|{CELL},?'"


@dataclass(frozen=True)
class Sources:
    """What a candidate is made from: the warehouse's tables and, where there is one, the last good publication."""

    connection: DuckDBPyConnection
    folder: Path
    has_previous: bool
    columns: Mapping[str, Mapping[str, str]]  # warehouse table -> column -> type
    previous: Mapping[str, Mapping[str, Mapping[str, str]]]  # file -> table -> column -> type


def file_name(name: str) -> str:
    return f"{name}.duckdb"


@contextmanager
def open_sources(settings: Settings, folder: Path, previous: Path | None) -> Iterator[Sources]:
    """One database instance over all files: DuckDB does not open a file twice within a process."""
    import duckdb

    connection = duckdb.connect(config=dict(settings.database_config()))
    try:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(f"ATTACH {literal(settings.warehouse_file)} AS warehouse (READ_ONLY)")
        for name in FILES:
            connection.execute(f"ATTACH {literal(folder / file_name(name))} AS {name}")
        kept: dict[str, Mapping[str, Mapping[str, str]]] = {}
        for name in FILES:
            if previous is not None and (previous / file_name(name)).is_file():
                connection.execute(f"ATTACH {literal(previous / file_name(name))} AS previous_{name} (READ_ONLY)")
                kept[name] = table_columns(connection, f"previous_{name}")
        yield Sources(connection, folder, bool(kept), table_columns(connection, "warehouse"), kept)
    finally:
        connection.close()


def table_columns(connection: DuckDBPyConnection, database: str) -> dict[str, dict[str, str]]:
    """Tables of a database with their columns in order."""
    found: dict[str, dict[str, str]] = {}
    rows = connection.execute(
        "SELECT table_name, column_name, data_type FROM duckdb_columns()"
        " WHERE database_name = ? AND schema_name = 'main' ORDER BY table_name, column_index",
        [database],
    ).fetchall()
    for table, column, data_type in rows:
        found.setdefault(table, {})[column] = data_type
    return found


def copy_leadership(sources: Sources, catalog: Catalog, held: Iterable[str]) -> None:
    """Reports and drill facts, with numbers in place of keyed hashes and without masked or free text."""
    held = frozenset(held)
    models = [*catalog.reports(), *catalog.drill_facts()]
    number_keys(sources, models)
    for model in models:
        copy_model(sources, LEADERSHIP, model, catalog, held)
    before = previous_drill_tables(sources)
    for section, fact, name, is_fresh in extra_drill_tables(catalog, held, before):
        origin = before.get((section, fact), fact)
        if is_fresh:
            copy_fresh(sources, LEADERSHIP, catalog.models[fact], name)
        elif origin in sources.previous.get(LEADERSHIP, {}):  # a section that was never good has no rows either
            copy_previous(sources, LEADERSHIP, origin, name)


def copy_analysts(sources: Sources, catalog: Catalog, held: Iterable[str]) -> None:
    """All marts as they are: surrogates and masked forms, never the vault."""
    for model in catalog.marts():
        copy_model(sources, ANALYSTS, model, catalog, frozenset(held))


def copy_model(sources: Sources, target: str, model: Model, catalog: Catalog, held: frozenset[str]) -> None:
    if model.name == SUMMARY:
        copy_summary(sources, target, model, catalog.summary_parts(), held)
    elif model.section in held and model.name in sources.previous.get(target, {}):
        copy_previous(sources, target, model.name, model.name)
    else:
        copy_fresh(sources, target, model, model.name, only_shape=model.section in held)


def copy_fresh(sources: Sources, target: str, model: Model, name: str, only_shape: bool = False) -> None:
    """A table as the warehouse has it now; only its shape for a section that was never fit to publish."""
    if model.name not in sources.columns:
        create_empty(sources, target, model, name)
        return
    condition = " WHERE false" if only_shape else ""
    query = f"{fresh_query(sources, target, model)}{condition} {order_by(sources.columns[model.name], model)}"
    sources.connection.execute(f"CREATE OR REPLACE TABLE {target}.main.{quoted(name)} AS {query}")


def copy_previous(sources: Sources, target: str, origin: str, name: str) -> None:
    """A table as it was published last, in the same order."""
    sources.connection.execute(
        f"CREATE OR REPLACE TABLE {target}.main.{quoted(name)} AS SELECT * FROM previous_{target}.main.{quoted(origin)}"
    )


def copy_summary(sources: Sources, target: str, model: Model, parts: Sequence[Model], held: frozenset[str]) -> None:
    """The monthly summary: rows of held sections from the last publication, the others from their own models."""
    fresh = [part for part in parts if part.section not in held and part.name in sources.columns]
    queries = [fresh_query(sources, target, part) for part in fresh]
    shapes = [sources.columns[part.name] for part in fresh]
    if held and SUMMARY in sources.previous.get(target, {}):
        sections = ", ".join(literal(section) for section in sorted(held))
        queries.append(f"SELECT * FROM previous_{target}.main.{SUMMARY} WHERE section IN ({sections})")
        shapes.append(sources.previous[target][SUMMARY])
    if not queries:
        create_empty(sources, target, model, model.name)
        return
    query = f"SELECT * FROM ({' UNION ALL BY NAME '.join(queries)}) {order_by(shapes[0], model)}"
    sources.connection.execute(f"CREATE OR REPLACE TABLE {target}.main.{SUMMARY} AS {query}")


def create_empty(sources: Sources, target: str, model: Model, name: str) -> None:
    """The documented columns without rows, so that a reader finds the table of a model that could not be built."""
    columns = [column for column in model.columns.values() if target != LEADERSHIP or column.is_for_leadership]
    shape = ", ".join(f"{quoted(column.name)} {column.data_type or 'VARCHAR'}" for column in columns)
    if shape:
        sources.connection.execute(f"CREATE OR REPLACE TABLE {target}.main.{quoted(name)} ({shape})")


def fresh_query(sources: Sources, target: str, model: Model) -> str:
    """The select that a file gets of a warehouse table: everything, or what the leadership may see."""
    table = f"warehouse.main.{quoted(model.name)} AS rows_"
    if target != LEADERSHIP:
        return f"SELECT rows_.* FROM {table}"
    selected, joins = [], []
    for name in sources.columns[model.name]:
        column = model.column(name)
        if not column.is_for_leadership:
            continue
        if column.key_class:
            alias = quoted(f"{name}_number")
            joins.append(
                f"LEFT JOIN temp.{numbers_table(column.key_class)} AS {alias}"
                f" ON {alias}.key = CAST(rows_.{quoted(name)} AS VARCHAR)"
            )
            selected.append(f"{alias}.number AS {quoted(name)}")
        elif name in JSON_WITH_MASKED_CELLS:
            selected.append(f"regexp_replace(rows_.{quoted(name)}, {MASKED_CELL}, '', 'g') AS {quoted(name)}")
        else:
            selected.append(f"rows_.{quoted(name)}")
    return f"SELECT {', '.join(selected)} FROM {table} {' '.join(joins)}"


def order_by(columns: Mapping[str, str], model: Model) -> str:
    """Rows in the order of the grain, so that the same rows make the same table and a month lies together."""
    grain = [name for name in model.meta.get("passport_grain", ()) if name in columns]
    if model.is_report and not grain:
        return "ORDER BY ALL"
    traced = [name for name in ("ledger_delivery_id", "ledger_row_number") if name in columns]
    month = [name for name in ("month_start",) if name in columns and name not in grain]
    chosen = [*month, *grain, *traced]
    return f"ORDER BY {', '.join(quoted(name) for name in chosen)}" if chosen else "ORDER BY ALL"


def number_keys(sources: Sources, models: Iterable[Model]) -> None:
    """Numbers for each class of key, in the order of the keyed hash: the same deliveries give the same numbers."""
    origins: dict[str, list[str]] = {}
    for model in models:
        for name in sources.columns.get(model.name, {}):
            if key_class := model.column(name).key_class:
                origins.setdefault(key_class, []).append(
                    f"SELECT CAST({quoted(name)} AS VARCHAR) AS key FROM warehouse.main.{quoted(model.name)}"
                )
    for key_class, queries in origins.items():
        union = " UNION ALL ".join(queries)
        sources.connection.execute(
            f"CREATE OR REPLACE TEMP TABLE {numbers_table(key_class)} AS"
            f" SELECT key, row_number() OVER (ORDER BY key) AS number FROM ({union})"
            " WHERE key IS NOT NULL GROUP BY key"
        )


def numbers_table(key_class: str) -> str:
    return quoted(f"numbers_{key_class}")


def drill_users(catalog: Catalog) -> list[tuple[str, str]]:
    """(section, fact) for every section whose metrics are counted in a drill fact."""
    found = {
        (report.section, rows["fact"])
        for report in catalog.reports()
        for column in report.columns.values()
        if (rows := column.meta.get("rows")) and report.section and rows.get("fact") in catalog.models
    }
    return sorted(found)


def previous_drill_tables(sources: Sources) -> dict[tuple[str, str], str]:
    """(section, fact) -> the table that held its rows in the last publication."""
    if "passports" not in sources.previous.get(LEADERSHIP, {}):
        return {}
    rows = sources.connection.execute(
        f"SELECT DISTINCT section, drill_fact, drill_table FROM previous_{LEADERSHIP}.main.passports"
        " WHERE drill_fact IS NOT NULL"
    ).fetchall()
    return {(section, fact): table for section, fact, table in rows}


def drill_table(
    catalog: Catalog, section: str, fact: str, held: frozenset[str], previous: Mapping[tuple[str, str], str]
) -> str:
    """Which table of the leadership's file holds a section's rows of a fact.

    A fact belongs to one section and follows it. Another section that counts in it and is not in the same
    state (one held back, the other not) gets a copy of its own, so that its figures keep leading to their rows.
    """
    owner = catalog.models[fact].section
    if owner == section:
        return fact
    if section in held:
        before = previous.get((section, fact), fact)
        return fact if before == fact and owner in held else f"{fact}__{section}"
    return f"{fact}__{section}" if owner in held else fact


def extra_drill_tables(
    catalog: Catalog, held: frozenset[str], previous: Mapping[tuple[str, str], str]
) -> list[tuple[str, str, str, bool]]:
    """(section, fact, table, is fresh) for the copies that sections in different states need."""
    return [
        (section, fact, name, section not in held)
        for section, fact in drill_users(catalog)
        if (name := drill_table(catalog, section, fact, held, previous)) != fact
    ]


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def literal(value: object) -> str:
    return "'" + str(value).replace("'", "''") + "'"
