"""Archives: names in any code page, nothing outside, no bombs, one zip in a zip."""

from __future__ import annotations

import gc
import gzip
import io
import zipfile
from pathlib import Path

import pytest

from pipelines.intake.read import RawTable, ReadHints, Refusal, archive, read_file
from tests.unit.intake_read.helpers import data_rows, read_one, refusal, whole, write_rows, write_workbook

TABLE = "姓名,数量\n王,1\n".encode()


def zip_of(members: dict[str, bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in members.items():
            package.writestr(name, content)
    return target.getvalue()


def outcome(path: Path, hints: ReadHints | None = None) -> dict[str, str | int]:
    """Member -> number of rows, or the code of its refusal."""
    return {r.member: whole(r).height if isinstance(r, RawTable) else r.code for r in read_file(path, hints)}


def test_tables_of_all_kinds_in_folders_of_an_archive(tmp_path: Path) -> None:
    book = write_workbook(tmp_path / "b.xlsx", lambda b: write_rows(b.add_worksheet(), [["甲", "乙"], [1, 2], [3, 4]]))
    path = tmp_path / "month.zip"
    path.write_bytes(
        zip_of(
            {
                "三月/来访.csv": TABLE,
                "三月/": b"",
                "book.xlsx": book.read_bytes(),
                "__MACOSX/._来访.csv": b"\0\0",
                ".DS_Store": b"\0",
                "三月/~$book.xlsx": b"x",
                "picture.png": b"\x89PNG" + bytes(80),
                "empty.csv": b"",
            }
        )
    )
    assert outcome(path) == {
        "三月/来访.csv": 1,
        "book.xlsx": 2,
        "picture.png": "unsupported_kind",
        "empty.csv": "empty_file",
    }
    assert outcome(path, ReadHints(member="*.csv")) == {"三月/来访.csv": 1, "empty.csv": "empty_file"}


def test_path_tricks_are_refused_and_touch_nothing(tmp_path: Path) -> None:
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as target:
        for name in ("../../evil.csv", "/tmp/evil.csv", "C:\\evil.csv", "a\\..\\evil.csv", "good.csv"):
            target.writestr(name, TABLE)
        link = zipfile.ZipInfo("link.csv")
        link.external_attr = 0o120777 << 16
        target.writestr(link, "/etc/passwd")
    path = tmp_path / "tricks.zip"
    path.write_bytes(package.getvalue())
    found = outcome(path, ReadHints(scratch_folder=tmp_path))
    assert found.pop("good.csv") == 1
    assert found.pop("link.csv") == "symbolic_link"
    assert set(found.values()) == {"path_in_name"}
    assert len(found) == 4
    gc.collect()
    assert [item.name for item in tmp_path.iterdir()] == ["tricks.zip"]


@pytest.mark.parametrize("encoding", ["gb18030", "utf-8"])
def test_names_without_the_utf8_flag(tmp_path: Path, encoding: str) -> None:
    name = "来访.csv".encode(encoding)
    path = tmp_path / "names.zip"
    path.write_bytes(zip_of({"x" * len(name): TABLE}).replace(b"x" * len(name), name))
    assert outcome(path) == {"来访.csv": 1}


def test_one_zip_in_a_zip_and_no_deeper(tmp_path: Path) -> None:
    inner = zip_of({"deep.csv": TABLE, "deeper.zip": zip_of({"a.csv": TABLE})})
    path = tmp_path / "outer.zip"
    path.write_bytes(zip_of({"mail/inner.zip": inner}))
    assert outcome(path) == {"mail/inner.zip/deep.csv": 1, "mail/inner.zip/deeper.zip": "nested_too_deep"}


def test_bombs_by_ratio_count_and_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "bomb.zip"
    path.write_bytes(zip_of({"a.csv": b"a,b\n" + b"0" * 40_000_000}))
    assert refusal(path) == "zip_bomb"
    path.write_bytes(zip_of({f"{i}.csv": b"a" for i in range(1_001)}))
    assert refusal(path) == "too_many_members"
    monkeypatch.setattr(archive, "MAX_ARCHIVE_BYTES", 10)
    path.write_bytes(zip_of({"a.csv": TABLE}))
    assert refusal(path) == "archive_too_large"


def test_a_member_that_lies_about_its_size(tmp_path: Path) -> None:
    content = b"a,b\n" + b"1,2\n" * 5_000
    package = zip_of({"a.csv": content})
    path = tmp_path / "lie.zip"
    path.write_bytes(package.replace(len(content).to_bytes(4, "little"), (100).to_bytes(4, "little")))
    assert list(outcome(path).values()) == ["broken_zip"]


def test_a_password_and_an_empty_archive(tmp_path: Path) -> None:
    package = bytearray(zip_of({"a.csv": TABLE, "b.csv": TABLE}))
    local, central = package.index(b"PK\x03\x04"), package.index(b"PK\x01\x02")
    package[local + 6] |= 1
    package[central + 8] |= 1
    path = tmp_path / "secret.zip"
    path.write_bytes(bytes(package))
    assert outcome(path) == {"a.csv": "password", "b.csv": 1}
    path.write_bytes(zip_of({}))
    assert refusal(path) == "empty_archive"
    path.write_bytes(zip_of({"word/document.xml": b"<a/>"}))
    assert refusal(path) == "unsupported_kind"


def test_tables_may_be_drawn_after_the_whole_archive_was_listed(tmp_path: Path) -> None:
    path = tmp_path / "late.zip"
    path.write_bytes(zip_of({"a.csv": TABLE, "b.csv": TABLE}))
    results = list(read_file(path, ReadHints(scratch_folder=tmp_path)))
    tables = [result for result in results if isinstance(result, RawTable)]
    assert [data_rows(whole(table)) for table in tables] == [[("王", "1")], [("王", "1")]]
    del results, tables
    gc.collect()
    assert [item.name for item in tmp_path.iterdir()] == ["late.zip"]


def test_a_gzip_is_one_member(tmp_path: Path) -> None:
    path = tmp_path / "visits.csv.gz"
    path.write_bytes(gzip.compress(TABLE))
    table, frame = read_one(path)
    assert table.member == "visits.csv"
    assert data_rows(frame) == [("王", "1")]
    path.write_bytes(gzip.compress(b"0" * 60_000_000))
    assert refusal(path) == "zip_bomb"


def test_refusals_name_their_member(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(zip_of({"x.csv": b"a,b\n1,\x002\n"}))
    assert list(read_file(path)) == [Refusal("nul_bytes", {"byte": 6}, "x.csv")]
