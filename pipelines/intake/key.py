"""The key of the surrogates: made on the first run, kept outside the data folder, never replaced in silence.

Belongs here: making, reading and recognising the key. Not here: what is hashed with it (personal.py) and where
it lies (settings.py). The data folder holds a check of the key, from which the key cannot be found, so that
another key is noticed before it splits every person in two.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from pathlib import Path

from pipelines.errors import MarketLedgerError
from pipelines.settings import Settings

KEY_BYTES = 32
_CHECK_NAME = "key_check"


def load_key(settings: Settings) -> bytes:
    """The company's key; a data folder without one gets a new one."""
    check_file = settings.data_dir / _CHECK_NAME
    if not settings.key_file.exists():
        if check_file.exists():
            raise MarketLedgerError("key_missing", path=str(settings.key_file))
        _make(settings.key_file)
    key = _read(settings.key_file)
    if not check_file.exists():
        _write_aside(check_file, _check(key), 0o644)
    elif check_file.read_text("ascii").strip() != _check(key):
        raise MarketLedgerError("key_differs", path=str(settings.key_file))
    if not settings.key_id_file.exists() and settings.key_file.parent.name == "keys":
        _write_aside(settings.key_id_file, settings.key_file.stem, 0o644)
    return key


def _make(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    _write_aside(path, secrets.token_hex(KEY_BYTES), 0o600)


def _read(path: Path) -> bytes:
    try:
        key = bytes.fromhex(path.read_text("ascii").strip())
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise MarketLedgerError("key_unreadable", path=str(path))
    return key


def _check(key: bytes) -> str:
    return hashlib.blake2b(b"market-ledger key check", key=key, digest_size=8).hexdigest()


def _write_aside(path: Path, content: str, mode: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.tmp-{os.getpid()}")
    descriptor = os.open(temporary, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, mode)
    with os.fdopen(descriptor, "w", encoding="ascii") as stream:
        stream.write(content + "\n")
    temporary.replace(path)
