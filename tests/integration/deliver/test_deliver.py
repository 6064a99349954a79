"""Files of all kinds in one run: each gets its receipt, and none stops the others."""

from __future__ import annotations

import json
import tracemalloc
import zipfile
from pathlib import Path

import polars as pl
import xlsxwriter

from pipelines.intake.deliver import awaiting
from pipelines.intake.read import RawTable
from pipelines.texts import has_text

VISITS = "日期,姓名,门店\n2024-03-01,王小明,北店\n"
PAYMENTS = "order id,payment sequence,amount,paid at\nA1,1,5,2024-03-01\nTotal,,5,\n"


def by_place(receipts) -> dict[tuple[str, str, str], tuple[str | None, str]]:
    return {(each.file_name, each.member, each.sheet): (each.source, each.status) for each in receipts}


def test_members_of_an_archive_and_sheets_of_a_workbook_are_deliveries_of_their_own(company, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "march.zip", "w") as archive:
        archive.writestr("north/visits.csv", VISITS)
        archive.writestr("payments.csv", PAYMENTS)
        archive.writestr("../../escape.csv", VISITS)
        archive.writestr("empty.csv", "")
    with xlsxwriter.Workbook(tmp_path / "both.xlsx") as workbook:
        for name, content in (("来访", VISITS), ("收款", PAYMENTS)):
            sheet = workbook.add_worksheet(name)
            for row, line in enumerate(content.splitlines()):
                sheet.write_row(row, 0, line.split(","))
    company.drop("march.zip", tmp_path / "march.zip")
    company.drop("both.xlsx", tmp_path / "both.xlsx")
    places = by_place(company.run().receipts)
    assert places["march.zip", "north/visits.csv", ""] == ("visits", "accepted")
    assert places["march.zip", "payments.csv", ""] == ("payments", "accepted")
    assert places["march.zip", "empty.csv", ""][1] == "refused"
    assert places["both.xlsx", "", "来访"] == ("visits", "accepted")
    assert places["both.xlsx", "", "收款"] == ("payments", "accepted")
    refused = [place for place, (_, status) in places.items() if status == "refused"]
    assert len(refused) == 2
    assert company.run().receipts == ()


def test_hostile_files_are_refused_with_a_text_and_the_others_are_taken(company) -> None:
    hostile = {
        "empty.csv": b"",
        "image.xlsx": b"\x89PNG\r\n\x1a\n" + bytes(100),
        "zeros.csv": bytes(5000),
        "broken.xlsx": b"PK\x03\x04" + bytes(200),
        "wide.csv": (",".join(f"c{n}" for n in range(10_000)) + "\n" + ",".join("1" * 10_000) + "\n").encode(),
    }
    for name, content in hostile.items():
        company.drop(name, content)
    company.drop("visits.csv", VISITS.encode())
    result = company.run()
    statuses = {each.file_name: each.status for each in result.receipts}
    assert statuses.pop("visits.csv") == "accepted"
    assert set(statuses) == set(hostile)
    assert set(statuses.values()) == {"refused"}
    for receipt in result.receipts:
        for problem in json.loads(receipt.problems):
            for language in ("zh", "en"):
                assert has_text(f"refusals.{problem['code']}", language), problem["code"]


def test_a_reader_that_fails_refuses_its_file_and_no_other(company, monkeypatch) -> None:
    from pipelines.intake import read

    real = read._read_text

    def read_text(path: Path, *arguments: object) -> object:
        if path.name.endswith("bad.csv"):
            raise ZeroDivisionError
        return real(path, *arguments)

    monkeypatch.setattr(read, "_read_text", read_text)
    company.drop("bad.csv", b"a,b\n1,2\n")
    company.drop("visits.csv", VISITS.encode())
    assert [(each.file_name, each.status) for each in company.run().receipts] == [
        ("bad.csv", "refused"),
        ("visits.csv", "accepted"),
    ]
    monkeypatch.undo()
    [mended] = company.run().receipts
    assert mended.file_name == "bad.csv"
    assert mended.status == "waiting"


def test_a_file_that_breaks_off_in_its_middle_leaves_nothing(company, monkeypatch) -> None:
    from pipelines.intake.read import RefusedFile

    real = RawTable.__init__

    def breaking(self: RawTable, *arguments: object, **named: object) -> None:
        whole = named["batches"]

        def batches() -> object:
            yield from whole()
            raise RefusedFile("broken_quoting", line=3)

        real(self, *arguments, **{**named, "batches": batches})

    monkeypatch.setattr(RawTable, "__init__", breaking)
    company.drop("visits.csv", VISITS.encode())
    [receipt] = company.run().receipts
    assert (receipt.status, receipt.rows_read) == ("refused", 0)
    assert company.current("visits").is_empty()
    files = [path.name for path in company.settings.data_dir.rglob("*.parquet") if receipt.delivery_id in path.name]
    assert files == [f"000001_{receipt.delivery_id}.parquet"]


def test_every_contract_can_be_queried_before_anything_came(company) -> None:
    company.run()
    tables = {path.name for path in company.settings.lake.iterdir()}
    assert {"visits", "deliveries", "current_readings", "labels", "run_context"} <= tables
    for name in tables:
        assert pl.read_parquet(company.settings.lake / name / "*.parquet").width > 0


def test_what_was_asked_for_is_recorded(company) -> None:
    company.run()
    [row] = pl.read_parquet(company.settings.lake / "run_context" / "run_context.parquet").rows(named=True)
    assert (str(row["as_of"]), str(row["as_of_date"])) == ("2024-04-30 15:59:59", "2024-04-30")
    assert row["time_zone"] == "Asia/Shanghai"


def test_receipts_say_how_a_file_was_read(company) -> None:
    company.drop("门店 13912345678.csv", VISITS.replace(",", ";").encode("gb18030"))
    [receipt] = company.run().receipts
    assert (receipt.encoding, receipt.delimiter, receipt.header_row) == ("gb18030", ";", 1)
    assert (receipt.department, receipt.language, receipt.supersede_by) == ("北店", "zh", "scope")
    assert str(receipt.first_date) == str(receipt.last_date) == "2024-03-01"
    assert "13912345678" not in receipt.file_name


def test_what_waits_is_listed_until_a_mapping_answers_also_when_its_run_was_long_ago(company) -> None:
    company.drop("登记.csv", VISITS.replace("日期", "日期,天气怎样", 1).encode())
    company.drop("空.csv", b"")
    company.run()
    assert company.run().receipts == ()
    assert [each.file_name for each in awaiting(company.settings)] == ["登记.csv"]
    company.settings.mappings.mkdir(exist_ok=True)
    (company.settings.mappings / "register.yml").write_text("source: visits\nfiles: [登记.csv]\nignore: [天气怎样]\n")
    company.run()
    assert awaiting(company.settings) == []


def test_memory_does_not_grow_with_the_file(company, monkeypatch) -> None:
    """Python's own allocations, which hold whatever is kept for each row; batches pass through and are freed."""
    for module in ("text", "detect"):
        monkeypatch.setattr(f"pipelines.intake.read.{module}.CHUNK_BYTES", 128 * 1024)
    company.run()
    peaks = []
    for size in (15_000, 60_000):
        lines = "".join(f"2024-03-{n % 28 + 1:02d},王{n},北店{size}\n" for n in range(size))
        company.drop(f"{size}.csv", ("日期,姓名,门店\n" + lines).encode())
        del lines
        tracemalloc.start()
        [receipt] = company.run().receipts
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert receipt.rows_accepted == size
    assert peaks[1] < peaks[0] * 1.5


def test_no_person_of_the_sample_company_stands_outside_originals_and_vault(company) -> None:
    """Every column of every table is read: files are compressed, a search of their bytes would find nothing."""
    from pipelines.sample.demo import write_company
    from pipelines.sample.take import copy_company_files

    copy_company_files(company.settings)
    write_company(company.settings.landing, months=3, visits_per_month=40)
    receipts = company.run().receipts
    assert {"visits", "sales", "complaints", "survey_responses"} <= {each.source for each in receipts}
    vault = pl.concat(pl.read_parquet(path) for path in company.settings.vault.rglob("*.parquet"))
    is_telling = pl.col("value").str.len_chars() >= 3  # a name of two characters is also a part of other words
    secrets = vault.filter(is_telling & (pl.col("classification") != "free_text"))["value"].unique()
    assert len(secrets) > 100
    found = []
    for name, rows in company.tables(company.settings.lake, company.settings.quarantine).items():
        cells = pl.Series([str(cell) for row in rows for cell in row if cell is not None], dtype=pl.String)
        if len(cells) and cells.str.contains_any(secrets.to_list()).any():
            found.append(name)
    assert found == []
