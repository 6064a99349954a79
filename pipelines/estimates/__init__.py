"""What SQL cannot compute: figures that come out of a fit, as pure functions from tables to a table.

Belongs here: one module an estimate, with the function `estimate(tables)` and the `SCHEMA` of what it gives back, and
beside them the formulas that they share. Not here: reading and writing tables and when an estimate is made anew
(warehouse/estimating.py), and the model that its rows come into the warehouse by (macros/estimates.sql).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

# Whose versions an estimate depends on beside this code.
LIBRARIES = ("numpy", "scipy")


def estimate(name: str, tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """What the estimate makes of its model's parents (by model name), in the columns and types that it declares."""
    from importlib import import_module

    module = import_module(f"{__name__}.{name}")
    made: pl.DataFrame = module.estimate(tables)
    if made.schema != module.SCHEMA:
        raise TypeError(f"the estimate {name} gave {made.schema}, and declares {module.SCHEMA}")
    return made


def threshold(tables: Mapping[str, pl.DataFrame], rule_id: str) -> float:
    """The value of a rule, for an estimate whose model names the seed `thresholds` among its inputs."""
    (value,) = tables["thresholds"].filter(rule_id=rule_id)["value"]
    return float(value)
