"""The published figures of every month equal the planted ones."""

from __future__ import annotations

from itertools import permutations
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

if TYPE_CHECKING:
    from tests.pipeline.sample.conftest import Published

Truth = dict[str, Any]
WHOLE = "region = 'all' and segment = 'all'"
NEWEST = "2026-10"


def without_zeros(parts: dict[str, dict[str, Any]], months: Any) -> dict[str, dict[str, Any]]:
    return {month: {k: v for k, v in parts.get(month, {}).items() if v} for month in months}


def test_every_section_is_published(published: Published) -> None:
    held = [check for check in published.result.checks if check.severity == "critical" and not check.passed]
    assert held == []


# ---------------------------------------------------------------- visits


@pytest.mark.procedure("A1")
def test_visits_heads_and_contacts(published: Published, truth: Truth) -> None:
    names = ("visit_count", "head_count", "contact_left_count", "test_drive_count")
    got = published.by_month(f"select * from rpt_showroom_traffic where breakdown = 'total' and {WHOLE}")
    for month, planted in truth["visits"].items():
        assert {name: got[month][name] for name in names} == {name: planted[name] for name in names}, month


@pytest.mark.procedure("A1", "A5")
@pytest.mark.parametrize("breakdown", ["visit_order", "intent_level", "source_channel", "visit_type", "department"])
def test_visits_by_breakdown(published: Published, truth: Truth, breakdown: str) -> None:
    got = published.parts(
        "select month_start, breakdown_value as value, visit_count as number from rpt_showroom_traffic "
        f"where breakdown = ? and breakdown_value <> 'not_recorded' and {WHOLE}",
        breakdown,
    )
    planted = {month: figures[breakdown] for month, figures in truth["visits"].items()}
    assert without_zeros(got, planted) == planted


@pytest.mark.parametrize("dimension", ["region", "segment"])
def test_visits_by_region_and_segment(published: Published, truth: Truth, dimension: str) -> None:
    other = "segment" if dimension == "region" else "region"
    got = published.parts(
        f"select month_start, {dimension} as value, visit_count as number from rpt_showroom_traffic "
        f"where breakdown = 'total' and {dimension} <> 'all' and {other} = 'all'"
    )
    planted = {month: figures[dimension] for month, figures in truth["visits"].items()}
    assert without_zeros(got, planted) == planted


def test_web_sessions_without_robots_and_assets(published: Published, truth: Truth) -> None:
    got = published.parts(
        "select month_start, source_channel as value, count(*) as number from fct_web_sessions group by all"
    )
    assert got == {month: figures["source_channel"] for month, figures in truth["web_sessions"].items()}


@pytest.mark.procedure("A5")
def test_the_reconciliation_names_the_planted_mistakes_and_no_others(published: Published, truth: Truth) -> None:
    planted = [tuple(finding.values()) for finding in truth["findings"]]
    department = truth["findings"][0]["department"]
    got = [
        (f"{row['month_start']:%Y-%m}", *list(row.values())[1:])
        for row in published.rows(
            "select month_start, department, finding_code, breakdown, item, base_count, total_count "
            "from rpt_traffic_reconciliation where department = ?",
            department,
        )
    ]
    assert sorted(map(str, got)) == sorted(map(str, planted))


# ---------------------------------------------------------------- sales


@pytest.mark.procedure("B1", "B2")
def test_sales_of_every_month(published: Published, truth: Truth) -> None:
    names = ("sales_amount", "order_count", "line_count", "units_sold", "customer_count", "new_product_sales_amount")
    got = published.by_month(f"select * from rpt_monthly_sales where breakdown = 'total' and {WHOLE}")
    for month, planted in truth["sales"].items():
        assert {name: got[month][name] for name in names} == {name: planted[name] for name in names}, month


@pytest.mark.procedure("B2")
@pytest.mark.parametrize(
    ("breakdown", "name"),
    [
        ("region", "region"),
        ("channel", "channel"),
        ("segment", "segment"),
        ("product", "product_id"),
        ("product_category", "product_category"),
    ],
)
def test_sales_by_breakdown(published: Published, truth: Truth, breakdown: str, name: str) -> None:
    got = published.parts(
        "select month_start, breakdown_value as value, sales_amount as number from rpt_monthly_sales "
        f"where breakdown = ? and {WHOLE}",
        breakdown,
    )
    planted = {month: figures[f"sales_amount_by_{name}"] for month, figures in truth["sales"].items()}
    assert without_zeros(got, planted) == planted


@pytest.mark.procedure("B2")
def test_target_of_the_version_valid_at_month_start_and_the_latest(published: Published, truth: Truth) -> None:
    got = published.by_month(f"select * from rpt_monthly_sales where breakdown = 'total' and {WHOLE}")
    for month, planted in truth["targets"].items():
        assert {name: pytest.approx(value, abs=1e-8) for name, value in planted.items()} == {
            name: float(got[month][name]) for name in planted
        }, month


@pytest.mark.procedure("B2")
def test_every_version_of_a_target_and_which_one_counted(published: Published, truth: Truth) -> None:
    got: dict[str, dict[str, Any]] = {}
    for row in published.rows(f"select * from rpt_target_versions where {WHOLE}"):
        got.setdefault(f"{row['month_start']:%Y-%m}", {})[str(row["version"])] = {
            "valid_from": f"{row['valid_from']:%Y-%m-%d}",
            "target_amount": int(row["target_amount"]),
            "is_counted": row["is_counted"],
        }
    assert got == truth["target_versions"]
    assert {len(versions) for versions in got.values()} == {1, 2}


@pytest.mark.procedure("B3")
def test_penetration_by_segment(published: Published, truth: Truth) -> None:
    rows = published.rows(
        "select * from rpt_monthly_sales where breakdown = 'total' and region = 'all' and segment <> 'all'"
    )
    got = {(f"{row['month_start']:%Y-%m}", row["segment"]): row for row in rows}
    for month, segments in truth["penetration"].items():
        for segment, planted in segments.items():
            row = got[month, segment]
            assert row["own_customer_count"] == planted["own_customer_count"], (month, segment)
            assert row["market_customer_count"] == planted["market_customer_count"], (month, segment)
            assert row["penetration_rate"] == pytest.approx(planted["penetration_rate"], abs=1e-8)


@pytest.mark.procedure("F2")
def test_customers_first_and_again(published: Published, truth: Truth) -> None:
    got = published.by_month(f"select * from rpt_customers where {WHOLE}")
    for month, planted in truth["customers"].items():
        assert {name: got[month][name] for name in planted} == planted, month


# ---------------------------------------------------------------- funnel


# The step "follow_up" is of the cards: test_sample_leads.py.
@pytest.mark.procedure("A1")
@pytest.mark.parametrize("window", ["90_days", "ever"])
def test_funnel_by_month_of_the_first_visit(published: Published, truth: Truth, window: str) -> None:
    got = published.parts(
        "select month_start, step as value, lead_count as number from rpt_funnel "
        f"where step_window = ? and source_channel = 'all' and step <> 'follow_up' and {WHOLE}",
        window,
    )
    assert got == truth["funnel"][window]["by_month"]


@pytest.mark.parametrize("window", ["90_days", "ever"])
def test_funnel_by_channel(published: Published, truth: Truth, window: str) -> None:
    rows = published.rows(
        "select source_channel, step, cast(sum(lead_count) as bigint) as leads from rpt_funnel "
        f"where step_window = ? and source_channel <> 'all' and step <> 'follow_up' and {WHOLE} group by all",
        window,
    )
    got: dict[str, dict[str, int]] = {}
    for row in rows:
        got.setdefault(row["source_channel"], {})[row["step"]] = row["leads"]
    assert got == truth["funnel"][window]["by_source_channel"]


@pytest.mark.parametrize(
    ("column", "name"), [("attributed_order_count", "order_count"), ("attributed_sales_amount", "sales_amount")]
)
def test_last_touch_attribution(published: Published, truth: Truth, column: str, name: str) -> None:
    got = published.parts(
        f"select month_start, source_channel as value, {column} as number from rpt_channel_conversion "
        f"where source_channel <> 'all' and {WHOLE}"
    )
    planted = {month: {k: v for k, v in figures[name].items() if v} for month, figures in truth["attribution"].items()}
    assert without_zeros(got, planted) == planted


@pytest.mark.procedure("A2")
def test_levels_against_their_promise(published: Published, truth: Truth) -> None:
    rows = published.rows(
        "select intent_level, cast(sum(judged_count) as bigint) as judged_count, "
        "cast(sum(kept_count) as bigint) as kept_count from rpt_intent_level_calibration "
        f"where {WHOLE} and is_judged group by all"
    )
    assert {row.pop("intent_level"): row for row in rows} == truth["calibration"]


# ---------------------------------------------------------------- complaints, satisfaction


@pytest.mark.procedure("D1")
def test_complaints_against_the_24_hours(published: Published, truth: Truth) -> None:
    got = published.by_month(f"select * from rpt_complaints where breakdown = 'total' and {WHOLE}")
    names = ("received_count", "replied_in_time_count", "breached_count", "not_yet_due_count")
    for month, planted in truth["complaints"].items():
        assert {name: got[month][name] for name in names} == {name: planted[name] for name in names}, month
        assert got[month]["complaint_count"] == planted["kind"].get("complaint", 0)
        if planted["median_reply_hours"] is not None:
            assert got[month]["median_reply_hours"] == pytest.approx(planted["median_reply_hours"], abs=1e-6)


@pytest.mark.procedure("D2")
@pytest.mark.parametrize("breakdown", ["kind", "category"])
def test_complaints_by_breakdown(published: Published, truth: Truth, breakdown: str) -> None:
    got = published.parts(
        "select month_start, breakdown_value as value, received_count as number from rpt_complaints "
        f"where breakdown = ? and {WHOLE}",
        breakdown,
    )
    planted = {month: figures[breakdown] for month, figures in truth["complaints"].items()}
    assert without_zeros(got, planted) == planted


@pytest.mark.procedure("E1", "E2")
def test_satisfaction_and_response_rate(published: Published, truth: Truth) -> None:
    got = published.by_month(f"select * from rpt_satisfaction where {WHOLE}")
    counts = ("response_count", "returned_count", "invitation_delivered_count", "invitation_answered_count")
    for month, planted in truth["satisfaction"].items():
        assert {name: got[month][name] for name in counts} == {name: planted[name] for name in counts}, month
        for name in ("satisfaction_score", "net_promoter_score", "response_rate"):
            assert got[month][name] == pytest.approx(planted[name], abs=1e-6), (month, name)


@pytest.mark.procedure("E1")
def test_item_means(published: Published, truth: Truth) -> None:
    got = published.parts(
        f"select month_start, item as value, item_mean as number from rpt_satisfaction_items where {WHOLE}"
    )
    for month, planted in truth["satisfaction"].items():
        for item, mean in planted["item_means"].items():
            assert got[month][item] == pytest.approx(mean, abs=1e-6), (month, item)


@pytest.mark.procedure("E3")
def test_calls_for_corrective_action(published: Published, truth: Truth) -> None:
    rows = published.rows(
        "select month_start, trigger_code, item, count(*) as number from rpt_satisfaction_triggers "
        "where scope = 'customer' and item <> 'overall' group by all"
    )
    got = {(f"{row['month_start']:%Y-%m}", row["trigger_code"], row["item"]): row["number"] for row in rows}
    planted: dict[tuple[str, str, str], int] = {}
    for month, figures in truth["satisfaction"].items():
        planted[month, "index_below_target", "all"] = figures["triggers"]["index_below_target"]
        for item, number in figures["triggers"]["item_below_minimum"].items():
            planted[month, "item_below_minimum", item] = number
    assert got == {key: number for key, number in planted.items() if number}


@pytest.mark.procedure("E1")
def test_importance_is_what_a_regression_of_the_answers_says(published: Published) -> None:
    """Every order of the items, by least squares on the rows themselves; the whole company, the newest month."""
    items = ["technology", "quality", "service", "delivery", "price"]
    answers = published.rows(
        "select response_key, map_from_entries(list((item, item_score))) as scores from fct_survey_items"
        f" where is_valid and month_start > date '{NEWEST}-01' - to_months(12) and month_start <= date '{NEWEST}-01'"
        " group by response_key having count(*) = 6"
    )
    scores = np.array([[row["scores"][item] for item in items] for row in answers], dtype=float)
    overall = np.array([row["scores"]["overall"] for row in answers], dtype=float)

    def explained(chosen: tuple[int, ...]) -> float:
        design = np.column_stack([np.ones(len(overall)), scores[:, list(chosen)]])
        residual = overall - design @ np.linalg.lstsq(design, overall, rcond=None)[0]
        return float(1 - (residual**2).sum() / ((overall - overall.mean()) ** 2).sum())

    added = dict.fromkeys(items, 0.0)
    for order in permutations(range(5)):
        for place, item in enumerate(order):
            added[items[item]] += (explained(order[: place + 1]) - explained(order[:place])) / 120
    got = published.rows(
        "select item, response_count, item_mean, importance_share, explained_share from rpt_satisfaction_importance"
        f" where month_start = date '{NEWEST}-01' and {WHOLE}"
    )
    assert {row["response_count"] for row in got} == {len(answers)}
    assert len(answers) > 200
    whole = explained((0, 1, 2, 3, 4))
    for row in got:
        assert row["explained_share"] == pytest.approx(whole, abs=1e-6)
        assert row["importance_share"] == pytest.approx(added[row["item"]] / whole, abs=1e-6)
        assert row["item_mean"] == pytest.approx(scores[:, items.index(row["item"])].mean())
    assert sum(row["importance_share"] for row in got) == pytest.approx(1)
