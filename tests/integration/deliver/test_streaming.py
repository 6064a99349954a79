"""Tables of any size: the same rows however they are cut into batches, in memory that does not grow with them."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from pipelines.intake import perform
from pipelines.intake.read import detect, text

WHOLE = 1_000_000  # of the small files of these tests, more than all

DATES = ["2024-03-01", "2024年3月2日", "45356", "3/4/24", "坏", "", "2024-02-30", "2024-03-07 10:11:12"]
NAMES = ["王小明", "李四", "Bob Lee", "欧阳 小红", "", "赵六 "]
PHONES = ["13911112221", "+86 139-1111-2222", "拒留", "010-12345678", "", "1.39E+10", "13911112221/13911112222"]
CHANNELS = ["报纸", "电视", "没听过", "朋友", "", "Newspaper", "王小明"]
WORDS = ["王小明 13911112221 很好", "李先生要试驾", '他说""好""', "两行\n文字", "", "x", "qq: 123456789", "小红来了"]
NUMBERS = ["1,234", "1.234", "99,90", "1,234.50", "12", "3.2万", "", "(5)", "三"]


def register(random_numbers: random.Random, rows: int) -> str:
    lines = ["日期,姓名,电话,信息来源,洽谈内容,随行人数,门店"]
    for _ in range(rows):
        cells = [random_numbers.choice(each) for each in (DATES, NAMES, PHONES, CHANNELS)]
        cells += [f'"{random_numbers.choice(WORDS)}"', str(random_numbers.randint(-1, 3)), "南店"]
        if random_numbers.random() < 0.05:
            cells.append("too many")
        lines.append(",".join(cells))
        if random_numbers.random() < 0.02:
            lines.append(random_numbers.choice(["", ",,,,,,", "合计,,,,,12,", lines[0]]))
    return "\n".join(lines) + "\n"


def order_lines(random_numbers: random.Random, rows: int) -> str:
    """Some without line numbers, which are counted; amounts with commas of either meaning."""
    numbers = NUMBERS if random_numbers.random() < 0.5 else [each for each in NUMBERS if each != "1,234.50"]
    lines = ["订单编号,行号,下单时间,数量,金额"]
    for _ in range(rows):
        order = f"A{random_numbers.randint(1, rows // 3)}"
        place = random_numbers.choice(["", "7"]) if random_numbers.random() < 0.1 else "3"
        amount = random_numbers.choice(numbers) if random_numbers.random() < 0.1 else "12.5"
        lines.append(f'{order},{place},2024-03-01,1,"{amount}"')
    return "\n".join(lines) + "\n"


@pytest.fixture
def cut_into(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    def cut(chunk_bytes: int) -> None:
        monkeypatch.setattr(text, "CHUNK_BYTES", chunk_bytes)
        monkeypatch.setattr(detect, "CHUNK_BYTES", chunk_bytes)

    return cut


def taken(company: Any, contents: dict[str, bytes]) -> dict[str, list[tuple[object, ...]]]:
    """Every row that intake wrote. The vault is a list to look things up in: a person may stand in it twice."""
    for name, content in contents.items():
        company.drop(name, content)
    company.run()
    tables = company.tables()
    return {name: sorted(set(rows)) if name.startswith("vault/") else rows for name, rows in tables.items()}


@pytest.mark.parametrize("seed", range(4))
def test_batches_of_any_size_give_the_same_rows(
    make_company: Callable[[], Any], cut_into: Callable[[int], None], seed: int
) -> None:
    random_numbers = random.Random(seed)
    contents = {
        "register.csv": register(random_numbers, 120).encode(),
        "register_gbk.csv": register(random_numbers, 60).encode("gb18030"),
        "lines.csv": order_lines(random_numbers, 150).encode(),
    }
    cut_into(WHOLE)
    whole = taken(make_company(), contents)
    assert sum(len(rows) for name, rows in whole.items() if name.startswith(("lake/visits", "lake/sales"))) > 50
    assert any(name.startswith("quarantine/visits") for name in whole)
    for chunk_bytes in (random_numbers.randint(200, 1_000), random_numbers.randint(1_000, 6_000)):
        cut_into(chunk_bytes)
        assert taken(make_company(), contents) == whole


def test_steps_that_work_ahead_change_nothing(
    make_company: Callable[[], Any], cut_into: Callable[[int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    contents = {"register.csv": register(random.Random(9), 300).encode()}
    cut_into(2_000)
    together = make_company()
    taken(together, contents)
    one_by_one = make_company()
    monkeypatch.setattr(perform, "ahead", lambda items: iter(items))
    taken(one_by_one, contents)
    assert one_by_one.tables() == together.tables()


def test_what_the_end_of_a_table_says_about_its_commas_holds_from_its_beginning(
    make_company: Callable[[], Any], cut_into: Callable[[int], None]
) -> None:
    """1,234 in the first batch is doubtful because of 99,90 in the last one."""
    rows = ['A1,1,2024-03-01,1,"1,234"', *(f"B{n},1,2024-03-01,1,5" for n in range(200)), 'C1,1,2024-03-01,1,"99,90"']
    content = "\n".join(["订单编号,行号,下单时间,数量,金额", *rows, ""]).encode()
    cut_into(500)
    company = make_company()
    taken(company, {"lines.csv": content})
    refused = pl.read_parquet(company.settings.quarantine / "sales" / "*.parquet")
    assert refused.select("ledger_row_number", "reason_codes").rows() == [
        (2, ["decimal_comma"]),
        (203, ["decimal_comma"]),
    ]


INTAKE = """
import resource, sys
from datetime import datetime
from pathlib import Path
from pipelines.intake.deliver import take_deliveries
from pipelines.intake.read import detect, text
from pipelines.settings import Settings
text.CHUNK_BYTES = detect.CHUNK_BYTES = 512 * 1024
settings = Settings(data_dir=Path(sys.argv[1]), key_file=Path(sys.argv[1]) / "key")
receipt, = take_deliveries(settings, datetime(2024, 4, 30)).receipts
print(receipt.rows_accepted, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def visits(rows: int) -> Iterator[str]:
    yield "日期,姓名,电话,信息来源,洽谈内容,门店\n"
    for number in range(rows):
        phone = 13_000_000_000 + number * 7919 % 1_000_000_000
        yield f"2024-03-{number % 28 + 1:02d},王{number % 977},{phone},报纸,第{number}次来看车,南店\n"


def peak_kib(folder: Path, encoding: str, rows: int) -> int:
    landing = folder / "landing"
    landing.mkdir(parents=True)
    with (landing / "visits.csv").open("w", encoding=encoding) as stream:
        stream.writelines(visits(rows))
    ran = subprocess.run(
        [sys.executable, "-c", INTAKE, str(folder)], check=True, capture_output=True, text=True, env={**os.environ}
    )
    accepted, peak = map(int, ran.stdout.split())
    assert accepted == rows
    return peak


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_memory_does_not_grow_with_the_file(tmp_path: Path, encoding: str) -> None:
    small = peak_kib(tmp_path / "small", encoding, 30_000)
    large = peak_kib(tmp_path / "large", encoding, 300_000)
    assert large < 1.2 * small
