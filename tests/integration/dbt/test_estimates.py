"""Models whose rows are estimates: made when their inputs change and only then, the same after whatever came between."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from datetime import date, datetime, timedelta

import polars as pl
import pytest

from pipelines.warehouse import estimating
from pipelines.warehouse.dbt import DbtResult, build

from .conftest import Delivery, NewCompany, TinyCompany, sale

pytestmark = pytest.mark.procedure("F2")

AS_OF = datetime(2026, 1, 5, 9)
SELECT = "+int_customer_values"
MODELS = ("int_customer_value_models", "int_customer_values")


def late(amount: int) -> Delivery:
    """One more order of a customer, the same with another amount each time."""
    return Delivery("sales", f"late_{amount}", 2, [sale("late", date(2025, 6, 1), amount, customer_id="C0")])


def deliveries(*more: Delivery) -> list[Delivery]:
    """120 customers over two years; customer n comes back n mod 4 times, each time after n days more."""
    orders = [
        sale(
            f"{customer}-{number}",
            date(2024, 1, 1) + timedelta(days=customer + number * (40 + customer)),
            100 + customer % 7,
            customer_id=f"C{customer}",
        )
        for customer in range(120)
        for number in range(customer % 4 + 1)
    ]
    return [Delivery("sales", "export", 1, orders), *more]


@pytest.fixture(scope="module")
def company(new_company: NewCompany) -> TinyCompany:
    return new_company("estimates")


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The estimates that were made, in their order."""
    names: list[str] = []
    real = estimating.estimate

    def counting(name: str, tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
        names.append(name)
        return real(name, tables)

    monkeypatch.setattr(estimating, "estimate", counting)
    return names


def rows(company: TinyCompany) -> dict[str, list[tuple]]:
    return {model: company.rows(f"select * from {model} order by all") for model in MODELS}


def message(result: DbtResult, name: str) -> str:
    return next(node.message for node in result.nodes if node.name == name)


def test_an_estimate_is_made_when_what_it_is_made_from_has_changed(company: TinyCompany, made: list[str]) -> None:
    company.write(deliveries(), AS_OF)
    assert build(company.settings, SELECT).failed == ()
    assert made == ["customer_value_models", "customer_values"]
    first = rows(company)
    assert [row[0] for row in first["int_customer_value_models"]] == ["calibration", "whole"]
    assert len(first["int_customer_values"]) == 120

    again = build(company.settings, SELECT)
    assert len(made) == 2, "nothing has changed: nothing is made"
    assert {message(again, model) for model in MODELS} == {"kept"}

    company.write(deliveries(late(900)), AS_OF)
    assert build(company.settings, SELECT).failed == ()
    assert made[2:] == ["customer_value_models", "customer_values"]
    changed = rows(company)
    assert changed != first

    shutil.rmtree(company.settings.warehouse)
    company.settings.warehouse.mkdir()
    assert build(company.settings, SELECT).failed == ()
    assert rows(company) == changed, "a whole build comes to the same"


def test_a_killed_build_leaves_the_table_and_the_next_makes_the_estimate(
    company: TinyCompany, made: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed after the file was written and before its rows were taken in."""
    before = rows(company)
    real = estimating.write_table

    def killed(*arguments: object) -> None:
        real(*arguments)
        raise RuntimeError("killed")

    company.write(deliveries(late(800)), AS_OF)
    with monkeypatch.context() as patched:
        patched.setattr(estimating, "write_table", killed)
        failed = {node.name for node in build(company.settings, SELECT).failed}
    assert set(MODELS) <= failed
    assert rows(company) == before
    made.clear()
    assert build(company.settings, SELECT).failed == ()
    assert len(made) == 2
    assert rows(company) != before


def test_an_estimate_that_cannot_be_made_is_its_models_error(
    company: TinyCompany, monkeypatch: pytest.MonkeyPatch
) -> None:
    def impossible(name: str, tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
        raise ArithmeticError(f"{name} of {len(tables)} tables")

    company.write(deliveries(late(700)), AS_OF)
    monkeypatch.setattr(estimating, "estimate", impossible)
    result = build(company.settings, SELECT)
    assert [(node.name, node.status) for node in result.failed if node.resource_type == "model"] == [
        ("int_customer_value_models", "error"),
        ("int_customer_values", "skipped"),
    ]
    assert "customer_value_models of 2 tables" in message(result, "int_customer_value_models")
