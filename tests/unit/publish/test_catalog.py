"""What the manifest says: what the leadership may see, which sections hang on which model."""

from __future__ import annotations

import pytest

from expectations.results import CheckResult
from pipelines.gates import model_checks
from pipelines.warehouse.candidate import drill_table
from pipelines.warehouse.catalog import Catalog, Column, catalog_of
from pipelines.warehouse.dbt import DbtResult, NodeResult
from pipelines.warehouse.publish import held_sections


def node(name: str, parents: tuple[str, ...] = (), kind: str = "model", **meta: object) -> dict[str, object]:
    return {
        "name": name,
        "resource_type": kind,
        "config": {"meta": meta, "severity": "ERROR"},
        "depends_on": {"nodes": list(parents)},
    }


@pytest.fixture
def catalog() -> Catalog:
    nodes = {
        "model.l.stg_visits": node("stg_visits", ("source.l.lake.visits",)),
        "model.l.fct_visits": node("fct_visits", ("model.l.stg_visits",), section="visitors", drill=True),
        "model.l.rpt_traffic": node("rpt_traffic", ("model.l.fct_visits",), section="visitors"),
        "model.l.rpt_funnel": node("rpt_funnel", ("model.l.fct_visits",), section="funnel"),
        "model.l.rpt_monthly_summary": node("rpt_monthly_summary", ("model.l.rpt_funnel",), section="summary"),
        "test.l.grain": {**node("grain", kind="test"), "attached_node": "model.l.stg_visits"},
    }
    return catalog_of({"nodes": nodes, "sources": {"source.l.lake.visits": {"name": "visits"}}})


def test_ancestors_come_nearest_first(catalog: Catalog) -> None:
    assert catalog.models["rpt_traffic"].upstream == ("fct_visits", "stg_visits")
    assert catalog.models["rpt_traffic"].sources == ("visits",)


def test_what_only_says_who_is_one_person_brings_no_source_behind_a_figure() -> None:
    nodes = {
        "model.l.stg_complaints": node("stg_complaints", ("source.l.lake.complaints",)),
        "model.l.links": node("links", ("model.l.stg_complaints",), links_people=True),
        "model.l.stg_visits": node("stg_visits", ("source.l.lake.visits",)),
        "model.l.rpt_traffic": node("rpt_traffic", ("model.l.links", "model.l.stg_visits"), section="visitors"),
    }
    sources = {f"source.l.lake.{name}": {"name": name} for name in ("complaints", "visits")}
    found = catalog_of({"nodes": nodes, "sources": sources})
    assert found.models["rpt_traffic"].upstream == ("links", "stg_visits")
    assert found.models["rpt_traffic"].sources == ("visits",)
    assert found.sections_of("stg_complaints") == ()
    assert found.sections_of("links") == ("visitors",)


def test_a_link_that_rests_on_another_link_is_built_from_all_that_both_read() -> None:
    nodes = {
        "model.l.stg_complaints": node("stg_complaints", ("source.l.lake.complaints",)),
        "model.l.links": node("links", ("model.l.stg_complaints",), links_people=True),
        "model.l.names": node("names", ("model.l.links",), links_people=True),
        "model.l.fct_visits": node("fct_visits", ("model.l.names",), section="visitors"),
    }
    found = catalog_of({"nodes": nodes, "sources": {"source.l.lake.complaints": {"name": "complaints"}}}).models
    assert found["names"].upstream == ("links", "stg_complaints")
    assert (found["names"].sources, found["fct_visits"].sources) == (("complaints",), ())


def test_a_staging_test_concerns_every_section_built_on_it(catalog: Catalog) -> None:
    assert catalog.tested["test.l.grain"] == ("stg_visits",)
    assert catalog.sections_of("stg_visits") == ("funnel", "visitors")
    assert catalog.sections_of("fct_visits") == ("visitors",)
    assert catalog.sections() == ["funnel", "visitors"], "the summary is no section of its own"


@pytest.mark.parametrize(
    ("column", "is_shown", "key_class"),
    [
        (Column("net_amount", "", None, {}), True, None),
        (Column("person_key", "", None, {}), True, "person"),
        (Column("buyer", "", None, {"surrogate": "person"}), True, "person"),
        (Column("phone_surrogate", "", None, {}), False, None),
        (Column("phone_masked", "", None, {}), False, None),
        (Column("comment_redacted", "", None, {}), False, None),
        (Column("ledger_record_key", "", None, {}), False, None),
        (Column("note", "", None, {"leadership": False}), False, None),
    ],
)
def test_what_the_leadership_may_see(column: Column, is_shown: bool, key_class: str | None) -> None:
    assert column.is_for_leadership == is_shown
    assert column.key_class == key_class


@pytest.mark.parametrize(
    ("section", "held", "before", "table"),
    [
        ("visitors", (), {}, "fct_visits"),
        ("funnel", (), {}, "fct_visits"),
        ("funnel", ("visitors",), {}, "fct_visits__funnel"),
        ("visitors", ("visitors",), {}, "fct_visits"),
        ("funnel", ("funnel",), {}, "fct_visits__funnel"),
        ("funnel", ("funnel", "visitors"), {}, "fct_visits"),
        ("funnel", ("funnel", "visitors"), {("funnel", "fct_visits"): "fct_visits__funnel"}, "fct_visits__funnel"),
    ],
)
def test_rows_of_a_fact_follow_their_section(
    catalog: Catalog, section: str, held: tuple[str, ...], before: dict[tuple[str, str], str], table: str
) -> None:
    assert drill_table(catalog, section, "fct_visits", frozenset(held), before) == table


def test_only_critical_failures_that_nobody_waived_hold_back() -> None:
    def check(name: str, passed: bool, severity: str, waived_by: str | None) -> CheckResult:
        return CheckResult(name, "report", "rpt_sales", ("sales",), severity, passed, 1, 2, "", (), waived_by)

    checks = [
        check("a", True, "critical", None),
        check("b", False, "warning", None),
        check("c", False, "critical", "finance"),
    ]
    assert held_sections(checks) == {}
    assert held_sections([*checks, check("d", False, "critical", None)]) == {"sales": ("d",)}


def test_what_is_said_once_holds_for_every_column_that_says_nothing_else() -> None:
    rate = {"unit": "percent", "numerator": "orders", "denominator": "visits", "base": "known visits"}
    report = node("rpt_traffic", section="visitors", base="entries", passport_grain=["step"])
    said = {"close_rate": rate, "close_rate_low": {"unit": "percent"}, "visit_count": {"unit": "count"}}
    said |= {"region": {"unit": "code"}, "step": {"unit": "count"}}
    report["columns"] = {name: {"name": name, "config": {"meta": meta}} for name, meta in said.items()}
    columns = catalog_of({"nodes": {"model.l.rpt_traffic": report}}).models["rpt_traffic"].columns
    assert columns["close_rate_low"].meta == rate, "a bound is of the same rate"
    assert columns["visit_count"].meta == {"unit": "count", "base": "entries"}
    assert columns["region"].meta == {"unit": "code"}, "a dimension has no base"
    assert columns["step"].meta == {"unit": "count"}, "nor has a number that names the row"


def test_common_columns_of_a_layer_are_named_once() -> None:
    common = {"month_start": {"unit": "date"}, "buyer": {"unit": "code", "surrogate": "person"}}
    fact = node("fct_visits", drill=True, common_columns=common)
    fact["columns"] = {"month_start": {"name": "month_start", "config": {"meta": {"label": "Order month"}}}}
    model = catalog_of({"nodes": {"model.l.fct_visits": fact}}).models["fct_visits"]
    assert model.column("month_start").meta == {"unit": "date", "label": "Order month"}
    assert model.column("buyer").key_class == "person", "documented or not"
    assert model.column("other").meta == {}


def test_a_generic_test_is_told_in_words() -> None:
    """The columns by their labels where they have one, by their names else."""
    column = {"config": {"meta": {"label": {"zh": "月份", "en": "Month"}}}}
    grain = {"name": "grain", "kwargs": {"columns": ["month_start", "region"]}}
    nodes = {
        "model.l.rpt_traffic": {**node("rpt_traffic", section="visitors"), "columns": {"month_start": column}},
        "test.l.grain_1": {
            **node("grain_1", ("model.l.rpt_traffic",), kind="test"),
            "attached_node": "model.l.rpt_traffic",
            "test_metadata": grain,
        },
        "test.l.own": node("own", ("model.l.rpt_traffic",), kind="test"),
    }
    ran = [
        NodeResult(key, key.rpartition(".")[2], "test", "pass", "", seconds=0.1, failures=0)
        for key in ("test.l.grain_1", "test.l.own")
    ]
    checks = model_checks(DbtResult(tuple(ran)), catalog_of({"nodes": nodes, "sources": {}}))
    told = [(check.label_zh, check.label_en) for check in checks]
    assert told == [("每组只有一行：月份、region", "One row for each: Month, region"), ("", "")]
