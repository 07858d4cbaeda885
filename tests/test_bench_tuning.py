"""What a search over settings gains: units, judgement and table of the suite."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from physmodel.bench import tuning
from physmodel.bench.nets_cases import roll_out
from physmodel.bench.tuning import PARTS, summarise, table, unit_names
from physmodel.bench.tuning_cases import PLANE


def test_every_unit_is_named_once_and_names_say_all() -> None:
    names = unit_names(PARTS, 2)
    assert len(set(names)) == len(names)
    assert {name.count(":") for name in names} == {3}
    assert set(unit_names(PARTS, 1, quick=True)) < set(names)


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


def test_equations_are_right_only_with_exactly_the_true_terms(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Only libraries that hold no quadratic term are searched: the search cannot be right about a
    # quadratic flow, and the default is.
    monkeypatch.setattr(tuning, "DEGREES", (1,))
    monkeypatch.setattr(tuning, "FUNCTIONS", ((),))
    (record,) = tuning.run_unit("equations:Lorenz:1:0", {})
    assert (record["default"], record["searched"]) == (1.0, 0.0)
    assert record["choice"] == "degree 1"
    assert record["noise"] == 1


def test_a_summary_counts_gains_in_the_right_direction() -> None:
    def record(part: str, default: float, searched: float) -> dict[str, Any]:
        return {
            **{"part": part, "case": "damped", "noise": 5, "seed": 0, "choice": "plain"},
            **{"default": default, "searched": searched, "effort": 3.0},
        }

    rows = summarise(
        [
            record("nets", 0.2, 0.1),
            record("nets", 0.4, 0.1),
            record("nets", 0.1, 0.3),
            record("equations", 1.0, 0.0),
            record("equations", 1.0, 1.0),
        ]
    )
    nets, equations = rows
    assert (nets["default"], nets["searched"]) == (0.2, 0.1)
    assert (nets["better"], nets["worse"], nets["choices"]) == (2, 1, {"plain": 3})
    assert (equations["default"], equations["searched"]) == (1.0, 0.5)
    assert (equations["better"], equations["worse"]) == (0, 1)
    assert len(table(rows).splitlines()) == 3
