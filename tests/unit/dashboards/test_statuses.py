"""Whatever state a delivery ends in, the page of data quality has a word for it."""

import pytest

from dashboards.context import text
from pipelines.intake.receipts import STATUSES


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_state_of_a_delivery_has_a_word(language: str) -> None:
    words = [text(language, f"receipt_status.{status}") for status in STATUSES]
    assert len(set(words)) == len(STATUSES)
