"""The one place that knows Great Expectations, and how it is brought to check tables in a DuckDB file.

Belongs here: the workaround for its DuckDB connections, building suites, running them, its site of results.
Not here: what is measured and expected (suites/), and what a result means (runner.py).

Great Expectations has no engine for DuckDB. Its SQL engine works through duckdb-engine, except that it closes the
connection before it fetches a result ("list index out of range"), unless the dialect is among those whose
connections it keeps. That list is private: tests/integration/expectations fails when it changes.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from expectations.suites import Expectation
from pipelines.intake.contract import Text

if TYPE_CHECKING:
    from great_expectations.core import ExpectationValidationResult
    from great_expectations.data_context import EphemeralDataContext

KEY = "measured_key"
NAME_EVERY_ROW = {
    "result_format": "COMPLETE",
    "unexpected_index_column_names": [KEY],
    "partial_unexpected_count": 2**31 - 1,  # by itself the library names any twenty, others with each run
}
# Libraries that the checking library imports and that no check of ours needs: stood in for, or not there.
DRAWING = ("altair", "scipy", "scipy.stats")
SPARK = ("pyspark",)


class KeptDialect(str, Enum):  # noqa: UP042  # the library compares members with plain strings
    """What is added to the dialects whose connection the library keeps open."""

    DUCKDB = "duckdb"


@dataclass(frozen=True)
class MeasuredTable:
    """A table of measures, one row per key, and what is expected of its columns."""

    name: str
    expectations: tuple[Expectation, ...]


@dataclass(frozen=True)
class Finding:
    """What the library found for one expectation: the keys outside the bounds, with their values."""

    table: str
    check: str
    breaches: tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Judged:
    """What was found, and how to write it as a static site, which takes as long as to find it."""

    findings: list[Finding]
    write_site: Callable[[Path], None]


def warm() -> None:
    """Take the seconds that the library needs before its first result: importing, templates, drivers."""
    import duckdb

    with tempfile.TemporaryDirectory() as aside:
        database = Path(aside) / "warm.duckdb"
        with duckdb.connect(str(database)) as connection:
            connection.execute(f"CREATE TABLE warm AS SELECT 'nothing' AS {KEY}, 0.0::DOUBLE AS zero")
        zero = Expectation(check="zero", severity="warning", label=Text(zh="零", en="Zero"), measure="zero", maximum=0)
        validate(database, [MeasuredTable("warm", (zero,))])


def validate(database: Path, tables: Sequence[MeasuredTable]) -> Judged:
    """Check all tables of a DuckDB file in one pass. The file is not needed to write the site."""
    great_expectations = _library()
    from great_expectations.data_context.types.base import ProgressBarsConfig

    _keep_duckdb_connections()
    context = great_expectations.get_context(mode="ephemeral")
    context.enable_analytics(False)
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    source = context.data_sources.add_sql(
        "measures", connection_string=f"duckdb:///{database}", create_temp_table=False
    )
    try:
        checkpoint = context.checkpoints.add(
            great_expectations.Checkpoint(
                name="gates",
                validation_definitions=[_validation(context, source, table) for table in tables],
                result_format=NAME_EVERY_ROW,
            )
        )
        outcome = checkpoint.run()
    finally:
        source.get_engine().dispose()
    findings = [
        _finding(table.name, result)
        for table, run in zip(tables, outcome.run_results.values(), strict=True)
        for result in run.results
    ]
    return Judged(findings, lambda site: _write_site(context, site))


class _StandIn(ModuleType):
    """Whatever is asked of it is another one."""

    __path__: list[str] = []  # noqa: RUF012  # a package, for the import system

    def __getattr__(self, name: str) -> _StandIn:
        if name.startswith("__"):
            raise AttributeError(name)
        return _StandIn(name)


def _library() -> ModuleType:
    """The checking library without what it imports for charts, distributions and Spark: half of its start.

    Only expectations that are not used here would touch these; they are taken away again at once, so that who needs
    the real ones gets them.
    """
    absent = [
        name for name in (*DRAWING, *SPARK) if name not in sys.modules and "great_expectations" not in sys.modules
    ]
    for name in absent:
        sys.modules[name] = _StandIn(name) if name in DRAWING else None  # type: ignore[assignment]
    try:
        import great_expectations
    finally:
        for name in absent:
            sys.modules.pop(name, None)
    return great_expectations


def _keep_duckdb_connections() -> None:
    from great_expectations.execution_engine import sqlalchemy_execution_engine as engine

    if KeptDialect.DUCKDB.value not in {dialect.value for dialect in engine._PERSISTED_CONNECTION_DIALECTS}:
        engine._PERSISTED_CONNECTION_DIALECTS = (  # type: ignore[assignment]
            *engine._PERSISTED_CONNECTION_DIALECTS,
            KeptDialect.DUCKDB,
        )


def _validation(context: EphemeralDataContext, source: Any, table: MeasuredTable) -> Any:
    import great_expectations

    batch = source.add_table_asset(table.name, table_name=table.name).add_batch_definition_whole_table("all")
    suite = context.suites.add(
        great_expectations.ExpectationSuite(
            name=table.name, expectations=[_expectation(each) for each in table.expectations]
        )
    )
    return context.validation_definitions.add(
        great_expectations.ValidationDefinition(name=table.name, data=batch, suite=suite)
    )


def _expectation(expectation: Expectation) -> Any:
    from great_expectations import expectations as library
    from great_expectations.expectations.metadata_types import FailureSeverity

    return library.ExpectColumnValuesToBeBetween(
        column=expectation.check,
        min_value=expectation.minimum,
        max_value=expectation.maximum,
        severity=FailureSeverity(expectation.severity),
        description=f"{expectation.label.zh} / {expectation.label.en}",
        meta={"check": expectation.check},
    )


def _finding(table: str, result: ExpectationValidationResult) -> Finding:
    meta = result.expectation_config.meta if result.expectation_config else {}
    check = str((meta or {})["check"])
    outside: Iterable[dict[str, Any]] = result.result.get("unexpected_index_list") or ()
    breaches = tuple(sorted((str(row[KEY]), float(row[check])) for row in outside))
    if result.success == bool(breaches):
        # neither passed nor named what is outside: the library failed at its own work
        raise RuntimeError(f"{table}.{check} could not be judged: {result.exception_info}")
    return Finding(table=table, check=check, breaches=breaches)


def _write_site(context: EphemeralDataContext, site: Path) -> None:
    shutil.rmtree(site, ignore_errors=True)
    context.add_data_docs_site(
        site_name="checks",
        site_config={
            "class_name": "SiteBuilder",
            "store_backend": {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(site)},
            "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
        },
    )
    context.build_data_docs()
