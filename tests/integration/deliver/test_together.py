"""Small files understood together: the same rows as when nothing that one file taught is known for another."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

import pytest

from pipelines.intake import deliver, together
from pipelines.intake.columns import Lexicon
from pipelines.intake.plan import Plan
from pipelines.intake.read import RawTable
from tests.integration.deliver.conftest import Company
from tests.integration.deliver.test_streaming import order_lines, register


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """From then on every delivery is understood by itself."""

    def nothing(group: Sequence[together.Pending], lexicons: together.Lexicons) -> list[RawTable | None]:
        return [None] * len(group)

    def of(lexicons: together.Lexicons, chosen: Plan) -> Lexicon:
        return Lexicon()

    def switch() -> None:
        monkeypatch.setattr(deliver, "learn", nothing)
        monkeypatch.setattr(together.Lexicons, "of", of)

    return switch


def written(company: Company, files: dict[str, bytes]) -> dict[str, list[tuple[object, ...]]]:
    for name, content in files.items():
        company.drop(name, content)
    company.run()
    return company.tables()


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("most_rows", [20_000, 25])
def test_files_give_the_same_rows_together_and_alone(
    make_company: Callable[[], Company],
    alone: Callable[[], None],
    monkeypatch: pytest.MonkeyPatch,
    seed: int,
    most_rows: int,
) -> None:
    numbers = random.Random(seed)
    files = {f"访客{number}.csv": register(numbers, 12).encode() for number in range(6)}
    files |= {f"销售{number}.csv": order_lines(numbers, 30).encode() for number in range(6)}
    files["again.csv"] = files["访客2.csv"]
    files["cut off.zip"] = b"PK\x03\x04 and no more"
    monkeypatch.setattr(together, "MOST_REMEMBERED", most_rows)
    both = written(make_company(), files)
    alone()
    assert both == written(make_company(), files)


def test_an_amount_means_what_the_commas_of_its_own_file_say(company: Company) -> None:
    lines = "订单编号,行号,下单时间,数量,金额\n{order},1,2024-03-01,1,{amount}\n{order},2,2024-03-01,1,{other}\n"
    company.drop("plain.csv", lines.format(order="A1", amount="1.234", other="12.5").encode())
    company.drop("commas.csv", lines.format(order="A2", amount="1.234", other='"99,90"').encode())
    company.drop("plain again.csv", lines.format(order="A3", amount="1.234", other="7").encode())
    company.run()
    amounts = {(row["order_id"], row["line_number"]): str(row["amount"]) for row in company.current("sales").to_dicts()}
    # Beside 99,90 a 1.234 may be a thousand: both rows of that file are sent back, the other files' are not.
    assert amounts == {("A1", 1): "1.2340", ("A1", 2): "12.5000", ("A3", 1): "1.2340", ("A3", 2): "7.0000"}
