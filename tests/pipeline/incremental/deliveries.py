"""Small deliveries of every source, drawn by number: the same number gives the same file.

Belongs here: rows that meet each other (few persons, orders and months, so that keys come again). Not here: in which
order files are dropped (histories.py).
"""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from pipelines.intake.contract import Contract, Property, load_contracts
from pipelines.settings import load_settings

MONTHS = range(1, 7)  # of 2026
DEPARTMENTS = ("east", "west")
MOST_ROWS = 9
SHARE_OF_BLANKS = 0.3
SHARE_OF_SLIPS = 0.04
# No date: its row is rejected, and comes back when somebody puts a date there.
SLIP = "someday"
POOLS = {
    "order_id": [f"O-{number}" for number in range(8)],
    "lead_id": [f"L-{number}" for number in range(6)],
    "customer_id": [f"C-{number}" for number in range(6)],
    "product_id": [f"P-{number}" for number in range(3)],
    "complaint_id": [f"Q-{number}" for number in range(6)],
    "invitation_id": [f"I-{number}" for number in range(6)],
    "response_id": [f"R-{number}" for number in range(8)],
    "survey_id": ["survey"],
    "phone": [f"1380000000{number}" for number in range(6)],
    "email": [f"person{number}@example.com" for number in range(4)],
    "region": ["north", "south"],
    "department": list(DEPARTMENTS),
    "client_address": ["203.0.113.5", "203.0.113.6"],
    "user_agent": ["Mozilla/5.0 (X11; Linux x86_64) Firefox/120.0", "Googlebot/2.1"],
    "path": ["/", "/product/1", "/style.css"],
    "site": ["shop"],
    "referrer": ["https://search.example.com/"],
    "line_number": ["1", "2"],
    "payment_sequence": ["1", "2"],
    "version": ["1", "2"],
    "recommend_score": [str(number) for number in range(11)],
    "printed_value": ["5", "20%"],
    "item": ["total", "web"],
    "measure": ["count", "share"],
    "parent_customer_id": [""],
}


@cache
def contracts() -> Mapping[str, Contract]:
    return load_contracts(load_settings(Path("unused")).contract_folders)


def sources() -> list[str]:
    return sorted(contracts())


def delivery(source: str, number: int) -> bytes:
    """A file of a source. A register of visits is of one department and month: it supersedes others of the same."""
    draw = random.Random(f"{source} {number}")
    contract = contracts()[source]
    month, department = draw.choice(MONTHS), draw.choice(DEPARTMENTS)
    written = io.StringIO()
    fields = contract.properties
    file = csv.DictWriter(written, [each.name for each in fields])
    file.writeheader()
    for _ in range(draw.randint(1, MOST_ROWS)):
        row = {each.name: _cell(each, month if source == "visits" else draw.choice(MONTHS), draw) for each in fields}
        if source == "visits":
            row["department"] = department
        file.writerow(row)
    return written.getvalue().encode()


def _cell(field: Property, month: int, draw: random.Random) -> str:
    if not field.required and field.name not in ("order_id", "product_id") and draw.random() < SHARE_OF_BLANKS:
        return ""
    day = f"2026-{month:02d}-{draw.randint(1, 28):02d}"
    if field.name in POOLS:
        return draw.choice(POOLS[field.name])
    if field.logicalType == "code":
        return draw.choice([each.code for each in field.codes]) if field.codes else "one"
    if field.logicalType in ("date", "timestamp") and draw.random() < SHARE_OF_SLIPS:
        return SLIP
    return {
        "date": f"2026-{month:02d}-01" if field.unit == "month" else day,
        "timestamp": f"{day} {draw.randint(0, 23):02d}:{draw.randint(0, 59):02d}:00",
        "time": f"{draw.randint(9, 18):02d}:30",
        "boolean": draw.choice(["true", "false"]),
        "integer": str(draw.randint(1, 5)),
        "number": str(draw.randint(1, 50) * 100),
        "string": f"word {draw.randint(1, 3)}",
    }[field.logicalType]
