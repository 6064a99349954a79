"""Unpacks archives (zip, gzip) member by member, safely; reading a member is the caller's work.

Belongs here: names, limits, passwords, temporary files. Not here: what a member contains. Members are unpacked
under names of our own, so that no name in an archive ever becomes a path.
"""

from __future__ import annotations

import gzip
import lzma
import os
import re
import stat
import struct
import tempfile
import weakref
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fnmatch import fnmatch
from pathlib import Path
from typing import IO

from pipelines.intake.read.limits import (
    MAX_ARCHIVE_BYTES,
    MAX_ARCHIVE_MEMBERS,
    MAX_ARCHIVE_RATIO,
    MIB,
    RATIO_COUNTS_FROM_BYTES,
)
from pipelines.intake.read.model import ReadHints, Refusal, RefusedFile, refusing

COPY_BYTES = 1 * MIB
BROKEN_ZIP = (
    zipfile.BadZipFile,
    EOFError,
    ValueError,
    RuntimeError,
    NotImplementedError,
    zlib.error,
    lzma.LZMAError,
    struct.error,
)
UTF8_NAME = 0x800  # flag of a member whose name is UTF-8
ENCRYPTED = 0x1
# What file managers and office programs add to archives; nobody sent it on purpose.
BYCATCH = re.compile(r"(^|/)(__MACOSX/|\.[^/]*$|\.[^/]*/|~\$|Thumbs\.db$|desktop\.ini$)", re.IGNORECASE)


class UnpackedFile:
    """A temporary file that is removed when nobody holds it any more."""

    def __init__(self, folder: Path | None) -> None:
        handle, name = tempfile.mkstemp(prefix="ledger-member-", dir=folder)
        os.close(handle)
        self.path = Path(name)
        self._remove = weakref.finalize(self, self.path.unlink, missing_ok=True)


@dataclass(frozen=True)
class Member:
    name: str
    file: UnpackedFile


def zip_members(path: Path, hints: ReadHints) -> Iterator[Member | Refusal]:
    """The members of a zip, unpacked one at a time; a member that is refused does not stop the others."""
    with refusing("broken_zip", *BROKEN_ZIP), zipfile.ZipFile(path) as package:
        infos = [info for info in package.infolist() if not info.is_dir()]
        _check_totals(infos, path.stat().st_size)
        for info in infos:
            name = _member_name(info)
            refusal = _refused_member(info, name)
            if refusal is not None:
                yield refusal
            elif not BYCATCH.search(name) and fnmatch(name, hints.member or "*"):
                yield _unpack(package, info, name, hints.scratch_folder)


def gzip_member(path: Path, name: str, hints: ReadHints) -> Member:
    """The one member of a gzip file, as rotated logs come."""
    limit = min(MAX_ARCHIVE_BYTES, max(RATIO_COUNTS_FROM_BYTES, MAX_ARCHIVE_RATIO * path.stat().st_size))
    unpacked = UnpackedFile(hints.scratch_folder)
    with refusing("broken_zip", *BROKEN_ZIP), gzip.open(path) as source:
        _copy(source, unpacked.path, limit)
    return Member(name.removesuffix(".gz"), unpacked)


def _check_totals(infos: list[zipfile.ZipInfo], packed: int) -> None:
    if not infos:
        raise RefusedFile("empty_archive")
    if len(infos) > MAX_ARCHIVE_MEMBERS:
        raise RefusedFile("too_many_members", members=len(infos), limit=MAX_ARCHIVE_MEMBERS)
    total = sum(info.file_size for info in infos)
    if total > MAX_ARCHIVE_BYTES:
        raise RefusedFile("archive_too_large", size_mib=total // MIB, limit_mib=MAX_ARCHIVE_BYTES // MIB)
    if total > RATIO_COUNTS_FROM_BYTES and total > MAX_ARCHIVE_RATIO * packed:
        raise RefusedFile("zip_bomb", ratio=total // packed, limit=MAX_ARCHIVE_RATIO)


def _member_name(info: zipfile.ZipInfo) -> str:
    """The name as its sender saw it: without the UTF-8 flag it is bytes of the sender's own code page."""
    if info.flag_bits & UTF8_NAME:
        return info.orig_filename
    raw = info.orig_filename.encode("cp437", errors="replace")
    for encoding in ("utf-8", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return info.orig_filename


def _refused_member(info: zipfile.ZipInfo, name: str) -> Refusal | None:
    parts = re.split(r"[/\\]", name)
    if ".." in parts or name[:1] in ("/", "\\") or re.match(r"^[A-Za-z]:", name) or "\0" in name:
        return Refusal("path_in_name", member=name.replace("\0", "?")[:200])
    if stat.S_ISLNK(info.external_attr >> 16):
        return Refusal("symbolic_link", member=name[:200])
    if info.flag_bits & ENCRYPTED:
        return Refusal("password", member=name)
    return None


def _unpack(package: zipfile.ZipFile, info: zipfile.ZipInfo, name: str, folder: Path | None) -> Member | Refusal:
    unpacked = UnpackedFile(folder)
    try:
        with refusing("broken_zip", *BROKEN_ZIP), package.open(info) as source:
            _copy(source, unpacked.path, info.file_size)
    except RefusedFile as refused:
        return replace(refused.refusal, member=name)
    return Member(name, unpacked)


def _copy(source: IO[bytes] | gzip.GzipFile, target: Path, limit: int) -> None:
    """Copies, trusting no declared size."""
    written = 0
    with target.open("wb") as sink:
        while chunk := source.read(COPY_BYTES):
            written += len(chunk)
            if written > limit:
                raise RefusedFile("zip_bomb", ratio=MAX_ARCHIVE_RATIO, limit=MAX_ARCHIVE_RATIO)
            sink.write(chunk)
