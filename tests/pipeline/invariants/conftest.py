"""A small company whose deliveries are late, corrected, repeated, refused and returned, sent down the street once."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import openpyxl
import pytest

from pipelines.intake.deliver import take_deliveries
from pipelines.intake.returns import returns
from pipelines.progress import silent
from pipelines.sample.demo import write_demo
from pipelines.settings import load_settings

from .runs import AS_OF, Company, Delivery, Finished, Streets, drop, open_streets
from .tables import Tables, tables_of

MONTHS, VISITS_PER_MONTH = 3, 20  # the fewest with which every source has rows


@dataclass(frozen=True)
class Undisturbed:
    """The data folder that took everything in one run, and what it holds."""

    data: Path
    finished: Finished
    tables: Tables


@pytest.fixture(scope="session")
def streets(project_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Streets]:
    for streets in open_streets(project_dir):
        streets.parse(tmp_path_factory.mktemp("parsed"))
        yield streets


@pytest.fixture(scope="session")
def company(tmp_path_factory: pytest.TempPathFactory) -> Company:
    """The sample company, small, with everything that may happen to deliveries.

    Its own files hold refused ones, a corrected register and a copy under another name. Added are a workbook of
    rejected rows that came back corrected, a return to the register before its correction, and that correction again.
    """
    root = tmp_path_factory.mktemp("company")
    data = root / "data"
    data.mkdir()
    write_demo(load_settings(data), MONTHS, VISITS_PER_MONTH, silent)
    sent = root / "sent"
    (data / "landing").rename(sent)
    made = Company(data, [Delivery(str(path.relative_to(sent)), path) for path in sorted(sent.rglob("*"))])
    register, correction = (
        next(each for each in made.deliveries if "北京展厅_来店" in each.name and ("更正" in each.name) is corrected)
        for corrected in (False, True)
    )
    late = next(each for each in made.deliveries if "销售目标_第1版" in each.name)
    made.deliveries.remove(late)
    returned = returned_and_corrected(made, register, root / "asking")
    made.deliveries += [
        Delivery("更正后退回.xlsx", returned),
        Delivery(register.name.replace(".xlsx", "_原样.xlsx"), register.file),
        late,
        Delivery(correction.name.replace(".xlsx", "_再次.xlsx"), correction.file),
    ]
    return made


def returned_and_corrected(company: Company, register: Delivery, data: Path) -> Path:
    """What `market-ledger returns` writes for a register, each cell that it complains of put right."""
    settings = load_settings(company.folder(data))
    drop(data, [register])
    take_deliveries(settings, datetime.fromisoformat(AS_OF))
    (back,) = returns(settings)
    book = openpyxl.load_workbook(back.path)
    sheet = book.active
    heading = {str(cell.value): cell.column for cell in sheet[1]}
    for row in range(2, sheet.max_row + 1):
        day = sheet.cell(row, heading["日期"])
        if "日" not in str(day.value)[-1:] or "30日" in str(day.value):
            day.value = "2026年10月28日"
        sheet.cell(row, heading["信息来源"]).value = "网络"
    target = data.with_name("corrected.xlsx")
    book.save(target)
    shutil.copystat(register.file, target)
    return target


@pytest.fixture(scope="session")
def undisturbed(company: Company, streets: Streets, tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    data = company.folder(tmp_path_factory.mktemp("undisturbed") / "data")
    drop(data, company.deliveries)
    finished = streets.run(data)
    return Undisturbed(data, finished, tables_of(data))
