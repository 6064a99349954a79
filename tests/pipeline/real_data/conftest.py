"""Files of real organisations, sent down the street through mapping files alone.

Belongs here: one folder a company (`company.yml`, `mappings/`) and its run, once a session, in a temporary data folder.
Not here: the files themselves. They lie beside the checkout, are copied from there into the temporary folder, and the
tests skip where they are absent.
"""

from __future__ import annotations

import csv
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines import street
from pipelines.intake.receipts import Receipt
from pipelines.published import folder_now
from pipelines.settings import Settings, load_settings
from pipelines.street import StreetResult

COMPANIES = Path(__file__).parent
OLIST = (
    "olist/olist_customers_dataset.csv",
    "olist/olist_order_items_dataset.csv",
    "olist/olist_order_payments_dataset.csv",
    "olist/olist_order_reviews_dataset.csv",
    "olist/olist_orders_dataset.csv",
    "olist/olist_products_dataset.csv",
)
OLIST_FUNNEL = ("olist_funnel/*.csv", "olist_broken_reviews/*.parquet")
OTHERS = ("complaints_*/*", "orders_taobao_zh/*", "gb18030_zh/*", "web_access_log/*", "sales_targets_india/*")


@dataclass(frozen=True)
class Company:
    """What a run made of a company's files."""

    settings: Settings
    result: StreetResult
    connection: duckdb.DuckDBPyConnection

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """The answer of the analysts' file."""
        return self.connection.execute(query).fetchall()

    def row(self, query: str) -> tuple[Any, ...]:
        """The one row of an answer."""
        (only,) = self.rows(query)
        return only

    def lake(self, source: str) -> str:
        """A source's accepted rows, to stand in a query: for what no report or fact carries."""
        return f"read_parquet('{self.settings.lake / source}/*.parquet', union_by_name = true)"

    def receipts(self, *words: str) -> list[Receipt]:
        """The receipts of the files in whose name one of these stands."""
        return [each for each in self.result.intake.receipts if any(word in each.file_name for word in words)]


@contextmanager
def _company(name: str, patterns: tuple[str, ...], datasets: Path, data_dir: Path) -> Iterator[Company]:
    shutil.copytree(COMPANIES / name, data_dir)
    (data_dir / "landing").mkdir()
    for pattern in patterns:
        files = sorted(datasets.glob(pattern))
        if not files:
            pytest.skip(f"the public data set {pattern} is not beside this checkout")
        for file in files:
            shutil.copy(file, data_dir / "landing" / file.name)
    settings = load_settings(data_dir)
    result = street.run(settings)
    with duckdb.connect(str(folder_now(settings) / "analysts.duckdb"), read_only=True) as connection:
        yield Company(settings, result, connection)
    shutil.rmtree(data_dir)  # hundreds of megabytes, of which a temporary folder would keep three


@pytest.fixture(scope="session")
def olist(datasets_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    """Brazilian shops: orders, lines, payments, reviews, customers."""
    with _company("olist", OLIST, datasets_dir, tmp_path_factory.mktemp("real") / "olist") as company:
        yield company


@pytest.fixture(scope="session")
def olist_funnel(datasets_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    """Leads with their origin and the deals won of them; and the reviews that a careless reader broke."""
    with _company("olist_funnel", OLIST_FUNNEL, datasets_dir, tmp_path_factory.mktemp("real") / "funnel") as company:
        yield company


@pytest.fixture(scope="session")
def others(datasets_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    """Complaints of three kinds, Chinese shop exports, GB18030 files, an access log, sales with targets."""
    with _company("others", OTHERS, datasets_dir, tmp_path_factory.mktemp("real") / "others") as company:
        yield company


@pytest.fixture(scope="session")
def published_figures(datasets_dir: Path) -> Any:
    """Reads a file of figures that others published, as dictionaries."""

    def read(name: str) -> list[dict[str, str]]:
        file = datasets_dir.parent / "reference" / name
        if not file.is_file():
            pytest.skip(f"the published figures {name} are not beside this checkout")
        with file.open(encoding="utf-8", newline="") as stream:
            return list(csv.DictReader(stream))

    return read
