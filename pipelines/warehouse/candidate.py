"""The tables of a publication: as the warehouse has them, or, for a section held back, as in the last good files.

Belongs here: which tables and columns each of the three files carries, replacing keyed hashes by numbers, writing
only what has changed since the last version, keeping held sections as they were. Not here: who decides what is held
and the swap (publish.py), where figures come from (passports.py).
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import uuid
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
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

COPIED_AT_ONCE = 2**30
# A receipt's problems quote cells, personal ones masked (138****1234): the leadership reads code and column.
JSON_WITH_MASKED_CELLS = ("problems",)
CELL = r'"(value|values|proposal)":"[^"]*\*[^"]*"'
MASKED_CELL = f"',{CELL}|{CELL},?'"


# Below this a table is written anew: to find its changed rows takes as long.
LARGE_TABLE_ROWS = 100_000
# Beyond this share of changed rows too.
MOST_CHANGED = 0.25
# From so many rows a key on, numbers are drawn once a key and looked up.
OFTEN = 3
# What the leadership's file holds beside reports and facts, written by publish.py, passports.py and restatements.py.
DESCRIBING = (
    "publication", "publication_sections", "passports", "passport_rows", "rejected_rows", "checks", "labels",
    "column_labels", "rules", "month_closings", "closing_marks", "closed_figures", "restatements",
)  # fmt: skip
TRACED = ("ledger_delivery_id", "ledger_row_number")
NO_ROWS = "no rows"  # the version of a table whose section was never fit to publish
# Numbers that every spreadsheet and browser shows whole.
NUMBER_BITS = 53


@dataclass(frozen=True)
class State:
    """Which rows a table holds: how they were made, and the version that is new whenever they are."""

    recipe: str | None = None
    version: str | None = None
    previous: str | None = None  # the version that the warehouse's table of changes leads from

    @classmethod
    def of_comment(cls, comment: str | None) -> State:
        try:
            known = json.loads(comment or "{}")
        except ValueError:
            return cls()
        return cls(known.get("recipe"), known.get("version"), known.get("previous"))

    def comment(self) -> str:
        return json.dumps({"recipe": self.recipe, "version": self.version})


@dataclass(frozen=True)
class Sources:
    """What a candidate is made from: the warehouse's tables and, where there is one, the last good publication."""

    connection: DuckDBPyConnection
    folder: Path
    has_previous: bool
    columns: Mapping[str, Mapping[str, str]]  # warehouse table -> column -> type
    previous: Mapping[str, Mapping[str, Mapping[str, str]]]  # file -> table -> column -> type
    states: Mapping[str, State] = field(default_factory=dict)  # of the warehouse's tables


# Table -> column of dates -> months in which rows were exchanged; a table written anew is not in it.
Touched = Mapping[str, Mapping[str, frozenset[date]]]


def file_name(name: str) -> str:
    return f"{name}.duckdb"


def lay_out(settings: Settings, folder: Path, previous: Path | None) -> None:
    """Begin the candidate as copies of what is nearest to it: of the last version, and of the warehouse.

    Files are copied many times faster than rows. The leadership's file never comes from the warehouse: what is
    dropped from a copy still lies in its free blocks.
    """
    if previous is not None and (previous / file_name(LEADERSHIP)).is_file():
        copy_file(previous / file_name(LEADERSHIP), folder / file_name(LEADERSHIP))
    if settings.warehouse_file.with_name(f"{settings.warehouse_file.name}.wal").exists():
        _write_back(settings.warehouse_file)
    copy_file(settings.warehouse_file, folder / file_name(ANALYSTS))


def copy_file(origin: Path, target: Path) -> None:
    """The same bytes in a new file; file systems that can share blocks do."""
    with origin.open("rb") as source, target.open("wb") as sink:
        while os.copy_file_range(source.fileno(), sink.fileno(), COPIED_AT_ONCE):
            pass


def _write_back(database: Path) -> None:
    """Bring what a killed run left in the log into the file."""
    import duckdb

    with duckdb.connect(str(database)) as connection:
        connection.execute("CHECKPOINT")


@contextmanager
def open_sources(settings: Settings, folder: Path, previous: Path | None) -> Iterator[Sources]:
    """One database instance over all files: DuckDB does not open a file twice within a process."""
    import duckdb

    connection = duckdb.connect(config=dict(settings.database_config()))
    try:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("SET preserve_insertion_order = false")  # what needs an order says so
        connection.execute(f"ATTACH {literal(settings.warehouse_file)} AS warehouse (READ_ONLY)")
        for name in FILES:
            connection.execute(f"ATTACH {literal(folder / file_name(name))} AS {name}")
        kept: dict[str, Mapping[str, Mapping[str, str]]] = {}
        for name in FILES:
            if previous is not None and (previous / file_name(name)).is_file():
                connection.execute(f"ATTACH {literal(previous / file_name(name))} AS previous_{name} (READ_ONLY)")
                kept[name] = table_columns(connection, f"previous_{name}")
        states = table_states(connection, "warehouse")
        yield Sources(connection, folder, bool(kept), table_columns(connection, "warehouse"), kept, states)
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


def table_states(connection: DuckDBPyConnection, database: str) -> dict[str, State]:
    """Tables of a database with what their comments say of their rows."""
    rows = connection.execute(
        "SELECT table_name, comment FROM duckdb_tables() WHERE database_name = ? AND schema_name = 'main'", [database]
    ).fetchall()
    return {table: State.of_comment(comment) for table, comment in rows}


def copy_leadership(sources: Sources, catalog: Catalog, held: Iterable[str], key: bytes) -> Touched:
    """Reports and drill facts, with numbers in place of keyed hashes and without masked or free text.

    Returns the months in which rows of the large tables were exchanged.
    """
    held = frozenset(held)
    touched: dict[str, Mapping[str, frozenset[date]]] = {}
    models = [*catalog.reports(), *catalog.drill_facts()]
    numbers = number_keys(sources, models, key)
    built = [model for model in models if model.name in sources.columns and model.name != SUMMARY]
    recipes = {model.name: recipe_of(sources, model, numbers) for model in built}
    before = previous_drill_tables(sources)
    extra = extra_drill_tables(catalog, held, before)
    wanted = {*(model.name for model in models), *(name for _, _, name, _ in extra), *DESCRIBING}
    held_tables = {model.name for model in models if model.section in held}
    _begin_anew_if_less_stays(sources, wanted, recipes, held_tables)
    for model in models:
        if model.name == SUMMARY:
            copy_summary(sources, LEADERSHIP, model, catalog.summary_parts(), held)
        elif model.section in held and model.name in sources.previous.get(LEADERSHIP, {}):
            keep_previous(sources, LEADERSHIP, model.name, model.name)
        elif months := copy_fresh(sources, model, model.name, recipes.get(model.name), model.section in held):
            touched[model.name] = months
    for section, fact, name, is_fresh in extra:
        origin = before.get((section, fact), fact)
        if is_fresh:
            copy_fresh(sources, catalog.models[fact], name, recipes.get(fact))
        elif origin in sources.previous.get(LEADERSHIP, {}):  # a section that was never good has no rows either
            keep_previous(sources, LEADERSHIP, origin, name)
    return touched


def recipe_of(sources: Sources, model: Model, numbers: str) -> str:
    """One name for how the leadership's rows are made of the warehouse's."""
    query = fresh_query(sources, LEADERSHIP, model, "")
    order = order_by(sources.columns[model.name], model)
    return hashlib.md5(f"{numbers} {query} {order}".encode(), usedforsecurity=False).hexdigest()


def _begin_anew_if_less_stays(
    sources: Sources, wanted: Collection[str], recipes: Mapping[str, str], held: Collection[str]
) -> None:
    """Drop tables that nobody wants any more; begin with an empty file where columns may have gone, or most rows are
    written anyway.

    The blocks of a dropped table still lie in the file: what the leadership shall no longer see must not be there.
    """
    connection = sources.connection
    states = table_states(connection, LEADERSHIP)
    gone = states.keys() - wanted
    made_otherwise = any(recipes.get(_model_of(name), state.recipe) != state.recipe for name, state in states.items())
    rows = dict(
        connection.execute(
            "SELECT table_name, estimated_size FROM duckdb_tables()"
            " WHERE database_name = 'warehouse' AND schema_name = 'main'"
        ).fetchall()
    )
    written = sum(rows.get(name, 0) for name in recipes.keys() - held if _is_written_whole(sources, states, name))
    stays = sum(rows.get(name, 0) for name in recipes) - written
    if made_otherwise or written > stays or any(_model_of(name) == name for name in gone):
        connection.execute(f"DETACH {LEADERSHIP}")
        file = sources.folder / file_name(LEADERSHIP)
        file.unlink()
        connection.execute(f"ATTACH {literal(file)} AS {LEADERSHIP}")
        return
    for name in gone:  # a copy of a fact for a section that is no longer in a state of its own
        connection.execute(f"DROP TABLE {LEADERSHIP}.main.{quoted(name)}")


def _model_of(table: str) -> str:
    return table.partition("__")[0]


def _is_written_whole(sources: Sources, states: Mapping[str, State], name: str) -> bool:
    now = sources.states.get(name, State())
    return now.version is None or states.get(name, State()).version not in (now.version, now.previous)


def trim_analysts(sources: Sources, catalog: Catalog, held: Iterable[str]) -> None:
    """All marts as they are: surrogates and masked forms, never the vault; without what they are built from."""
    held = frozenset(held)
    marts = {model.name: model for model in catalog.marts()}
    _keep_only(sources, marts.keys())
    for model in marts.values():
        if model.name == SUMMARY:
            copy_summary(sources, ANALYSTS, model, catalog.summary_parts(), held)
        elif model.section in held and model.name in sources.previous.get(ANALYSTS, {}):
            keep_previous(sources, ANALYSTS, model.name, model.name)
        elif model.name not in sources.columns:
            create_empty(sources, ANALYSTS, model, model.name)
        elif model.section in held:
            sources.connection.execute(f"TRUNCATE {ANALYSTS}.main.{quoted(model.name)}")


def _keep_only(sources: Sources, tables: Collection[str]) -> None:
    """Drop from the copy of the warehouse whatever is not named; a view goes before what it looks at."""
    connection = sources.connection
    for kind in ("view", "table"):
        rows = connection.execute(
            f"SELECT schema_name, {kind}_name FROM duckdb_{kind}s() WHERE database_name = ? AND NOT internal",
            [ANALYSTS],
        ).fetchall()
        for schema, name in rows:
            if kind == "view" or schema != "main" or name not in tables:
                connection.execute(f"DROP {kind} {ANALYSTS}.{quoted(schema)}.{quoted(name)}")
    schemas = connection.execute(
        "SELECT schema_name FROM duckdb_schemas() WHERE database_name = ? AND NOT internal AND schema_name <> 'main'",
        [ANALYSTS],
    ).fetchall()
    for (schema,) in schemas:
        connection.execute(f"DROP SCHEMA {ANALYSTS}.{quoted(schema)} CASCADE")


def copy_fresh(
    sources: Sources, model: Model, name: str, recipe: str | None, only_shape: bool = False
) -> Mapping[str, frozenset[date]]:
    """A table of the leadership as the warehouse has it now; only its shape for a section that was never fit.

    Left alone if it holds these very rows already. Of a large one only the changed rows are exchanged, where the
    warehouse knows what has changed since; returns their months then.
    """
    if recipe is None:
        create_empty(sources, LEADERSHIP, model, name)
        return {}
    there = table_states(sources.connection, LEADERSHIP).get(name, State())
    now = State(version=NO_ROWS) if only_shape else sources.states.get(model.name, State())
    if there.recipe == recipe and now.version and there.version == now.version:
        return {}
    followed = there.recipe == recipe and now.previous and there.version == now.previous
    months = exchange_rows(sources, model, name) if followed else None
    if months is None:
        often = [] if only_shape else number_repeated_keys(sources, model)
        query = fresh_query(sources, LEADERSHIP, model, f"warehouse.main.{quoted(model.name)}", often)
        rest = "WHERE false" if only_shape else order_by(sources.columns[model.name], model)
        sources.connection.execute(f"CREATE OR REPLACE TABLE {LEADERSHIP}.main.{quoted(name)} AS {query} {rest}")
    # Without a version of its own a table is told apart by when it was written.
    state = State(recipe, now.version or uuid.uuid4().hex)
    sources.connection.execute(f"COMMENT ON TABLE {LEADERSHIP}.main.{quoted(name)} IS {literal(state.comment())}")
    return months or {}


def exchange_rows(sources: Sources, model: Model, name: str) -> dict[str, frozenset[date]] | None:
    """Take out the rows that the warehouse removed since and put in those that it added; None if that is not worth
    it, or cannot be done. Returns the months of these rows by every column that may tell one."""
    connection, table = sources.connection, f"{LEADERSHIP}.main.{quoted(name)}"
    changes = f"warehouse.changes.{quoted(model.name)}"
    known = connection.execute(
        "SELECT count(*) FROM duckdb_tables() WHERE database_name = 'warehouse' AND schema_name = 'changes'"
        " AND table_name = ?",
        [model.name],
    ).fetchall()[0][0]
    rows = connection.execute(f"SELECT count(*) FROM {table}").fetchall()[0][0]
    if not known or rows < LARGE_TABLE_ROWS:
        return None
    if connection.execute(f"SELECT count(*) FROM {changes}").fetchall()[0][0] > MOST_CHANGED * rows:
        return None
    seen = {
        change: fresh_query(
            sources, LEADERSHIP, model, f"(SELECT * EXCLUDE (change) FROM {changes} WHERE change = '{change}')"
        )
        for change in ("removed", "added")
    }
    # Rows that differ only in what the leadership does not see are no change for it.
    for change, other in (("removed", "added"), ("added", "removed")):
        connection.execute(f"CREATE OR REPLACE TEMP TABLE {change} AS {seen[change]} EXCEPT ALL {seen[other]}")
    columns = table_columns(connection, LEADERSHIP)[name]
    same = " AND ".join(f"there.{quoted(each)} IS NOT DISTINCT FROM gone.{quoted(each)}" for each in columns)
    places = ", ".join(quoted(each) for each in TRACED if each in columns)
    nearby = f"WHERE ({places}) IN (SELECT ({places}) FROM temp.removed)" if places else ""
    listed = ", ".join(f"there.{quoted(each)}" for each in columns)
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE gone_rows AS SELECT place FROM ("
        f"SELECT there.place, gone.times, row_number() OVER (PARTITION BY {listed}) AS number"
        f" FROM (SELECT rowid AS place, * FROM {table} {nearby}) AS there"
        f" JOIN (SELECT *, count(*) AS times FROM temp.removed GROUP BY ALL) AS gone ON {same}"
        ") WHERE number <= times"
    )
    removed, found = connection.execute(
        "SELECT (SELECT count(*) FROM temp.removed), (SELECT count(*) FROM temp.gone_rows)"
    ).fetchall()[0]
    if removed != found:
        return None
    connection.execute(f"DELETE FROM {table} WHERE rowid IN (SELECT place FROM temp.gone_rows)")
    order = order_by(sources.columns[model.name], model)
    connection.execute(f"INSERT INTO {table} BY NAME SELECT * FROM temp.added {order}")
    return {
        column: frozenset(
            month
            for (month,) in connection.execute(
                f"SELECT DISTINCT date_trunc('month', CAST({quoted(column)} AS DATE))::DATE"
                f" FROM (FROM temp.removed UNION ALL BY NAME FROM temp.added) WHERE {quoted(column)} IS NOT NULL"
            ).fetchall()
        )
        for column, kind in columns.items()
        if kind == "DATE" or kind.startswith("TIMESTAMP")
    }


def unchanged_tables(sources: Sources, target: str) -> set[str]:
    """Tables of the candidate that hold the rows of the last version."""
    before = table_states(sources.connection, f"previous_{target}")
    now = table_states(sources.connection, target)
    return {name for name, state in now.items() if state.version and state == before.get(name)}


def keep_previous(sources: Sources, target: str, origin: str, name: str) -> None:
    """A table as it was published last; nothing is done where the candidate, begun as a copy, still has it."""
    before = f"previous_{target}"
    there = table_states(sources.connection, target).get(name)
    state = table_states(sources.connection, before)[origin]
    if there is not None and there.version and (there.recipe, there.version) == (state.recipe, state.version):
        return
    copy_previous(sources, target, origin, name)
    if state.version:
        comment = literal(state.comment())
        sources.connection.execute(f"COMMENT ON TABLE {target}.main.{quoted(name)} IS {comment}")


def copy_previous(sources: Sources, target: str, origin: str, name: str) -> None:
    """A table as it was published last, written anew."""
    sources.connection.execute(
        f"CREATE OR REPLACE TABLE {target}.main.{quoted(name)} AS SELECT * FROM previous_{target}.main.{quoted(origin)}"
    )


def copy_summary(sources: Sources, target: str, model: Model, parts: Sequence[Model], held: frozenset[str]) -> None:
    """The monthly summary: rows of held sections from the last publication, the others from their own models."""
    fresh = [part for part in parts if part.section not in held and part.name in sources.columns]
    queries = [fresh_query(sources, target, part, f"warehouse.main.{quoted(part.name)}") for part in fresh]
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
    sources.connection.execute(f"DROP TABLE IF EXISTS {target}.main.{quoted(name)}")
    if shape:
        sources.connection.execute(f"CREATE TABLE {target}.main.{quoted(name)} ({shape})")


def number_repeated_keys(sources: Sources, model: Model) -> list[str]:
    """Key columns of a large table whose keys come many times each: a temporary table for each has their numbers,
    drawn once a key. To draw them once a row costs as much as to write the row.
    """
    table = f"warehouse.main.{quoted(model.name)}"
    keys = [name for name in sources.columns[model.name] if model.column(name).key_class]
    if not keys:
        return []
    counted = ", ".join(f"approx_count_distinct({quoted(name)})" for name in keys)
    rows, *distinct = sources.connection.execute(f"SELECT count(*), {counted} FROM {table}").fetchall()[0]
    if rows < LARGE_TABLE_ROWS:
        return []
    often = [name for name, keys_of_it in zip(keys, distinct, strict=True) if keys_of_it * OFTEN <= rows]
    for name in often:
        number = number_macro(model.column(name).key_class or "")
        sources.connection.execute(
            f"CREATE OR REPLACE TEMP TABLE {numbers_of(name)} AS SELECT key, {number}(key) AS number"
            f" FROM (SELECT DISTINCT {quoted(name)} AS key FROM {table} WHERE {quoted(name)} IS NOT NULL)"
        )
    return often


def numbers_of(column: str) -> str:
    return quoted(f"numbers_of_{column}")


def fresh_query(sources: Sources, target: str, model: Model, table: str, looked_up: Collection[str] = ()) -> str:
    """The select that a file gets of a warehouse table: everything, or what the leadership may see.

    The numbers of the columns that are looked up are those of `number_repeated_keys`.
    """
    if target != LEADERSHIP:
        return f"SELECT rows_.* FROM {table} AS rows_"
    selected = []
    for name in sources.columns[model.name]:
        column = model.column(name)
        if not column.is_for_leadership:
            continue
        if name in looked_up:
            selected.append(f"{numbers_of(name)}.number AS {quoted(name)}")
        elif column.key_class:
            selected.append(f"{number_macro(column.key_class)}(rows_.{quoted(name)}) AS {quoted(name)}")
        elif name in JSON_WITH_MASKED_CELLS:
            selected.append(f"regexp_replace(rows_.{quoted(name)}, {MASKED_CELL}, '', 'g') AS {quoted(name)}")
        else:
            selected.append(f"rows_.{quoted(name)}")
    joins = [
        f" LEFT JOIN temp.{numbers_of(name)} ON {numbers_of(name)}.key = rows_.{quoted(name)}" for name in looked_up
    ]
    return f"SELECT {', '.join(selected)} FROM {table} AS rows_{''.join(joins)}"


def order_by(columns: Mapping[str, str], model: Model) -> str:
    """A report in the order of its grain; of a fact only what lies together matters: the rows of a month."""
    if not model.is_report:
        return 'ORDER BY "month_start"' if "month_start" in columns else ""
    grain = [name for name in model.meta.get("passport_grain", ()) if name in columns]
    if not grain:
        return "ORDER BY ALL"
    month = [name for name in ("month_start",) if name in columns and name not in grain]
    traced = [name for name in TRACED if name in columns]
    return f"ORDER BY {', '.join(quoted(name) for name in (*month, *grain, *traced))}"


def number_keys(sources: Sources, models: Iterable[Model], key: bytes) -> str:
    """A macro for each class of key that makes its number; returns what tells these numbers from others.

    A number is drawn from the key and a secret of the company: it is the same in every table and version, however
    the deliveries came, and says nothing of the key to who does not have the secret.
    """
    classes = {
        key_class
        for model in models
        for name in (*model.columns, *sources.columns.get(model.name, {}))
        if (key_class := model.column(name).key_class)
    }
    digest = hashlib.blake2b(key=key, digest_size=8)
    for key_class in sorted(classes):
        secret = hashlib.blake2b(f"number of {key_class}".encode(), key=key, digest_size=16).digest()
        digest.update(secret)
        # secret and hash together fill one block of the digest: twice the speed
        salt = base64.b64encode(secret).decode().rstrip("=")
        sources.connection.execute(
            f"CREATE OR REPLACE TEMP MACRO {number_macro(key_class)}(key) AS"
            f" CAST(md5_number_upper({literal(salt)} || CAST(key AS VARCHAR)) >> {64 - NUMBER_BITS} AS BIGINT)"
        )
    return digest.hexdigest()


def number_macro(key_class: str) -> str:
    return quoted(f"number_of_{key_class}")


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
