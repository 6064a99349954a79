"""The same company at any size: plain files by month, for benchmarks and for trying out large volumes.

Belongs here: writing large tables fast. Does not belong here: ugly layouts and planted faults (files.py), which say
the same at any size and would only slow this down.
"""

from __future__ import annotations

from pathlib import Path

from pipelines.progress import Progress
from pipelines.sample import company, tables
from pipelines.sample.events import Events
from pipelines.sample.files import FileTruth, Months, account

ALL_KINDS = ("car", "again", "fleet")


def write_bulk_files(events: Events, landing: Path, progress: Progress) -> list[FileTruth]:
    """Visits, sales, complaints and web requests a file a month; the rest in one file each."""
    landing.mkdir(parents=True, exist_ok=True)
    months = events.period.months
    accounts = write_whole_tables(events, landing)
    for number, month in enumerate(months):
        progress("demo", number, len(months))
        accounts += write_month(events, landing, (month,))
    progress("demo", len(months), len(months))
    return accounts


def write_month(events: Events, landing: Path, month: Months) -> list[FileTruth]:
    stamp = f"{month[0]:%Y-%m}"
    visits, sales = tables.visits(events, None, month), tables.sales(events, ALL_KINDS, month)
    complaints, cases = tables.complaints_zh(events, month), tables.complaints_en(events, month)
    log = tables.access_log(events, month)
    visits.write_csv(landing / f"visits_{stamp}.csv")
    sales.write_csv(landing / f"sales_{stamp}.csv")
    complaints.write_csv(landing / f"complaints_{stamp}.csv")
    cases.write_csv(landing / f"cases_{stamp}.csv")
    (landing / f"access_{stamp}.log").write_text("".join(line + "\n" for line in log), encoding="utf-8")
    written = (
        ("visits", f"visits_{stamp}.csv", visits.height),
        ("sales", f"sales_{stamp}.csv", sales.height),
        ("complaints", f"complaints_{stamp}.csv", complaints.height),
        ("complaints", f"cases_{stamp}.csv", cases.height),
        ("web_requests", f"access_{stamp}.log", len(log)),
    )
    return [account(name, source, rows) for source, name, rows in written]


def write_whole_tables(events: Events, landing: Path) -> list[FileTruth]:
    everywhere = tuple(range(len(company.SHOWROOMS)))
    whole = {
        "payments": tables.payments(events),
        "customers": tables.customers(events),
        "products": tables.products(),
        "market_size": tables.market(events),
        "survey_invitations": tables.invitations(events),
        "survey_responses": tables.responses_online(events, everywhere),
        "sales_targets": tables.targets(events, None),
    }
    for source, table in whole.items():
        table.write_parquet(landing / f"{source}.parquet")
    return [account(f"{source}.parquet", source, table.height) for source, table in whole.items()]
