"""Hostile and broken files: each gets one clear refusal, none an exception, none hangs."""

from __future__ import annotations

import os
import random
import time
import zipfile
from pathlib import Path

import pytest

from pipelines.intake.read import RawTable, ReadHints, Refusal, RefusedFile, read_file
from tests.unit.intake_read.helpers import read_one, refusal, write_rows, write_workbook

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
HTML = b"<!doctype html><html><body><p>Session expired</p></body></html>"


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("a.csv", b"", "empty_file"),
        ("a.xlsx", b"this is a letter, not a workbook", "not_a_workbook"),
        ("a.xlsx", HTML, "web_page"),
        ("a.xlsx", b"\x89PNG\r\n\x1a\n" + bytes(500), "unsupported_kind"),
        ("a.xlsx", b"PK\x03\x04" + b"\x07" * 900, "not_a_workbook"),
        ("a.xls", OLE + bytes(2000), "not_a_workbook"),
        ("a.pdf", b"%PDF-1.7 text", "unsupported_kind"),
        ("a.csv", b"a,b\n1,\x002\n", "nul_bytes"),
        ("a.csv", bytes(range(1, 9)) * 50, "not_text"),
        ("a.csv", b"PAR1" + bytes(100), "broken_parquet"),
        ("a.zip", b"PK\x03\x04" + b"\x07" * 900, "broken_zip"),
        ("a.gz", b"\x1f\x8b\x08" + b"\x07" * 90, "broken_zip"),
        ("a.json", b'[{"a": 1}, {"a":', "broken_json"),
        ("a.json", b'[{"a":' * 30_000, "broken_json"),
        (
            "a.xml",
            b'<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"/>',
            "xml_spreadsheet",
        ),
        ("a.csv", (",".join(f"c{i}" for i in range(10_000)) + "\n").encode(), "too_many_columns"),
    ],
)
def test_refused_with_its_code(tmp_path: Path, name: str, content: bytes, code: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    assert refusal(path) == code


def test_what_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "folder.csv").mkdir()
    assert refusal(tmp_path / "folder.csv") == "not_a_file"
    (tmp_path / "link.csv").symlink_to("/etc/hostname")
    assert refusal(tmp_path / "link.csv") == "symbolic_link"
    os.mkfifo(tmp_path / "pipe.csv")
    assert refusal(tmp_path / "pipe.csv") == "not_a_file"
    assert refusal(tmp_path / "gone.csv") == "unreadable"


def test_an_encrypted_workbook(tmp_path: Path) -> None:
    """The container of an encrypted xlsx: an OLE file with the stream EncryptedPackage in its directory."""
    path = tmp_path / "secret.xlsx"
    path.write_bytes(encrypted_container())
    assert refusal(path) == "password"


def encrypted_container() -> bytes:
    header = bytearray(512)
    header[:8] = OLE
    header[24:34] = bytes.fromhex("3e0003 00feff0900 0600".replace(" ", ""))
    for offset, value in ((44, 1), (48, 1), (56, 4096), (60, 0xFFFFFFFE), (68, 0xFFFFFFFE), (76, 0)):
        header[offset : offset + 4] = value.to_bytes(4, "little")
    header[80:512] = b"\xff" * 432
    table = bytearray(b"\xff" * 512)
    for place, value in ((0, 0xFFFFFFFD), (1, 0xFFFFFFFE)):
        table[4 * place : 4 * place + 4] = value.to_bytes(4, "little")
    entries = [("Root Entry", 5), ("EncryptionInfo", 2), ("EncryptedPackage", 2), ("", 0)]
    directory = b"".join(directory_entry(name, kind) for name, kind in entries)
    return bytes(header) + bytes(table) + directory


def directory_entry(name: str, kind: int) -> bytes:
    entry = bytearray(128)
    text = name.encode("utf-16-le")
    entry[: len(text)] = text
    entry[64:66] = (len(text) + 2 if name else 0).to_bytes(2, "little")
    entry[66] = kind
    entry[68:80] = b"\xff" * 12
    entry[116:120] = (0xFFFFFFFE).to_bytes(4, "little")
    return bytes(entry)


def test_workbooks_that_would_need_all_memory(tmp_path: Path) -> None:
    far = write_workbook(tmp_path / "far.xlsx", lambda book: book.add_worksheet().write_row(1_048_575, 1_000, [1]))
    assert refusal(far) == "too_many_cells"
    text = b'<x:c t="n" r="XFD1048576"><x:v>1</x:v></x:c>'
    assert refusal(with_sheet_xml(tmp_path, text)) == "too_many_columns"


def with_sheet_xml(folder: Path, extra: bytes) -> Path:
    """A sound workbook whose sheet got some more bytes of markup."""
    sound = write_workbook(folder / "sound.xlsx", lambda book: write_rows(book.add_worksheet(), [["a", "b"], [1, 2]]))
    target = folder / "changed.xlsx"
    with zipfile.ZipFile(sound) as source, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as sink:
        for info in source.infolist():
            content = source.read(info)
            if info.filename == "xl/worksheets/sheet1.xml":
                content = content.replace(b"</sheetData>", extra + b"</sheetData>")
            sink.writestr(info.filename, content)
    return target


def test_markup_made_to_be_slow(tmp_path: Path) -> None:
    started = time.monotonic()
    list(read_file(with_sheet_xml(tmp_path, b'<c r="A1" ' * 200_000)))
    for content in (b"<table><tr><td" * 100_000, b"<!--" * 200_000, b"[" * 300_000, b"(" * 300_000 + b",a\n1,2\n"):
        path = tmp_path / "slow.html"
        path.write_bytes(content)
        list(read_file(path))
    path.write_bytes(b"a,b\n" + b"1" * 250_000 + b"x,2\n" + b"total" * 50_000 + b",2\n")
    read_one(path)
    path.write_bytes(b"a,b\n" + b'"x,1\n' * 100_000)
    read_one(path)
    assert time.monotonic() - started < 30


def test_a_workbook_that_is_a_bomb(tmp_path: Path) -> None:
    assert refusal(with_sheet_xml(tmp_path, b" " * 60_000_000)) == "zip_bomb"


def test_truncated_copies_of_a_workbook(tmp_path: Path) -> None:
    rows = [["姓名", "数量"]] + [[f"n{i}", i] for i in range(300)]
    sound = write_workbook(tmp_path / "sound.xlsx", lambda book: write_rows(book.add_worksheet(), rows)).read_bytes()
    path = tmp_path / "cut.xlsx"
    for size in range(1, len(sound), len(sound) // 25):
        path.write_bytes(sound[:size])
        assert refusal(path)


def test_damaged_copies_never_raise(tmp_path: Path) -> None:
    """Bytes changed at random: tables or refusals, nothing else."""
    rows = [["姓名", "数量"]] + [[f"n{i}", i] for i in range(50)]
    sound = write_workbook(tmp_path / "sound.xlsx", lambda book: write_rows(book.add_worksheet(), rows)).read_bytes()
    chance = random.Random(7)
    path = tmp_path / "damaged.xlsx"
    for _ in range(60):
        content = bytearray(sound)
        for _ in range(chance.randint(1, 30)):
            content[chance.randrange(len(content))] = chance.randrange(256)
        path.write_bytes(content)
        for result in read_file(path):
            assert isinstance(result, (RawTable, Refusal))
            if isinstance(result, RawTable):
                assert sum(frame.height for frame in result.batches()) <= 60


def test_a_line_without_end_is_refused_while_drawing(tmp_path: Path) -> None:
    path = tmp_path / "line.csv"
    path.write_bytes(b"a,b\n1,2\n" + b"x" * 20_000_000)
    table = next(iter(read_file(path)))
    assert isinstance(table, RawTable)
    with pytest.raises(RefusedFile) as raised:
        list(table.batches())
    assert raised.value.refusal.code == "line_too_long"


def test_hints_that_do_not_fit_do_not_raise(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"a,b\n1,2\n")
    assert refusal(path, ReadHints(header_row=99)) == "header_row_missing"
    assert refusal(path, ReadHints(delimiter="::")) == "bad_delimiter"
