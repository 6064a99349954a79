"""A real Spark cluster on loopback: a master, two workers, a Connect server, each a process of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pipelines.errors import MarketLedgerError
from pipelines.settings import load_settings
from pipelines.warehouse.engines.cluster import Cluster, cluster_down, cluster_up, find_java, find_spark

WORKERS = 2


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    settings = load_settings(tmp_path_factory.mktemp("spark"))
    try:
        find_spark()
        find_java(settings)
    except MarketLedgerError as missing:
        pytest.skip(str(missing))
    yield cluster_up(settings, WORKERS)
    cluster_down(settings)
