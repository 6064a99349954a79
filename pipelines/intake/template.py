"""The blank workbook of a contract, which a department fills in and intake reads without a mapping.

Belongs here: writing that workbook. Not here: what a field is (contracts) and how the workbook is known again
(technical.py). Its example row carries a mark that names its own cells: unchanged it is skipped, written over
it is reported, never lost in silence.
"""

from __future__ import annotations

import re
from datetime import date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.intake.contract import Contract, Property
from pipelines.intake.lake import aside
from pipelines.intake.technical import EXAMPLE_MARK, NOTES_MARK, example_mark
from pipelines.texts import text

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

ROWS_WITH_DROP_DOWN = 5_000
_LONGEST_SHEET_NAME = 31

_NUMBER_FORMATS = {
    "integer": "0",
    "number": "#,##0.00##",
    "date": "yyyy-mm-dd",
    "timestamp": "yyyy-mm-dd hh:mm:ss",
    "time": "hh:mm:ss",
}
# An example is somebody nobody is: a number range that is not given out, a reserved domain and address block.
_PERSONAL_EXAMPLES: dict[str, dict[str, str]] = {
    "name": {"zh": "张三", "en": "Jane Doe"},
    "phone": {"zh": "13800001234", "en": "13800001234"},
    "email": {"zh": "name@example.com", "en": "name@example.com"},
    "address": {"zh": "示例路1号", "en": "1 Example Road"},
    "network": {"zh": "192.0.2.1", "en": "192.0.2.1"},
    "identity": {"zh": "110101199001010015", "en": "110101199001010015"},
}
_EXAMPLES: dict[str, Any] = {
    "integer": 1,
    "number": 1,
    "date": date(2024, 3, 5),
    "timestamp": datetime(2024, 3, 5, 14, 30, 0),
    "time": time(14, 30, 0),
}


def write_template(contract: Contract, language: str, path: Path) -> Path:
    """Write the workbook; a file of that name is replaced only when the new one is whole."""
    import xlsxwriter

    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = aside(path)
    with xlsxwriter.Workbook(temporary) as workbook:
        entry = workbook.add_worksheet(_sheet_name(getattr(contract.businessName, language)))
        lists = _Lists(workbook, text("template.lists_sheet", language))
        _write_entry(workbook, entry, lists, contract, language)
        _write_notes(workbook, contract, language)
        lists.place_last()
    temporary.replace(path)
    return path


def template_name(contract: Contract, language: str) -> str:
    return f"{getattr(contract.businessName, language)}.xlsx"


def example_value(field: Property, language: str) -> Any:
    """What the example row shows for a field: a value that the contract accepts."""
    if field.logicalType == "code" and field.codes:
        return getattr(field.codes[0].label, language)
    if field.logicalType == "boolean":
        return text("template.yes", language)
    if field.classification in _PERSONAL_EXAMPLES:
        return _PERSONAL_EXAMPLES[field.classification][language]
    if field.logicalType in _EXAMPLES:
        value = _EXAMPLES[field.logicalType]
        if field.logicalType in ("integer", "number") and field.minimum is not None:
            return max(value, field.minimum)
        return value
    shown = (*field.examples, text("template.example_text", language), "1")
    return next(each for each in shown if not field.pattern or re.search(field.pattern, each))


class _Lists:
    """The hidden sheet that the drop-downs take their entries from: a formula holds 255 characters at most."""

    def __init__(self, workbook: Workbook, name: str) -> None:
        self._workbook, self._name = workbook, name
        self._columns: list[list[str]] = []

    def add(self, entries: list[str]) -> str:
        """The range that a drop-down refers to."""
        if entries not in self._columns:
            self._columns.append(entries)
        column = _column_letters(self._columns.index(entries) + 1)
        return f"='{self._name}'!${column}$2:${column}${len(entries) + 1}"

    def place_last(self) -> None:
        sheet = self._workbook.add_worksheet(self._name)
        sheet.write_string(0, 0, NOTES_MARK)
        for column, entries in enumerate(self._columns, start=1):
            sheet.write_string(0, column, f"{NOTES_MARK}_{column}")
            for row, entry in enumerate(entries, start=1):
                sheet.write_string(row, column, entry)
        sheet.hide()


def _write_entry(workbook: Workbook, sheet: Worksheet, lists: _Lists, contract: Contract, language: str) -> None:
    fields = contract.properties
    styles = _Styles(workbook)
    for column, field in enumerate(fields):
        header = getattr(field.businessName, language)
        sheet.write_string(0, column, header, styles.required if field.required else styles.header)
        sheet.write_comment(0, column, _comment(field, language), {"x_scale": 2, "y_scale": 1.5})
        sheet.set_column(column, column, max(12, _width(header) + 4), styles.cells(field))
        choices = _choices(field, language)
        if choices:
            sheet.data_validation(1, column, ROWS_WITH_DROP_DOWN, column, _drop_down(lists, field, choices, language))
        _write_example(sheet, column, example_value(field, language), styles.example(field))
    sheet.write_string(0, len(fields), EXAMPLE_MARK, styles.technical)
    mark = example_mark(_as_read(example_value(field, language)) for field in fields)
    sheet.write_string(1, len(fields), mark, styles.technical)
    sheet.write_comment(1, len(fields), text("template.example_mark", language))
    sheet.set_column(len(fields), len(fields), 16)
    sheet.freeze_panes(1, 0)


def _write_example(sheet: Worksheet, column: int, value: Any, style: Format) -> None:
    if isinstance(value, datetime | date | time):
        sheet.write_datetime(1, column, value, style)
    elif isinstance(value, int | float):
        sheet.write_number(1, column, value, style)
    else:
        sheet.write_string(1, column, value, style)


def _write_notes(workbook: Workbook, contract: Contract, language: str) -> None:
    """How to fill the workbook in, as a table that intake knows not to read."""
    sheet = workbook.add_worksheet(text("template.notes_sheet", language))
    bold = workbook.add_format({"bold": True, "bottom": 1})
    wrap = workbook.add_format({"text_wrap": True, "valign": "top"})
    headings = ("field", "description", "unit", "required", "codes")
    sheet.write_string(0, 0, NOTES_MARK, workbook.add_format({"font_color": "#AAAAAA", "bottom": 1}))
    for column, heading in enumerate(headings, start=1):
        sheet.write_string(0, column, text(f"template.heading_{heading}", language), bold)
    purpose = getattr(contract.description.purpose, language)
    rows = [(getattr(contract.businessName, language), purpose, "", "", "")]
    rows += [(text("template.how", language), text("template.how_to_fill_in", language), "", "", "")]
    rows += [_note_row(field, language) for field in contract.properties]
    for row, cells in enumerate(rows, start=1):
        sheet.write_number(row, 0, row)
        for column, cell in enumerate(cells, start=1):
            sheet.write_string(row, column, cell, wrap)
    sheet.set_column(0, 0, 4)
    sheet.set_column(1, 1, 20)
    sheet.set_column(2, 2, 60)
    sheet.set_column(3, 4, 12)
    sheet.set_column(5, 5, 60)


def _note_row(field: Property, language: str) -> tuple[str, str, str, str, str]:
    codes = "、" if language == "zh" else ", "
    return (
        getattr(field.businessName, language),
        getattr(field.description, language) if field.description else "",
        _unit(field, language),
        _requirement(field, language),
        codes.join(getattr(code.label, language) for code in field.codes),
    )


def _comment(field: Property, language: str) -> str:
    lines = [_requirement(field, language), text(f"template.types.{field.logicalType}", language)]
    if field.description:
        lines.insert(0, getattr(field.description, language))
    if unit := _unit(field, language):
        lines.append(text("template.unit", language, unit=unit))
    return "\n".join(lines)


def _requirement(field: Property, language: str) -> str:
    level = "required" if field.required else "expected" if field.expected else "optional"
    return text(f"template.{level}", language)


def _unit(field: Property, language: str) -> str:
    if not field.unit:
        return ""
    known = text("template.known_units", language).split()
    return text(f"template.units.{field.unit}", language) if field.unit in known else field.unit


def _choices(field: Property, language: str) -> list[str]:
    if field.logicalType == "boolean":
        return [text("template.yes", language), text("template.no", language)]
    return [getattr(code.label, language) for code in field.codes]


def _drop_down(lists: _Lists, field: Property, choices: list[str], language: str) -> dict[str, Any]:
    """A list of codes. Where other values are allowed, Excel only mentions that the value is new."""
    return {
        "validate": "list",
        "source": lists.add(choices),
        "error_type": "information" if field.openCodes else "stop",
        "error_title": text("template.not_in_list_title", language),
        "error_message": text("template.not_in_list", language),
    }


class _Styles:
    """The formats of the entry sheet, each made once."""

    def __init__(self, workbook: Workbook) -> None:
        self._workbook = workbook
        self.header = workbook.add_format({"bold": True, "bg_color": "#E8EDF3", "border": 1})
        self.required = workbook.add_format({"bold": True, "bg_color": "#F7D9B0", "border": 1})
        self.technical = workbook.add_format({"font_color": "#AAAAAA", "italic": True})
        self._made: dict[tuple[str, bool], Format] = {}

    def cells(self, field: Property) -> Format:
        return self._format(_NUMBER_FORMATS.get(field.logicalType, "@"), is_example=False)

    def example(self, field: Property) -> Format:
        return self._format(_NUMBER_FORMATS.get(field.logicalType, "@"), is_example=True)

    def _format(self, number_format: str, is_example: bool) -> Format:
        key = (number_format, is_example)
        if key not in self._made:
            look = {"font_color": "#888888", "italic": True} if is_example else {}
            self._made[key] = self._workbook.add_format({"num_format": number_format, **look})
        return self._made[key]


def _as_read(value: Any) -> str:
    """A written cell as the reader hands it on."""
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    return value.isoformat() if isinstance(value, date | time) else str(value)


def _sheet_name(title: str) -> str:
    return re.sub(r"[\[\]:*?/\\']", " ", title)[:_LONGEST_SHEET_NAME].strip()


def _width(header: str) -> int:
    """Columns of a spreadsheet count half-width characters; Chinese ones take two."""
    return sum(2 if ord(character) > 0x2E7F else 1 for character in header)


def _column_letters(index: int) -> str:
    from xlsxwriter.utility import xl_col_to_name

    return str(xl_col_to_name(index))
