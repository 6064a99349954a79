"""Looks into the zip package of an xlsx before it is opened: its real size, its farthest cell, its error cells.

Belongs here: what calamine would not survive (a cell at XFD1048576 makes it reserve 17 thousand million cells)
or does not tell (#REF!). Not here: reading rows (workbook.py), archives of files (archive.py).
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

from pipelines.intake.read.archive import BROKEN_ZIP, ENCRYPTED
from pipelines.intake.read.limits import (
    MAX_ARCHIVE_RATIO,
    MAX_COLUMNS,
    MAX_WORKBOOK_BYTES,
    MAX_WORKBOOK_CELLS,
    MIB,
    RATIO_COUNTS_FROM_BYTES,
)
from pipelines.intake.read.model import RefusedFile, refusing

Errors = dict[str, dict[tuple[int, int], str]]  # sheet -> 0-based (row, column) -> text such as #REF!

REFERENCE = re.compile(rb"""\br\s*=\s*["']([A-Za-z]{1,3})(\d{1,7})["']""")
ERROR_CELL = re.compile(  # bounded repeats: hostile markup must not make the search slow
    rb'<c\b[^<>]{0,200}\br="([A-Z]{1,3})(\d{1,7})"[^<>]{0,200}\bt="e"[^<>]{0,200}>'
    rb"(?:<f\b[^<>]{0,400}/>|<f\b[^<>]{0,400}>[^<]{0,9000}</f>)?<v>(#[^<]{1,20})</v>"
)
OVERLAP_BYTES = 16 * 1024  # longer than the markup of one cell with its formula
SCAN_BYTES = 4 * MIB
RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"


def inspect_package(path: Path) -> Errors:
    """The error cells of each sheet. Refuses what is no sound xlsx or too large to hold."""
    with refusing("not_a_workbook", *BROKEN_ZIP, KeyError, ElementTree.ParseError), zipfile.ZipFile(path) as package:
        if any(info.flag_bits & ENCRYPTED for info in package.infolist()):
            raise RefusedFile("password")
        _check_sizes(package)
        return {name: _scan_sheet(package, part) for name, part in _sheet_parts(package).items()}


def _check_sizes(package: zipfile.ZipFile) -> None:
    members = package.infolist()
    total = sum(member.file_size for member in members)
    if total > MAX_WORKBOOK_BYTES:
        raise RefusedFile("workbook_too_large", size_mib=total // MIB, limit_mib=MAX_WORKBOOK_BYTES // MIB)
    packed = sum(member.compress_size for member in members)
    if total > 4 * RATIO_COUNTS_FROM_BYTES and total > MAX_ARCHIVE_RATIO * max(packed, 1):
        raise RefusedFile("zip_bomb", ratio=total // max(packed, 1), limit=MAX_ARCHIVE_RATIO)


def _sheet_parts(package: zipfile.ZipFile) -> dict[str, str]:
    """Sheet name -> member of the package."""
    relations = ElementTree.fromstring(package.read("xl/_rels/workbook.xml.rels"))
    targets = {r.get("Id"): r.get("Target", "") for r in relations}
    parts: dict[str, str] = {}
    for element in ElementTree.fromstring(package.read("xl/workbook.xml")).iter():
        if element.tag.endswith("}sheet") and element.get(RELATION) in targets:
            target = targets[element.get(RELATION)]
            parts[element.get("name", "")] = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
    members = set(package.namelist())
    return {name: part for name, part in parts.items() if part in members}


def _windows(package: zipfile.ZipFile, part: str) -> Iterator[bytes]:
    with package.open(part) as stream:
        rest = b""
        while chunk := stream.read(SCAN_BYTES):
            yield rest + chunk
            rest = chunk[-OVERLAP_BYTES:]


def _scan_sheet(package: zipfile.ZipFile, part: str) -> dict[tuple[int, int], str]:
    """The sheet's error cells; refuses a sheet whose farthest cell spans more cells than can be held."""
    errors: dict[tuple[int, int], str] = {}
    last_row = last_column = 0
    for window in _windows(package, part):
        references = REFERENCE.findall(window)
        if references:
            last_row = max(last_row, max(int(row) for _, row in references))
            last_column = max(last_column, max(_column_number(letters) for letters in {c for c, _ in references}))
        if b'"e"' in window:
            for letters, row, text in ERROR_CELL.findall(window):
                errors[int(row) - 1, _column_number(letters) - 1] = text.decode()
    if last_column > MAX_COLUMNS:
        raise RefusedFile("too_many_columns", columns=last_column, limit=MAX_COLUMNS)
    if last_row * last_column > MAX_WORKBOOK_CELLS:
        raise RefusedFile("too_many_cells", cells=last_row * last_column, limit=MAX_WORKBOOK_CELLS)
    return errors


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number


def package_content(path: Path) -> str:
    """What a zip holds: 'workbook', 'archive' (files to read), 'broken', or the kind of an office document."""
    try:
        with refusing("broken_zip", *BROKEN_ZIP), zipfile.ZipFile(path) as package:
            names = set(package.namelist())
    except RefusedFile:
        return "broken"
    kinds = {"xl/workbook.xml": "workbook", "xl/workbook.bin": "xlsb", "word/document.xml": "docx"}
    kinds |= {"ppt/presentation.xml": "pptx", "content.xml": "ods"}
    return next((kind for name, kind in kinds.items() if name in names), "archive")
