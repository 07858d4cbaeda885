"""What a search over settings gains: units, judgement and table of the suite."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from physmodel.bench.networks.nets_cases import roll_out
from physmodel.bench.networks.tuning import PLANE, summarise, table, unit_names


def test_every_unit_is_named_once_and_names_say_all() -> None:
    names = unit_names(2)
    assert len(set(names)) == len(names)
    assert {name.count(":") for name in names} == {2}
    assert set(unit_names(1, quick=True)) < set(names)


@pytest.mark.parametrize("case", PLANE)
def test_plane_systems_stay_in_range(case: str) -> None:
    # The steps of the records are exact enough: another integrator ends at the same place.
    rates, ranges, span = PLANE[case]
    start = np.array(ranges).mean(axis=1) + 0.3 * np.ptp(ranges, axis=1)
    path = roll_out(rates, start[None], np.linspace(0.0, span, 121), 10)[0]
    exact = solve_ivp(lambda t, x: rates(x), (0.0, span), start, rtol=1e-10, atol=1e-12)
    # Runge-Kutta steps of span / 1200 are off by about their fourth power, 1e-6, times growth.
    np.testing.assert_allclose(path[-1], exact.y[:, -1], atol=1e-4)
    assert np.abs(path).max() < 6.0


def test_a_summary_counts_gains_in_the_right_direction() -> None:
    def record(default: float, searched: float) -> dict[str, Any]:
        facts = {"case": "damped", "noise": 5, "seed": 0, "choice": "plain"}
        return {**facts, "default": default, "searched": searched, "effort": 3.0}

    rows = summarise([record(0.2, 0.1), record(0.4, 0.1), record(0.1, 0.3)])
    (nets,) = rows
    assert (nets["default"], nets["searched"]) == (0.2, 0.1)
    assert (nets["better"], nets["worse"], nets["choices"]) == (2, 1, {"plain": 3})
    assert len(table(rows).splitlines()) == 2
