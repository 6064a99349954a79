"""The process that checks: beside the one that builds, or instead of it where memory is scarce."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from dataclasses import replace

import pytest

from pipelines.gates import GateWorker

from .conftest import Deliveries, Row

Complaint = Callable[..., Row]
GIGABYTE = 10**9


@pytest.mark.parametrize(("limit_bytes", "is_beside"), [(GIGABYTE, False), (4 * GIGABYTE, True)])
def test_it_lives_beside_the_other_work_only_where_there_is_memory_for_two(
    deliveries: Deliveries, complaint: Complaint, limit_bytes: int, is_beside: bool
) -> None:
    deliveries.add("swapped", "complaints", [complaint(1, 2), complaint(2, 2)])
    settings = replace(deliveries.close(), memory_limit_bytes=limit_bytes)
    before = set(multiprocessing.active_children())
    with GateWorker(settings) as gates:
        assert bool(set(multiprocessing.active_children()) - before) is is_beside
        results = gates.deliveries()
        # Whoever asked has waited for its end, or goes on beside it.
        assert bool(set(multiprocessing.active_children()) - before) is is_beside
        failed = {result.check_id for result in results.result() if not result.passed}
    assert "complaints.mostly_replied_after_receipt" in failed
    assert (settings.published / "checks" / "deliveries" / "index.html").is_file()
    assert set(multiprocessing.active_children()) == before
