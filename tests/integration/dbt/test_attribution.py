"""Attribution against a published set of paths, from rows of two books to the report."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, timedelta

import pytest

from pipelines.warehouse.dbt import build

from .conftest import Delivery, NewCompany, TinyCompany, sale

pytestmark = pytest.mark.procedure("B7")

# "Data-driven marketing attribution", towardsdatascience.com/data-driven-marketing-attribution-1a28d2e613a0: of a hundred conversions, how many came by
# each set of channels; the value of a set is what came by it or a part of it. Printed: Facebook 0.450, Google 0.215,
# LinkedIn 0.335.
CONVERSIONS = {
    ("facebook",): 18,
    ("google",): 4,
    ("linkedin",): 8,
    ("facebook", "google"): 10,
    ("facebook", "linkedin"): 26,
    ("google", "linkedin"): 7,
    ("facebook", "google", "linkedin"): 27,
}
PRINTED = {"facebook": 0.450, "google": 0.215, "linkedin": 0.335}
ORDERED = date(2025, 3, 10)


@pytest.fixture(scope="module")
def company(new_company: NewCompany) -> TinyCompany:
    """A hundred leads, each with one order and a visit by each channel of its set on the days before."""
    paths = [channels for channels, count in CONVERSIONS.items() for _ in range(count)]
    visits = [
        {
            "lead_id": f"L{lead}",
            "visited_date": ORDERED - timedelta(days=len(channels) - place),
            "source_channel": channel,
            "ledger_record_key": f"{lead}|{place}",
        }
        for lead, channels in enumerate(paths)
        for place, channel in enumerate(channels)
    ]
    orders = [sale(f"O{lead}", ORDERED, 1000, lead_id=f"L{lead}") for lead in range(len(paths))]
    made = new_company("attribution_company")
    made.write([Delivery("visits", "visits", 1, visits), Delivery("sales", "sales", 2, orders)], datetime(2025, 3, 31))
    assert build(made.settings, select="+rpt_attribution").failed == ()
    return made


def credited(company: TinyCompany, model: str) -> dict[str, tuple[float, float]]:
    """Share of the orders and of the sales by channel."""
    rows = company.rows(
        """select source_channel, credited_orders / 100, credited_amount / 100000 from rpt_attribution
        where attribution_model = ? and source_channel <> 'all' and region = 'all' and segment = 'all'""",
        model,
    )
    return {channel: (float(orders), float(amount)) for channel, orders, amount in rows}


def test_shapley_values_as_published(company: TinyCompany) -> None:
    shares = credited(company, "shapley")
    assert shares.keys() == PRINTED.keys()
    for channel, printed in PRINTED.items():
        assert shares[channel] == pytest.approx((printed, printed), abs=5e-6), channel


def test_the_other_side_of_each_path_by_hand(company: TinyCompany) -> None:
    """First and last touch are counts of the paths that begin and end with a channel."""
    for model, place in (("first_touch", 0), ("last_touch", -1)):
        ends: Counter[str] = Counter()
        for channels, count in CONVERSIONS.items():
            ends[channels[place]] += count
        assert {channel: round(100 * share) for channel, (share, _) in credited(company, model).items()} == ends
