"""The key of the surrogates is made once and never replaced in silence."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from pipelines.errors import MarketLedgerError
from pipelines.intake.key import load_key
from pipelines.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path / "data", key_file=tmp_path / "config" / "keys" / "abc123.key")


def test_the_first_run_makes_a_key_that_only_its_owner_reads(settings: Settings) -> None:
    key = load_key(settings)
    assert len(key) == 32
    assert stat.S_IMODE(settings.key_file.stat().st_mode) == 0o600
    assert settings.key_id_file.read_text().strip() == "abc123"
    assert load_key(settings) == key


def test_the_data_folder_does_not_hold_the_key(settings: Settings) -> None:
    key = load_key(settings)
    texts = [path.read_text() for path in settings.data_dir.rglob("*") if path.is_file()]
    assert not any(key.hex() in each for each in texts)


def test_a_key_that_is_gone_is_not_made_anew(settings: Settings) -> None:
    load_key(settings)
    settings.key_file.unlink()
    with pytest.raises(MarketLedgerError, match=r"Restore it from a backup"):
        load_key(settings)
    assert not settings.key_file.exists()


def test_another_key_is_noticed(settings: Settings) -> None:
    load_key(settings)
    settings.key_file.write_text("00" * 32)
    with pytest.raises(MarketLedgerError, match=r"not the key"):
        load_key(settings)


def test_a_damaged_key_is_named(settings: Settings) -> None:
    load_key(settings)
    settings.key_file.write_text("zz")
    with pytest.raises(MarketLedgerError, match=r"abc123\.key: the key file is damaged"):
        load_key(settings)
