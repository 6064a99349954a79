"""The order of arrival: which files came, when, and where their bytes are kept.

Belongs here: taking files out of the landing folder and listing what has been taken. One rename moves a file
to originals/<aa>/<sha256>/<number>_<name> and is itself the record of its arrival, so a run that is killed
leaves each file either landed or arrived, never between. Not here: what stands in a file.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import shutil
import stat
import time
import unicodedata
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pipelines.settings import Settings

_ARRIVAL = re.compile(r"^(\d{6,})_(.+)$", re.DOTALL)
_UNFINISHED = (".part", ".tmp", ".crdownload", ".partial")
# Stands for the slash between a landing sub-folder and the file in a kept name: a character nobody types.
_FOLDER_MARK = "⧸"
# Unicode categories of control, direction and line-breaking characters and of lone surrogates.
_DECEIVING = {"Cc", "Cf", "Cs", "Zl", "Zp"}
# A file name may have 255 bytes on common systems; number, underscore and temporary suffixes need the rest.
_LONGEST_NAME_BYTES = 180


@dataclass(frozen=True)
class Arrival:
    """One file that came, at its place in the order of arrival."""

    number: int
    sha256: str
    file_name: str  # as dropped, with its landing sub-folder; cleaned of characters that deceive or break
    path: Path
    size_bytes: int
    delivered_at: datetime  # the file's own modification time, UTC naive


@dataclass(frozen=True)
class LeftFile:
    """A file that stays in the landing folder for now, and why (a text under `receipts.left`)."""

    name: str
    reason: str


def list_arrivals(originals: Path) -> list[Arrival]:
    """Everything that ever came, in order of arrival."""
    found = [
        _arrival(Path(entry))
        for digest_folder in _subfolders(originals)
        for sha_folder in _subfolders(digest_folder)
        for entry in os.scandir(sha_folder)
        if _ARRIVAL.match(entry.name)
    ]
    return sorted(found, key=lambda arrival: arrival.number)


def take_landed(
    settings: Settings, settle_seconds: float = 0.0, copy_from: Path | None = None
) -> tuple[list[Arrival], list[LeftFile]]:
    """Move every finished file from the landing folder into originals, oldest first; return the new ones.

    The caller holds the run lock. The order is the files' change time, which dropping or renaming a file sets
    and which, unlike the modification time, a copy does not inherit. With `settle_seconds`, a file that was
    written to more recently than that is left for the next run. With `copy_from`, the files of that folder are
    taken instead, and stay there.
    """
    taken: list[Arrival] = []
    left: list[LeftFile] = []
    arrivals = list_arrivals(settings.originals)
    number = arrivals[-1].number if arrivals else 0
    folder = copy_from or settings.landing
    for path in landed_files(folder):
        kept_name = safe_name(path.relative_to(folder))
        shown = kept_name.replace(_FOLDER_MARK, "/")
        before = path.lstat()
        if not stat.S_ISREG(before.st_mode):
            left.append(LeftFile(shown, "not_a_file"))
            continue
        if settle_seconds and time.time() - max(before.st_mtime, before.st_ctime) < settle_seconds:
            left.append(LeftFile(shown, "being_written"))
            continue
        try:
            sha256 = file_sha256(path)
        except OSError:
            left.append(LeftFile(shown, "unreadable"))
            continue
        after = path.lstat()
        if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
            left.append(LeftFile(shown, "being_written"))
            continue
        number += 1
        target = settings.originals / sha256[:2] / sha256 / f"{number:06d}_{kept_name}"
        _place(path, target, is_copy=copy_from is not None)
        taken.append(_arrival(target))
    return taken, left


def safe_name(relative: Path) -> str:
    """A name to keep, show and sort: no control or direction characters, no paths, not too long."""
    parts = [_clean(part) for part in relative.parts]
    name = _FOLDER_MARK.join(part for part in parts if part) or "file"
    encoded = name.encode("utf-8")
    if len(encoded) <= _LONGEST_NAME_BYTES:
        return name
    suffix = Path(name).suffix if len(Path(name).suffix.encode()) <= 16 else ""
    kept = encoded[: _LONGEST_NAME_BYTES - len(suffix.encode())].decode("utf-8", errors="ignore")
    return kept.rstrip() + suffix


def file_sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _clean(part: str) -> str:
    text = part.encode("utf-8", errors="surrogateescape").decode("utf-8", errors="replace")
    text = unicodedata.normalize("NFC", text)
    text = "".join("_" if unicodedata.category(char) in _DECEIVING else char for char in text)
    text = re.sub(r'[\\/:*?"<>|⧸]', "_", text)
    return text.strip().lstrip(".").strip()


def landed_files(landing: Path) -> list[Path]:
    """Files that people have finished dropping, in the order in which they did."""
    found: list[tuple[int, bytes, Path]] = []
    for folder, folder_names, file_names in os.walk(landing, followlinks=False):
        folder_names[:] = [name for name in folder_names if not name.startswith(".")]
        for name in file_names:
            # Excel's owner file (~$name) is a note that somebody has the workbook open, not a delivery.
            if name.startswith((".", "~$")) or name.lower().endswith(_UNFINISHED):
                continue
            path = Path(folder) / name
            with suppress(FileNotFoundError):  # its owner took it back meanwhile
                found.append((path.lstat().st_ctime_ns, os.fsencode(path), path))
    return [path for _, _, path in sorted(found)]


def _place(path: Path, target: Path, is_copy: bool) -> None:
    """Rename a file to its place in the order of arrival; nothing is ever written over."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.exists():
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target))
    if is_copy:
        _copy(path, target)
        return
    try:
        path.rename(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        # The landing folder is another file system: only when the copy is in its place is the file let go.
        # Killed between the two, the next run takes the same bytes again, which changes nothing.
        _copy(path, target)
        path.unlink()


def _copy(path: Path, target: Path) -> None:
    aside = target.with_name(f".{target.name}.tmp-{os.getpid()}")
    shutil.copy2(path, aside)
    aside.rename(target)


def _arrival(path: Path) -> Arrival:
    match = _ARRIVAL.match(path.name)
    assert match is not None
    status = path.stat()
    return Arrival(
        number=int(match[1]),
        sha256=path.parent.name,
        file_name=match[2].replace(_FOLDER_MARK, "/"),
        path=path,
        size_bytes=status.st_size,
        delivered_at=datetime.fromtimestamp(status.st_mtime, UTC).replace(tzinfo=None),
    )


def _subfolders(folder: Path) -> Iterator[Path]:
    if folder.is_dir():
        yield from sorted(Path(entry) for entry in os.scandir(folder) if entry.is_dir())
