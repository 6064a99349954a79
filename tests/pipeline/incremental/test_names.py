"""A link by name and company that appears, changes and disappears again: what follows it equals one whole build."""

from __future__ import annotations

from pathlib import Path

import duckdb

from .histories import Company, differences, rebuilt

VISITS = """\
visited_date,visitor_name,company_name,phone,department,visit_order
2026-03-05,Wei,Xinyuan,,east,
2026-03-01,Qian,Tianhe,13800000009,east,
2026-03-02,Wei,Xinyuan,,east,second
"""
ORDERS = "order_id,ordered_at,customer_name,company_name\nN-1,2026-03-20 10:00:00,Wei,Xinyuan\n"
COMPLAINTS = "complaint_id,received_at,customer_name,company_name,category\nN-2,2026-03-25 10:00:00,Wei,Xinyuan,price\n"
VISIT_OF_PERSON = "visited_date,visitor_name,phone,department\n2026-02-01,Wei,13800000001,west\n"
NAMES = "contact_id,company_name,contact_name,phone,customer_id,identity_decision,decided_by\n"
FIRST, SECOND = "K-1,Xinyuan,Wei,13800000001,C-1,{},Zhu\n", "K-2,Xinyuan,Wei,13800000002,,{},Zhu\n"
FACTS = ("fct_visits", "fct_orders", "fct_complaints")


def land(company: Company, number: int, **files: str) -> None:
    for source, text in files.items():
        (company.settings.landing / f"{number}_{source}.csv").write_text(text, "utf-8")
    company.run()


def links(company: Company) -> list[tuple[str, int, int]]:
    """Of the rows under the name alone: the ground, how many persons and how many rows; the same in every fact."""
    with duckdb.connect(str(company.settings.warehouse_file), read_only=True) as connection:
        rows = " union all ".join(
            f"select identity_basis, person_key from {fact} where identity_basis not in ('phone', 'none')"
            for fact in FACTS
        )
        found = f"select identity_basis, count(distinct person_key), count(*) from ({rows}) group by 1 order by 1"
        return connection.execute(found).fetchall()


def test_a_link_by_name_appears_changes_and_disappears(tmp_path: Path) -> None:
    company = Company.founded(tmp_path / "company")
    (company.settings.rules / "thresholds.csv").write_text("rule_id,value\nidentity_link_confidence,0.05\n", "utf-8")
    company.everything()
    land(company, 1, visits=VISITS, orders=ORDERS, complaints=COMPLAINTS)
    before = links(company)

    land(company, 2, customer_contacts=NAMES + FIRST.format(""), visits=VISIT_OF_PERSON)
    assert ("name_and_company", 1, 4) in links(company)
    said = {node.name: node.message for node in company.results[-1].nodes}
    assert all("keys touched" in said[fact] for fact in FACTS)
    assert differences(company.settings, rebuilt(company, tmp_path / "appeared")) == []

    land(company, 3, customer_contacts=NAMES + SECOND.format("same"))
    assert ("decision", 1, 4) in links(company)
    assert differences(company.settings, rebuilt(company, tmp_path / "decided")) == []

    land(company, 4, customer_contacts=NAMES + FIRST.format("apart") + SECOND.format("apart"))
    assert links(company) == before
    assert differences(company.settings, rebuilt(company, tmp_path / "parted")) == []
