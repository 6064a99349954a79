"""The order of arrival: numbers, names and what is left alone."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pipelines.intake.originals import file_sha256, list_arrivals, safe_name, take_landed
from pipelines.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "data" / "landing").mkdir(parents=True)
    return Settings(data_dir=tmp_path / "data", key_file=tmp_path / "key")


def drop(settings: Settings, name: str, content: bytes = b"a,b\n1,2\n") -> Path:
    path = settings.landing / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def test_files_are_numbered_in_the_order_in_which_they_were_dropped(settings: Settings) -> None:
    for name in ("z.csv", "a.csv", "m.csv"):
        drop(settings, name, name.encode())
        # Change times are only as fine as the kernel's tick: make the order certain.
        os.utime(settings.landing / name)
        while (settings.landing / name).stat().st_ctime_ns == drop(settings, ".tick").stat().st_ctime_ns:
            pass
    taken, left = take_landed(settings)
    assert [(arrival.number, arrival.file_name) for arrival in taken] == [
        (1, "z.csv"),
        (2, "a.csv"),
        (3, "m.csv"),
    ]
    assert left == []
    assert [path.name for path in settings.landing.iterdir()] == [".tick"]
    assert list_arrivals(settings.originals) == taken


def test_numbers_go_on_after_the_highest_and_the_same_bytes_arrive_twice(settings: Settings) -> None:
    drop(settings, "a.csv")
    take_landed(settings)
    drop(settings, "a.csv")
    take_landed(settings)
    drop(settings, "b.csv", b"other")
    take_landed(settings)
    arrivals = list_arrivals(settings.originals)
    assert [arrival.number for arrival in arrivals] == [1, 2, 3]
    assert arrivals[0].sha256 == arrivals[1].sha256 == file_sha256(arrivals[0].path)
    assert arrivals[0].path.read_bytes() == b"a,b\n1,2\n"
    assert all(arrival.path.parent.parent.name == arrival.sha256[:2] for arrival in arrivals)


def test_a_file_keeps_its_modification_time_and_its_folder(settings: Settings) -> None:
    path = drop(settings, "north/register.csv")
    os.utime(path, (1_700_000_000, 1_700_000_000))
    [arrival], _ = take_landed(settings)
    assert arrival.file_name == "north/register.csv"
    assert arrival.delivered_at.isoformat() == "2023-11-14T22:13:20"


def test_unfinished_hidden_and_office_files_stay(settings: Settings) -> None:
    for name in ("a.csv.part", "b.tmp", ".hidden", "~$register.xlsx", ".git/config"):
        drop(settings, name)
    taken, left = take_landed(settings)
    assert taken == []
    assert left == []
    assert len([path for path in settings.landing.rglob("*") if path.is_file()]) == 5


def test_a_link_is_never_followed(settings: Settings, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("x")
    (settings.landing / "innocent.csv").symlink_to(secret)
    taken, left = take_landed(settings)
    assert taken == []
    assert [(each.name, each.reason) for each in left] == [("innocent.csv", "not_a_file")]
    assert secret.read_text() == "x"


def test_a_file_still_being_written_is_left_for_the_next_run(settings: Settings) -> None:
    drop(settings, "a.csv")
    taken, left = take_landed(settings, settle_seconds=60)
    assert taken == []
    assert [each.reason for each in left] == ["being_written"]
    taken, left = take_landed(settings)
    assert len(taken) == 1


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("..\\..\\evil.xlsx", "_.._evil.xlsx"),
        ("...", "file"),
        ("a\nb.csv", "a_b.csv"),
        ("invoice\u202exslx.exe", "invoice_xslx.exe"),
        ("登记表 3月.xlsx", "登记表 3月.xlsx"),
        (os.fsdecode(b"\xff\xfe.csv"), "\ufffd\ufffd.csv"),
    ],
)
def test_names_that_deceive_or_break_are_cleaned(name: str, expected: str) -> None:
    assert safe_name(Path(name)) == expected


def test_the_longest_possible_name_can_still_be_kept(settings: Settings) -> None:
    name = "记" * 83 + ".xlsx"
    drop(settings, name)
    [arrival], _ = take_landed(settings)
    assert arrival.path.name.endswith(".xlsx")
    assert len(os.fsencode(arrival.path.name)) < 200


def test_a_landing_folder_on_another_file_system(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    drop(settings, "a.csv")
    real_rename = Path.rename

    def rename(self: Path, target: Path) -> Path:
        if settings.landing in self.parents:
            raise OSError(18, "Invalid cross-device link")
        return real_rename(self, target)

    monkeypatch.setattr(Path, "rename", rename)
    [arrival], _ = take_landed(settings)
    assert arrival.path.read_bytes() == b"a,b\n1,2\n"
    assert list(settings.landing.iterdir()) == []
    assert [path.name for path in arrival.path.parent.iterdir()] == ["000001_a.csv"]
