"""Chaotic flows with known equations: their truth, records drawn from them, the judge."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from physmodel.systems.answers import Answer, judge
from physmodel.systems.chaotic import ChaoticSystem, load_systems
from physmodel.systems.draws import CONDITIONS, Cell, draw


@pytest.fixture(scope="module")
def lorenz() -> ChaoticSystem:
    """The flow that everybody knows by heart."""
    return next(system for system in load_systems() if system.name == "Lorenz")


def test_truth_of_known_systems(lorenz: ChaoticSystem) -> None:
    """82 polynomial flows; the coefficients of Lorenz are the published ones."""
    systems = load_systems()
    assert len(systems) == 82
    assert {system.degree for system in systems} == {2, 3, 4}
    assert lorenz.equations == {
        "x": {"x": -10.0, "y": 10.0},
        "y": {"x": 28.0, "y": -1.0, "x*z": -1.0},
        # dysts rounds 8/3 to 2.667.
        "z": {"z": pytest.approx(-2.667, abs=1e-3), "x*y": 1.0},
    }


def test_trajectories_solve_the_equations(lorenz: ChaoticSystem) -> None:
    """Eighth-order central differences of the records agree with the right-hand side."""
    time, states = lorenz.trajectories([0, 3])
    assert states.shape == (2, 1000, 3)
    stencil = np.array([3, -32, 168, -672, 0, 672, -168, 32, -3]) / 840.0
    for x in states:
        slope = np.stack([np.correlate(c, stencil, "valid") for c in x.T], 1) / (time[1] - time[0])
        a, b, c = x[4:-4].T
        beta = lorenz.equations["z"]["z"]
        rate = np.stack([10 * (b - a), 28 * a - b - a * c, beta * c + a * b], 1)
        # The stencil's error is h^8/630 times the ninth derivative; at 150 samples per turn
        # that is 1e-5 of the largest rate.
        assert np.abs(slope - rate).max() < 1e-4 * np.abs(rate).max()


def test_judge_by_hand() -> None:
    """Exact support, errors, intervals and rivals of a case that can be counted by hand."""
    truth = {"x": {"x": -2.0, "y": 4.0}, "y": {"x": 1.0}}
    wrong = {"x": {"x": -2.2, "y": 4.0}, "y": {"x": 1.0, "y": 0.1}}
    deviations = {"x": {"x": 0.1, "y": 0.1}, "y": {"x": 0.1, "y": 0.1}}
    right = {"x": {"x": -2.0, "y": 4.0}, "y": {"x": 1.0}}
    found = judge(Answer(wrong, 1.0, deviations, [right], "identified"), truth)
    assert not found["exact"]
    assert found["listed"]
    assert found["equations"] == 0.5
    assert found["error"] == 0.0
    assert (found["covered"], found["intervals"]) == (2, 3)
    assert judge(Answer(right, 1.0), truth)["exact"]
    assert judge(Answer({}, 1.0), truth)["error"] == 1.0


@pytest.mark.parametrize("condition", CONDITIONS)
def test_draws_repeat_and_are_as_described(lorenz: ChaoticSystem, condition: Any) -> None:
    """The same seed gives the same bits; noise has the level asked for."""
    cell = Cell(0.1, 3, condition)
    per_period, periods = cell.sampling
    clean = lorenz.trajectories([0, 1, 2], per_period=per_period, periods=periods)
    first, again, other = (draw(lorenz, clean, cell, seed) for seed in (0, 0, 1))
    for one, two, three in zip(first.records, again.records, other.records, strict=True):
        assert np.array_equal(one, two)
        assert one.shape != three.shape or not np.array_equal(one, three)
    truth = [np.searchsorted(clean[0], t) for t in first.times]
    noise = np.concatenate(
        [r - clean[1][k][i] for k, (r, i) in enumerate(zip(first.records, truth, strict=True))]
    )
    spread = clean[1].reshape(-1, 3).std(axis=0)
    factors = [1 / 3, 1, 3] if condition == "unequal-noise" else [1, 1, 1]
    # About 1500 samples: the standard deviation is known to 2 per cent; five of those.
    assert noise.std(axis=0) / spread == pytest.approx(0.1 * np.array(factors), rel=0.1)
    lengths = [len(t) for t in first.times]
    uneven = {"irregular", "missing", "unequal-lengths"}
    assert (len(set(lengths)) == 1) == (condition not in uneven)


def test_perturbed_systems_keep_their_terms(lorenz: ChaoticSystem) -> None:
    """Every coefficient changes by at most a tenth, and the changed flow goes on moving."""
    changed = lorenz.perturbed(3)
    for state, terms in lorenz.equations.items():
        assert set(changed.equations[state]) == set(terms)
        for term, value in terms.items():
            assert 0.0 < abs(changed.equations[state][term] / value - 1.0) <= 0.1
    _, states = changed.trajectories([0])
    # Two lobes, as wide as those of the original to within a third.
    assert np.all(np.abs(states[0].std(axis=0) / lorenz.starts.std(axis=0) - 1.0) < 0.33)
    assert changed.equations != lorenz.perturbed(4).equations
    assert changed.equations == lorenz.perturbed(3).equations
