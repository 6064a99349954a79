"""Rules are data: each row says where it comes from, and their codes are those that files are read into."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest

from dashboards.context import strings
from dashboards.formatting import Language
from pipelines.intake.contract import Contract, load_contracts

PROJECT = Path(__file__).resolve().parents[2]
SEEDS = sorted((PROJECT / "dbt_project" / "seeds").glob("*.csv"))
# Days off are the state's, not a rule of anybody here: each row names the version of the calendar that says so.
CALENDARS = {"working_calendar": "calendar_version", "spring_festivals": "calendar_version"}
CHINESE = re.compile(r"[\u4e00-\u9fff]")
Row = dict[str, str]


def rows(name: str) -> list[Row]:
    with (PROJECT / "dbt_project" / "seeds" / f"{name}.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def by_key(name: str) -> dict[str, Row]:
    return {next(iter(row.values())): row for row in rows(name)}


@pytest.fixture(scope="module")
def codes() -> dict[str, set[str]]:
    """Code list -> its codes, as the contracts have them."""
    contracts: dict[str, Contract] = load_contracts([PROJECT / "pipelines" / "contracts"])
    found: dict[str, set[str]] = {}
    for contract in contracts.values():
        for field in contract.properties:
            found.setdefault(field.label_domain, set()).update(code.code for code in field.codes)
    return found


@pytest.fixture(scope="module")
def models() -> str:
    """All SQL of the dbt project, without its comments."""
    folders = [PROJECT / "dbt_project" / name for name in ("models", "macros", "tests")]
    texts = [file.read_text("utf-8") for folder in folders for file in sorted(folder.rglob("*.sql"))]
    return re.sub(r"\{#.*?#\}|--[^\n]*", "", "\n".join(texts), flags=re.DOTALL)


@pytest.mark.parametrize("seed", SEEDS, ids=lambda path: path.stem)
def test_every_rule_says_where_it_comes_from(seed: Path) -> None:
    found = rows(seed.stem)
    assert found
    if seed.stem in CALENDARS:
        assert all(row[CALENDARS[seed.stem]] for row in found)
        return
    for row in found:
        assert row["origin"] in ("procedure", "convention", "company"), row
        if row["origin"] != "convention":  # what is stated or left open is stated or left open somewhere
            assert re.fullmatch(r"[A-G]\d+", row["procedure_id"]), row
            assert all((row["note_zh"], row["note_en"])), row


@pytest.mark.parametrize("seed", [each for each in SEEDS if each.stem not in CALENDARS], ids=lambda path: path.stem)
def test_notes_are_in_both_languages(seed: Path) -> None:
    for row in rows(seed.stem):
        assert bool(row["note_zh"]) == bool(row["note_en"]), row
        assert not CHINESE.search(row["note_en"]), row
        assert not row["note_zh"] or CHINESE.search(row["note_zh"]), row


@pytest.mark.parametrize(
    ("seed", "column", "code_list", "more"),
    [
        ("intent_levels", "level", "intent_level", set()),
        ("channels", "source_channel", "source_channel", set()),
        # A source without a status column: its orders count, and are said to be of unknown status.
        ("order_statuses", "order_status", "order_status", {"unknown"}),
        ("order_steps", "order_step", "order_step", set()),
        ("credit_segments", "segment", "segment", set()),
        ("review_parts", "review_part", "review_part", set()),
        ("breach_charges", "breach_severity", "breach_severity", {"unknown"}),
    ],
)
def test_every_code_has_a_rule(
    codes: dict[str, set[str]], seed: str, column: str, code_list: str, more: set[str]
) -> None:
    assert {row[column] for row in rows(seed)} == codes[code_list] | more


@pytest.mark.parametrize(
    ("seed", "column", "code_list", "more"),
    [
        ("web_channel_rules", "source_channel", "source_channel", set()),
        ("complaint_targets", "category", "category", {"all"}),
        ("approval_authorities", "role", "role", set()),
    ],
)
def test_rules_name_codes_that_exist(
    codes: dict[str, set[str]], seed: str, column: str, code_list: str, more: set[str]
) -> None:
    assert {row[column] for row in rows(seed)} <= codes[code_list] | more


def test_every_item_of_the_survey_has_a_weight() -> None:
    contract = load_contracts([PROJECT / "pipelines" / "contracts"])["survey_responses"]
    asked = {
        field.name.removesuffix("_score") for field in contract.properties if field.codeList == "satisfaction_level"
    }
    assert set(by_key("satisfaction_items")) == asked


def test_what_the_procedures_state_is_what_the_rules_say() -> None:
    """The thresholds of the company documents, by their paragraph; a company that decides otherwise overrides them."""
    levels, thresholds, target = (
        by_key("intent_levels"),
        by_key("thresholds"),
        by_key("complaint_targets")["all_24_hours"],
    )
    spans = {level: (row["from_days"], row["to_days"]) for level, row in levels.items()}
    # A2: O the same day, A 7-15 days, B up to three months, C later and without an end. H is "within 3 days" there
    # and A from day 7: the default that closes the gap stands as the company's to decide.
    assert spans == {"O": ("0", "0"), "H": ("0", "6"), "A": ("7", "15"), "B": ("16", "90"), "C": ("91", "")}
    assert {level for level, row in levels.items() if row["origin"] == "company"} == {"H", "A"}
    # D1: answered within 24 hours on the calendar.
    assert (target["reply_hours"], target["origin"], target["procedure_id"]) == ("24", "procedure", "D1")
    # E2, E3: nine of ten forms come back; 80 of 100 points; no single item below 3.
    stated = {
        "response_rate_target": ("0.90", "E2"),
        "satisfaction_target_score": ("80", "E3"),
        "satisfaction_item_minimum": ("3", "E3"),
        # D7: told three months ahead. E4: every batch on time, 98 % conforming, none of the faults.
        "notice_lead_months": ("3", "D7"),
        "on_time_batch_target": ("1", "E4"),
        "quality_pass_target": ("0.98", "E4"),
        "process_faults_allowed": ("0", "E4"),
        # E7: phoned within 7 days of sending, the form back within 15 of receipt.
        "sample_phone_days": ("7", "E7"),
        "sample_form_days": ("15", "E7"),
        # C1: all orders due are fulfilled.
        "fulfilment_target": ("1", "C1"),
        # C3: a grade is valid for a year.
        "credit_period_months": ("12", "C3"),
        # C2: a sample order has at most 200 pieces.
        "sample_order_units": ("200", "C2"),
        # E2: no answer after 15 days, then by phone or in person; F1: a file within a week of the first contact,
        # completed every quarter.
        "survey_reminder_days": ("15", "E2"),
        "customer_file_opening_days": ("7", "F1"),
        "customer_file_update_days": ("92", "F1"),
        # A6: four shops a day of 50 m2 at least, three people in each, reported by 17:30 and on Fridays by 17:00.
        "field_shops_per_day": ("4", "A6"),
        "field_people_per_shop": ("3", "A6"),
        "field_shop_area": ("50", "A6"),
        "field_report_hour": ("17.5", "A6"),
        "field_report_hour_friday": ("17", "A6"),
    }
    found = {
        key: (row["value"], row["procedure_id"]) for key, row in thresholds.items() if row["origin"] == "procedure"
    }
    assert found == stated


def test_what_c1_states_of_an_order_s_steps() -> None:
    """24 hours for taking an order on and for the executable list, one working day for most steps; 100 to 500 a breach."""
    stated = {name: row for name, row in by_key("order_steps").items() if row["origin"] == "procedure"}
    limits = {name: (row["limit_type"], row["limit_value"]) for name, row in stated.items() if row["limit_value"]}
    day, hours = ("working_days", "1"), ("calendar_hours", "24")
    assert limits == {
        "order_information": hours, "execution_list": hours,
        "new_customer_check": day, "credit_check": day, "order_review": day, "contract": day,
    }  # fmt: skip
    whole = by_key("breach_charges")["unknown"]
    assert (whole["charge_low"], whole["charge_high"], whole["origin"]) == ("100", "500", "procedure")


def test_every_threshold_is_used_and_every_one_used_exists(models: str) -> None:
    asked = set(re.findall(r"threshold\(\s*'([a-z0-9_]+)'\s*\)", models))
    for file in (PROJECT / "pipelines" / "estimates").glob("*.py"):
        asked |= set(re.findall(r'threshold\(tables, "([a-z0-9_]+)"\)', file.read_text("utf-8")))
    assert asked == set(by_key("thresholds"))


@pytest.mark.parametrize("seed", SEEDS, ids=lambda path: path.stem)
def test_every_seed_is_read_by_a_model(models: str, seed: Path) -> None:
    assert f"ref('{seed.stem}')" in models


def test_every_seed_is_described() -> None:
    described = "\n".join(file.read_text("utf-8") for file in (PROJECT / "dbt_project" / "seeds").glob("*.yml"))
    assert [seed.stem for seed in SEEDS if f"- name: {seed.stem}\n" not in described] == []


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_unit_and_origin_of_every_rule_have_a_name_on_the_page(language: Language) -> None:
    texts = strings(language)
    named = {f"codes.rule_unit.{row['unit']}" for row in rows("thresholds") if row["unit"] != "share"}
    named |= {f"codes.rule_origin.{row['origin']}" for row in rows("thresholds")}
    assert named - set(texts) == set()
