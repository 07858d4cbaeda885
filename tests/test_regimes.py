"""Systems that change their law: regimes, their changes and gates against known truth."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import physmodel as pm
from physmodel.errors import DataError, ProblemError
from physmodel.fitting.switches.regimes import fit_regimes
from physmodel.fitting.switches.switching import BETWEEN, best_course, n_switches
from physmodel.models.fields.expression_field import expression_field
from physmodel.models.fields.switched_field import Gate, SwitchedField
from physmodel.models.fields.vector_field import simulate
from physmodel.models.integration.integrate import integrate
from physmodel.testing.field import check_field

SPRING = {"x": "v", "v": "-k*x"}
LINEAR = {"x": "a*x + b*v", "v": "c*x + d*v"}
TIME = np.linspace(0.0, 20.0, 200)
SWITCHES = (5.03, 8.97, 15.05)


def bilinear(soft: float, hard: float, time: np.ndarray = TIME) -> np.ndarray:
    """``x'' = -k(x) x`` with another stiffness on each side of zero."""

    def right(t: float, z: np.ndarray) -> np.ndarray:
        return np.array([z[1], -(soft if z[0] > 0 else hard) * z[0]])

    return integrate(right, time, np.array([1.0, 0.3]))


def switched(time: np.ndarray = TIME) -> np.ndarray:
    """A linear system that a clock switches."""
    one, two = np.array([[-0.1, 1.0], [-1.0, -0.1]]), np.array([[-0.1, 3.0], [-2.0, 0.05]])

    def right(t: float, z: np.ndarray) -> np.ndarray:
        return (one, two)[int(np.searchsorted(SWITCHES, t)) % 2] @ z

    return integrate(right, time, np.array([1.0, 0.3]))


def measured(path: np.ndarray, noise: float = 0.0, seed: int = 0) -> object:
    added = noise * np.random.default_rng(seed).normal(size=path.shape)
    return pm.from_arrays(TIME, path + added, names=["x", "v"])


def total(cost, switch, between, first, labels) -> float:
    """The cost of a course from its definition; infinite if it is not allowed."""
    found, last, skipped = 0.0, None, False
    for i, label in enumerate(labels):
        if first[i]:
            if skipped:
                return np.inf
            last = None
        if label == BETWEEN:
            if last is None or skipped:
                return np.inf
            found, skipped = found + between[i], True
            continue
        if last is not None:
            if skipped and label == last:
                return np.inf
            found += switch * (label != last)
        found, last, skipped = found + cost[i, label], label, False
    return np.inf if skipped else found


@settings(max_examples=60)
@given(st.integers(0, 10_000), st.integers(1, 6), st.integers(1, 3), st.floats(0.0, 3.0))
def test_no_course_is_cheaper(seed: int, n: int, k: int, switch: float) -> None:
    rng = np.random.default_rng(seed)
    cost, between = rng.exponential(size=(n, k)), rng.exponential(size=n)
    first = rng.random(n) < 0.2
    first[0] = True
    labels = best_course(cost, switch, between, first)
    found = total(cost, switch, between, first, labels)
    least = min(
        total(cost, switch, between, first, every) for every in product(range(-1, k), repeat=n)
    )
    assert found == pytest.approx(least, rel=1e-12)  # sums in another order


def test_changes_are_counted_inside_records() -> None:
    labels = np.array([0, 0, -1, 1, 1, 0, 1, 1])
    first = np.array([True, False, False, False, False, False, True, False])
    assert n_switches(labels, first) == 2


def test_a_bilinear_oscillator_is_two_springs_and_keeps_its_period() -> None:
    found = fit_regimes(measured(bilinear(1.0, 4.0)), SPRING)
    assert found.n_regimes == 2
    stiffness = [float(one.values[0]) for one in found.fits]
    np.testing.assert_allclose(stiffness, [1.0, 4.0], rtol=1e-6)  # error of the simulated data
    # x = 0 is crossed every half period of either spring.
    exact = np.pi * 1.5
    assert len(found.switches[0]) == 8
    np.testing.assert_allclose(
        np.diff(found.switches[0]),
        np.tile([np.pi / 2.0, np.pi], 4)[:7],
        atol=1.01 * TIME[1],  # each change is known to half an interval
    )
    assert found.gate is not None
    time = np.linspace(0.0, 10.0 * exact, 2000)
    path = simulate(found.field, time, np.array([0.0, 1.0]))
    # Starting at the border upwards: after whole periods the motion is where it was. The border
    # between the nearest samples is off by 1e-2 at most, which costs an impulse of the difference
    # of the forces there, (4 - 1) 1e-2 over 1e-2 of time: 3e-4 each crossing.
    np.testing.assert_allclose(path[-1], [0.0, 1.0], atol=20 * 3e-4)


def test_a_switched_system_is_found_and_no_state_is_blamed() -> None:
    found = fit_regimes(measured(switched(), 0.01), LINEAR)
    assert found.n_regimes == 2
    truth = [[-0.1, 1.0, -1.0, -0.1], [-0.1, 3.0, -2.0, 0.05]]
    for one, expected in zip(found.fits, truth, strict=True):
        assert (np.abs(one.values - expected) < 4.0 * one.std_errors).all()
        assert one.explained
    # Noise hides in which of two or three intervals the law changed.
    np.testing.assert_allclose(found.switches[0], SWITCHES, atol=3 * TIME[1])
    assert found.gate is None
    assert "does not tell" in str(found)
    with pytest.raises(ProblemError, match="does not tell which"):
        _ = found.field


def test_one_regime_is_enough_for_one_spring() -> None:
    found = fit_regimes(measured(bilinear(2.0, 2.0), 0.03), SPRING)
    assert found.n_regimes == 1
    assert found.gate is None
    assert set(found.labels[0]) == {0}
    assert "one field is enough" in str(found)
    assert abs(found.field.parameters[0] - 2.0) <= 4.0 * found.fits[0].std_errors[0]


def test_the_numbering_of_regimes_is_no_property_of_the_field() -> None:
    one, two = (expression_field(SPRING, start={"k": k}) for k in (1.0, 4.0))
    weights = np.array([[0.1, 2.0, -1.0], [0.0, -1.0, 0.5]])
    gate = Gate(np.array([0.1, 0.2]), np.array([1.0, 2.0]), weights)
    field = SwitchedField((one, two), gate)
    other = SwitchedField((two, one), Gate(gate.centre, gate.scale, weights[::-1]))
    x = np.random.default_rng(0).normal(size=(50, 2))
    where = np.zeros(50), x, None, np.empty((50, 0))
    assert np.array_equal(field.rate(*where), other.rate(*where))
    assert len(set(gate.regime(x))) == 2
    first, second = field.linearised(*where), other.linearised(*where)
    assert np.array_equal(first.by_motion, second.by_motion)
    assert np.array_equal(first.by_parameter, second.by_parameter[:, :, ::-1])
    assert field.names == ("k 0", "k 1")
    again = field.with_parameters(np.array([4.0, 1.0]))
    assert [float(one.parameters[0]) for one in again.experts] == [4.0, 1.0]
    check_field(field)


def test_a_gate_of_degree_two_has_round_borders() -> None:
    # |z|^2 > 1 belongs to the second regime.
    weights = np.array([[0.0, 0, 0, 0, 0, 0], [-1.0, 0, 0, 1.0, 0, 1.0]])
    gate = Gate(np.zeros(2), np.ones(2), weights, degree=2)
    x = np.random.default_rng(0).normal(size=(50, 2))
    assert np.array_equal(gate.regime(x), ((x**2).sum(axis=1) > 1.0).astype(int))


def test_what_makes_no_sense_is_refused() -> None:
    data = measured(bilinear(1.0, 4.0))
    with pytest.raises(ProblemError, match="at most 0"):
        fit_regimes(data, SPRING, most=0)
    with pytest.raises(ProblemError, match="no parameter"):
        fit_regimes(data, {"x": "v", "v": "-x"})
    with pytest.raises(ProblemError, match="start values"):
        fit_regimes(data, expression_field(SPRING), start={"k": 1.0})
    with pytest.raises(DataError, match="x_t is not measured"):
        fit_regimes(data, {"x": "-k*x - c*x_t"})
    one = expression_field(SPRING)
    gate = Gate(np.zeros(2), np.ones(2), np.zeros((3, 3)))
    with pytest.raises(ProblemError, match="1 fields for a gate of 3"):
        SwitchedField((one,), gate)
    other = expression_field(LINEAR, inputs=["u"])
    with pytest.raises(ProblemError, match="different inputs"):
        SwitchedField((one, other), Gate(np.zeros(2), np.ones(2), np.zeros((2, 3))))
