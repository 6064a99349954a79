"""Personal data in two places only: everything else that a run leaves behind is read and holds nobody."""

from __future__ import annotations

import json
import sqlite3
import unicodedata
from pathlib import Path

import duckdb
import polars as pl
import pytest

from .conftest import Undisturbed
from .leaks import Persons, files_below, hashes_in, persons_in, texts_of
from .runs import Company

pytestmark = pytest.mark.procedure("F4")

FREE_TEXT = "free_text"


@pytest.fixture(scope="module")
def vault(undisturbed: Undisturbed) -> pl.DataFrame:
    return pl.concat([pl.read_parquet(path) for path in sorted((undisturbed.data / "vault").rglob("*.parquet"))])


@pytest.fixture(scope="module")
def persons(vault: pl.DataFrame) -> Persons:
    """Names, phones, addresses and the like. Whole remarks are left out: the same words may stand where a remark
    names nobody, and whom it does name is among the others."""
    values = vault.filter(pl.col("classification") != FREE_TEXT)["value"].drop_nulls().to_list()
    written = {str(value).strip().lower() for value in values}
    found = frozenset(written | {unicodedata.normalize("NFKC", value) for value in written})
    assert len(found) > 100
    assert min(len(value) for value in found) > 1
    return Persons(found)


@pytest.fixture(scope="module")
def hashes(undisturbed: Undisturbed, vault: pl.DataFrame) -> frozenset[str]:
    """Every keyed hash: those of the vault and those that rows of the lake carry."""
    found = set(vault["surrogate"].drop_nulls())
    for path in sorted((undisturbed.data / "lake").rglob("*.parquet")):
        frame = pl.read_parquet(path)
        for column in [name for name in frame.columns if name.endswith("_surrogate")]:
            found.update(frame[column].drop_nulls())
    assert len(found) > 100
    return frozenset(found)


def outside(undisturbed: Undisturbed) -> list[Path]:
    """Everything but originals, vault and the list of whom to call."""
    data = undisturbed.data
    operations = sorted((data / "published").rglob("operations.duckdb"))
    assert operations
    return files_below(data, [data / "originals", data / "vault", *operations])


def test_what_is_read_holds_every_kind_of_file(undisturbed: Undisturbed) -> None:
    """Lake, quarantine, receipts, warehouse, files for readers, the site of checks: none is forgotten."""
    names = {str(path.relative_to(undisturbed.data)) for path in outside(undisturbed)}
    for beginning, ending in (
        ("lake/visits", ".parquet"), ("lake/deliveries", ".parquet"), ("quarantine/", ".parquet"),
        ("warehouse/warehouse", ".duckdb"), ("warehouse/dbt/target", "manifest.json"),
        ("published/versions", "leadership.duckdb"), ("published/versions", "analysts.duckdb"),
        ("published/checks", ".html"), ("published/history", ".jsonl"),
    ):  # fmt: skip
        assert any(name.startswith(beginning) and name.endswith(ending) for name in names), (beginning, ending)


def test_nobody_stands_outside_originals_and_vault(undisturbed: Undisturbed, persons: Persons) -> None:
    assert persons_in(outside(undisturbed), persons) == []


def test_the_leadership_and_the_site_of_checks_hold_no_keyed_hash(
    undisturbed: Undisturbed, hashes: frozenset[str]
) -> None:
    published = undisturbed.data / "published"
    files = [*published.rglob("leadership.duckdb"), *files_below(published / "checks", [])]
    assert len(files) > 10
    assert hashes_in(files, hashes) == []
    assert hashes_in(published.rglob("analysts.duckdb"), hashes) != []


def test_rows_that_were_refused_are_kept_without_their_persons(company: Company, undisturbed: Undisturbed) -> None:
    """They never reached the vault: whatever digits or letters of a phone or an address they hold is a leak."""
    nobody = Persons(frozenset())
    files = [path for path in outside(undisturbed) if "quarantine" in path.parts]
    assert len(files) > 3
    assert persons_in(files, nobody) == []


PHONE, NAME = "13912345678", "欧阳小满"


def plant(folder: Path, kind: str, text: str) -> Path:
    """One file of a kind that holds a text in the least obvious of its places."""
    path = folder / f"planted{kind}"
    nested = json.dumps({"preview": [{"cells": {"remark": text}}]})
    match kind:
        case ".parquet":
            pl.DataFrame({"number": [1], "nested": [[{"deep": nested}]]}).write_parquet(path)
        case ".duckdb":
            with duckdb.connect(str(path)) as connection:
                connection.execute("create schema aside")
                connection.execute("create table aside.t as select {'a': [?]} as b", [nested])
        case ".db":
            with sqlite3.connect(path) as connection:
                connection.execute("create table event_logs (event blob)")
                connection.execute("insert into event_logs values (?)", [nested.encode()])
        case ".html":
            path.write_text("<td>" + "".join(f"&#{ord(letter)};" for letter in text) + "</td>", "utf-8")
        case _:
            path.write_text(nested + "\n", "utf-8")
    return path


@pytest.mark.parametrize("kind", [".parquet", ".duckdb", ".db", ".html", ".log", ".json", ".sql"])
@pytest.mark.parametrize("text", [f"请回电{PHONE}谢谢", f"{NAME}先生很不满意"])
def test_a_planted_person_is_found(tmp_path: Path, kind: str, text: str) -> None:
    path = plant(tmp_path, kind, text)
    found = persons_in([path], Persons(frozenset({PHONE, NAME})))
    assert {value for _, value in found} == {PHONE if PHONE in text else NAME}
    assert persons_in([path], Persons(frozenset({"13900000000", "王小明"}))) == [
        (place, PHONE) for place, _ in found[1:] if PHONE in text
    ]


def test_a_planted_hash_is_found_and_other_numbers_are_not(tmp_path: Path) -> None:
    keyed = "0123456789abcdef0123456789abcdef"
    path = plant(tmp_path, ".duckdb", f"key {keyed}, file {keyed}{keyed}")
    assert [value for _, value in hashes_in([path], frozenset({keyed}))] == [keyed]
    assert hashes_in([path], frozenset({keyed[::-1]})) == []


def test_a_file_of_an_unknown_kind_is_not_passed_over(tmp_path: Path) -> None:
    (tmp_path / "dump.pickle").write_bytes(b"...")
    with pytest.raises(AssertionError, match=r"dump\.pickle"):
        list(texts_of(tmp_path / "dump.pickle"))
