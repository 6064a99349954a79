"""The answer key of attribution, by hand."""

from __future__ import annotations

import pytest

from pipelines.sample.attribution import removal_effects, weights_of


def test_removal_effects_of_three_paths() -> None:
    """Won: web, friend. Lost: web; friend. Whole chance 1/3; without web 1/6; without friend nothing."""
    effects = removal_effects([["web", "friend"]], [["web"], ["friend"]])
    assert effects == pytest.approx({"web": 0.5, "friend": 1.0})


def test_weights_of_three_touches() -> None:
    weights = weights_of((("web", 14), ("web", 7), ("storefront", 0)), {"web": 0.5, "storefront": 0.25})
    assert weights["last_non_direct"] == [0.0, 1.0, 0.0]
    assert weights["position_based"] == pytest.approx([0.4, 0.2, 0.4])
    assert weights["time_decay"] == pytest.approx([0.25, 0.5, 1.0])
    assert weights["shapley"] == pytest.approx([0.5, 0.5, 1.0])
