"""A company's own rules: rows in `rules/<seed>.csv` that change or extend the project's seeds, by their key.

Belongs here: reading and checking those files and writing the merged seeds. Not here: what a rule means (dbt).
The first column of every seed is its key. A company row may leave out columns: what it does not say stays as
the project has it. Checked before anything is built, so that a slip of the pen names its file and column
instead of breaking a model.
"""

from __future__ import annotations

import os
from pathlib import Path

import polars as pl

from pipelines.errors import MarketLedgerError

ORIGIN = "origin"
COMPANY = "company"
# What stands in these is for people to read, or names where a rule comes from.
TEXT_COLUMNS = (ORIGIN, "procedure_id", "note_zh", "note_en")


def merge_rules(seeds: Path, rules: Path, merged: Path) -> dict[str, Path]:
    """Write the seeds that this company overrides into `merged`; returns seed name -> file."""
    own_files = sorted(rules.glob("*.csv")) if rules.is_dir() else []
    known = {path.stem: path for path in seeds.glob("*.csv")}
    for path in own_files:
        if path.stem not in known:
            raise MarketLedgerError(
                "rules_file_unknown", file=path.name, folder=str(rules), known=", ".join(sorted(known))
            )
    written = {}
    for path in own_files:
        target = merged / path.name
        _write(merge_seed(_read(known[path.stem]), _read(path), path.name), target)
        written[path.stem] = target
    return written


def merge_seed(seed: pl.DataFrame, own: pl.DataFrame, file_name: str) -> pl.DataFrame:
    """The seed with the company's rows over it: same order, new keys at the end. All columns are text."""
    key = seed.columns[0]
    _check(seed, own, key, file_name)
    stated = [name for name in own.columns if name != key]
    if ORIGIN in seed.columns and ORIGIN not in own.columns:
        own = own.with_columns(pl.lit(COMPANY).alias(ORIGIN))
        stated.append(ORIGIN)
    joined = seed.join(own, on=key, how="full", coalesce=True, suffix="_own", maintain_order="left_right")
    is_own = pl.col(key).is_in(own.get_column(key).to_list())
    return joined.with_columns(
        pl.when(is_own).then(pl.col(f"{name}_own")).otherwise(pl.col(name)).alias(name) for name in stated
    ).select(seed.columns)


def _check(seed: pl.DataFrame, own: pl.DataFrame, key: str, file_name: str) -> None:
    unknown = [name for name in own.columns if name not in seed.columns]
    if unknown:
        raise MarketLedgerError(
            "rules_column_unknown", file=file_name, column=unknown[0], known=", ".join(seed.columns)
        )
    if key not in own.columns:
        raise MarketLedgerError("rules_key_missing", file=file_name, column=key)
    keys = own.get_column(key)
    for line, value in enumerate(keys.to_list(), start=2):
        if value is None:
            raise MarketLedgerError("rules_key_empty", file=file_name, line=line, column=key)
    if keys.is_duplicated().any():
        repeated = keys.filter(keys.is_duplicated()).to_list()[0]
        raise MarketLedgerError("rules_key_repeated", file=file_name, column=key, value=repeated)
    for name in own.columns:
        if name != key and name not in TEXT_COLUMNS:
            _check_kind(seed.get_column(name), own.get_column(name), file_name)


def _check_kind(seed: pl.Series, own: pl.Series, file_name: str) -> None:
    """A column that holds only numbers, dates or true/false in the seed takes nothing else."""
    for kind, convert in _KINDS.items():
        filled = seed.drop_nulls()
        if filled.is_empty() or _readable(filled, convert).not_().any():
            continue
        unreadable = own.is_not_null() & _readable(own, convert).not_()
        if unreadable.any():
            line = int(unreadable.arg_true()[0]) + 2
            raise MarketLedgerError(
                "rules_value_unreadable",
                file=file_name,
                line=line,
                column=own.name,
                value=str(own[line - 2]),
                kind=kind,
            )
        return


_KINDS = {
    "true/false": pl.col("value").str.to_lowercase().is_in(["true", "false"]),
    "number": pl.col("value").cast(pl.Float64, strict=False).is_not_null(),
    "date": pl.col("value").str.to_date("%Y-%m-%d", strict=False).is_not_null(),
}


def _readable(values: pl.Series, convert: pl.Expr) -> pl.Series:
    return pl.DataFrame({"value": values}).select(convert.fill_null(False)).to_series()


def _read(path: Path) -> pl.DataFrame:
    """All cells as text: types are dbt's to find. Excel's BOM and blank rows do no harm."""
    try:
        frame = pl.read_csv(path, infer_schema=False)
    except (pl.exceptions.PolarsError, UnicodeDecodeError) as error:
        raise MarketLedgerError("rules_file_unreadable", file=path.name, problem=str(error).splitlines()[0]) from None
    frame = frame.rename({name: name.strip() for name in frame.columns})
    return frame.filter(~pl.all_horizontal(pl.all().is_null())).with_columns(
        pl.all().str.strip_chars().replace("", None)
    )


def _write(frame: pl.DataFrame, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    aside = target.with_name(f"{target.name}.tmp-{os.getpid()}")
    frame.write_csv(aside)
    aside.replace(target)
