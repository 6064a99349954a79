"""A source that fails its gates stops what is built from it, and nothing else; nobody's data is in the event log."""

from __future__ import annotations

import polars as pl

from pipelines.warehouse.publish import last_of_runs

from .conftest import MONTH, Ran, answers

# What counts complaints: their own section, quality, and return visits that lead to corrective actions.
STOPPED = {"complaints", "quality", "satisfaction"}
PUBLISHED = {
    "actions", "campaigns", "credit", "customers", "data_quality", "funnel", "leads", "market", "orders", "sales",
    "visitors",
}  # fmt: skip


def published(ran: Ran) -> set[str]:
    return {path[1] for path in ran.materialized() if path[0] == "published"}


def test_one_failed_source_stops_what_is_built_from_it_alone(ran: Ran) -> None:
    assert not ran.result.success
    assert ran.steps("STEP_FAILURE") == {"judge_complaints"}
    assert published(ran) == PUBLISHED
    built = {path[-1] for path in ran.materialized()}
    assert {"rpt_monthly_sales", "int_summary_sales", "rpt_satisfaction", "rpt_deliveries", "rpt_funnel"} <= built
    assert not {"stg_complaints", "fct_complaints", "rpt_complaints", "int_summary_complaints"} & built
    # Who is one person is known from complaints as well; that alone stops nobody.
    assert "int_emails_linked_to_phones" in built


def test_all_sources_were_taken_although_one_is_bad(ran: Ran) -> None:
    assert {("lake", "complaints"), ("lake", "sales"), ("lake", "visits")} <= ran.materialized()
    assert ran.metadata("lake", "complaints")["rows_accepted"] == 20
    assert ran.metadata("lake", "sales")["rows_read"] == 1
    assert ran.metadata("lake", "sales")["files"] == 1
    assert ran.metadata("lake", "visits")["rows_read"] == 0


def test_readers_see_new_sales_and_the_last_good_complaints_with_a_banner(ran: Ran) -> None:
    state = {
        section: (state, version, checks)
        for section, state, version, checks in answers(
            ran.after, "select section, state, good_version, failed_checks from publication_sections"
        )
    }
    assert {section for section, (name, *_) in state.items() if name == "held"} == STOPPED
    assert state["complaints"] == ("held", 1, '["complaints.mostly_replied_after_receipt"]')
    newest = int(ran.after.name)
    assert all(state[section][:2] == ("ok", newest) for section in PUBLISHED)

    same = "select * from {} order by all"
    for table in ("rpt_complaints", "rpt_complaint_pareto", "fct_complaints"):
        assert answers(ran.after, same.format(table)) == answers(ran.before, same.format(table)), table
    sales = (
        f"select sales_amount from rpt_monthly_sales where month_start = date '{MONTH}-01'"
        " and region = 'all' and segment = 'all' and breakdown = 'total'"
    )
    assert float(answers(ran.after, sales)[0][0]) - float(answers(ran.before, sales)[0][0]) == 1234567


def test_the_summary_has_fresh_rows_of_the_others_and_the_last_good_ones_of_the_failed(ran: Ran) -> None:
    rows = "select * from rpt_monthly_summary where section {} order by all"
    stopped = "= 'complaints'"
    assert answers(ran.after, rows.format(stopped)) == answers(ran.before, rows.format(stopped))
    assert answers(ran.after, rows.format("= 'sales'")) != answers(ran.before, rows.format("= 'sales'"))
    sections = "select distinct section from rpt_monthly_summary order by 1"
    assert answers(ran.after, sections) == answers(ran.before, sections)


def test_the_bad_delivery_is_among_the_receipts(ran: Ran) -> None:
    found = answers(ran.after, "select source, rows_accepted from rpt_deliveries where file_name like 'swapped%'")
    assert found == [("complaints", 20)]


def test_versions_of_one_run_count_as_one_among_those_kept(ran: Ran) -> None:
    versions = ran.settings.published / "versions"
    assert len(list(versions.glob("0*"))) > 2
    assert last_of_runs(versions, int(ran.after.name)) == [int(ran.before.name), int(ran.after.name)]


def test_metadata_says_what_was_really_done_and_as_of_when(ran: Ran) -> None:
    told = ran.metadata("rpt_monthly_sales")
    assert told["done"].startswith("whole, ")
    assert told["done"].endswith(f" rows changed; all months are as they should be, {MONTH} among them")
    assert 0 < told["rows_of_month"] < told["rows"]
    as_of = ran.tags["market_ledger/as_of"]
    assert (
        told["as_of"] == as_of == ran.metadata("published", "sales")["as_of"] == ran.metadata("lake", "sales")["as_of"]
    )
    assert ran.settings.as_of is None or as_of.startswith(ran.settings.as_of.isoformat())


def test_tests_of_models_and_gates_on_reports_are_checks(ran: Ran) -> None:
    evaluations = {
        ("/".join(each.asset_key.path), each.check_name): each for each in ran.result.get_asset_check_evaluations()
    }
    assert any(key == "rpt_monthly_sales" and name.startswith("grain") for key, name in evaluations)
    assert any(key == "published/sales" and name.startswith("rpt_monthly_sales__") for key, name in evaluations)
    swapped = evaluations["lake/complaints", "mostly_replied_after_receipt"]
    assert not swapped.passed
    assert "swapped complaints.csv" in str(swapped.metadata["detail"].value)


def test_no_personal_value_stands_in_any_event(ran: Ran) -> None:
    files = ran.settings.vault.glob("*/*.parquet")
    vault = pl.concat([pl.read_parquet(file).select("surrogate", "value") for file in files])
    values = {str(value) for value in vault["value"].drop_nulls().to_list() if len(str(value)) > 1}
    surrogates = set(vault["surrogate"].drop_nulls().to_list())
    assert "欧阳测试1" in values
    log = "\n".join(ran.events)
    assert "rows_accepted" in log
    assert "preview" in log
    assert [value for value in values if value in log] == []
    assert [each for each in surrogates if each in log] == []
