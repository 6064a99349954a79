"""Leads by origin against the published table; reviews that a careless reader broke into pieces."""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from tests.pipeline.real_data.conftest import Company

Figures = Callable[[str], list[dict[str, str]]]


def _printed(value: Any, places: str) -> str:
    return str(Decimal(repr(float(value))).quantize(Decimal(places), ROUND_HALF_UP))


def test_funnel_by_origin(olist_funnel: Company, published_figures: Figures) -> None:
    """Every origin is a channel of its own; no origin is another thing than the origin `unknown`."""
    reported = {
        origin: (str(leads), str(won), _printed(100 * won / leads, "0.01"), _printed(days, "0.1"))
        for origin, leads, won, days in olist_funnel.rows(
            """select source_channel, sum(all_lead_count), sum(lead_count),
                sum(mean_days_from_first * recorded_count) / sum(recorded_count)
            from rpt_funnel
            where region = 'all' and segment = 'all' and step = 'order' and step_window = 'ever'
                and source_channel <> 'all'
            group by source_channel"""
        )
    }
    published = {
        each["origin"].replace("NULL", "not_recorded"): (
            each["total_leads"],
            each["won_deals"],
            each["conv_rate_pct"],
            each["avg_days_to_close"],
        )
        for each in published_figures("olist_funnel_by_origin.csv")
    }
    assert reported == published


def test_the_window_of_ninety_days_leaves_out_late_wins(olist_funnel: Company) -> None:
    """842 of 8,000 ever; 150 of them later than 90 days, and one two days before its first contact."""
    by_window = {
        window: (leads, won, early)
        for window, leads, won, early in olist_funnel.rows(
            """select step_window, sum(all_lead_count), sum(lead_count), sum(out_of_order_count) from rpt_funnel
            where region = 'all' and segment = 'all' and step = 'order' and source_channel = 'all' group by 1"""
        )
    }
    assert by_window == {"ever": (8_000, 842, 1), "90_days": (8_000, 692, 1)}


@pytest.mark.procedure("B7")
def test_attribution_of_deals_to_origins(olist_funnel: Company, datasets_dir: Path) -> None:
    """One contact before each deal: eight models agree with a join of the two files; the rest stays unattributed."""
    files = datasets_dir / "olist_funnel"
    expected = duckdb.sql(
        f"""select coalesce(case when cast(won_date as date) - first_contact_date between 0 and 90
                then coalesce(origin, 'not_recorded') end, 'unattributed') as source_channel, count(*)
        from read_csv('{files / "olist_closed_deals_dataset.csv"}')
        join read_csv('{files / "olist_marketing_qualified_leads_dataset.csv"}') using (mql_id)
        group by 1"""
    ).fetchall()
    assert dict(expected)["unattributed"] == 150 + 1, "too late, and dated before the first contact"
    reported: dict[str, dict[str, int]] = {}
    for model, channel, deals in olist_funnel.rows(
        """select attribution_model, source_channel, sum(credited_orders) from rpt_attribution
        where region = 'all' and segment = 'all' and source_channel <> 'all' group by all having sum(credited_orders) > 0"""
    ):
        reported.setdefault(model, {})[channel] = deals
    assert len(reported) == 8
    assert all(channels == dict(expected) for channels in reported.values())


def test_pieces_of_comments_are_rejected(olist_funnel: Company) -> None:
    """A row counts by its two numbers and its score; a missing or unreadable time is a warning."""
    receipts = olist_funnel.receipts("part-")
    assert len(receipts) == 4
    assert sum(each.rows_read for each in receipts) == 104_162
    assert sum(each.rows_accepted for each in receipts) == 99_224
    assert sum(each.rows_rejected for each in receipts) == 4_938
    assert sum(each.rows_waiting for each in receipts) == 0
    accepted, keys, untimed, warned = olist_funnel.row(
        f"""select count(*), count(distinct ledger_record_key), count(*) filter (where answered_at is null),
            count(*) filter (where answered_at is null and ledger_warnings is not null)
        from {olist_funnel.lake("survey_responses")}"""
    )
    assert (accepted, keys, untimed, warned) == (99_224, 99_224, 3_870, 3_870)
    assert olist_funnel.row("select count(*), sum(overall_score) from fct_survey_responses")[0] == 99_224


def test_every_rejected_piece_has_a_reason(olist_funnel: Company) -> None:
    """And no words of a comment stand open in the quarantine's reasons."""
    files = (olist_funnel.settings.quarantine / "survey_responses").glob("*.parquet")
    pieces = pl.concat([pl.read_parquet(file) for file in files]).filter(status="rejected")
    assert pieces.height == 4_938
    assert pieces.filter(pl.col("reason_codes").list.len() == 0).is_empty()
    assert set(pieces["reason_codes"].explode()) <= {"pattern_mismatch", "missing_required", "unknown_code"}


def test_nothing_printed_contradicts_nothing(olist_funnel: Company) -> None:
    """Leads without a level are a finding; the check on printed figures has nothing to say where none were printed."""
    findings = olist_funnel.rows("select distinct finding_code from rpt_traffic_reconciliation")
    assert findings == [("parts_below_total",)]
    (check,) = [each for each in olist_funnel.result.checks if each.check_id.endswith(".printed_figures_agree")]
    assert check.passed
