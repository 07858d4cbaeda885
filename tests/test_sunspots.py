"""Sunspot numbers: eleven-year cycles, and no equation that one series of counts can show."""

from __future__ import annotations

from typing import Any

import pytest

import physmodel as pm


@pytest.mark.parametrize(
    "known", [{}, {"degree": 2}, {"degree": 3}, {"order": 2}, {"functions": ("sin",)}]
)
def test_no_law_is_claimed(known: dict[str, Any]) -> None:
    law = pm.discover("sunspots-yearly", **known)
    assert law.status == "no-law"
    # Whatever was fitted explains the record worse than random motion, or not half of its changes.
    worse = law.scores["advantage_over_random_motion"] < 0.0
    assert worse or law.fit_scores["unexplained"] > 0.5


@pytest.mark.parametrize("degree", [None, 2, 3])
def test_no_law_is_claimed_for_the_logarithm(degree: int | None) -> None:
    spots = pm.catalogue.load("sunspots-yearly")
    after = spots["time"].values > 1810.0  # the last year without any spot
    data = pm.from_arrays(
        spots["time"].values[after], spots["sunspots"].values[after], names=["sunspots"]
    )
    law = pm.discover(data, positive=("sunspots",), degree=degree)
    assert law.status == "no-law"


def test_years_without_spots_have_no_logarithm() -> None:
    with pytest.raises(pm.DataError, match="3 values are zero or negative"):
        pm.discover("sunspots-yearly", positive=("sunspots",))
