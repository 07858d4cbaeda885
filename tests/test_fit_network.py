"""Networks fitted to known canonical systems: their physics, the fit, what noise does to it."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.integrate import quad

from physmodel.data.arrays import from_arrays
from physmodel.errors import DataError, ProblemError
from physmodel.losses.shooting import Record
from physmodel.losses.slopes import KnownStates, ShiftedPaths
from physmodel.models.nets.blocks import PositiveQuadratic
from physmodel.models.nets.mlp import MLPScalar
from physmodel.models.nets.net_field import NetField
from physmodel.models.nets.structure.hamiltonian import Hamiltonian
from physmodel.models.nets.symmetry.equivariant import symmetrised
from physmodel.models.nets.weights.random_units import with_random_units
from physmodel.networks.canonical import paths_of
from physmodel.networks.fit_network import NetworkFit, fit_network
from physmodel.systems import nets
from physmodel.systems.nets import CASES, NetCase, draw, judged, roll_out
from physmodel.testing.symmetry import check_symmetry

Array = NDArray[np.float64]


def family(case: NetCase, width: int) -> Hamiltonian:
    plain = Hamiltonian(MLPScalar(len(case.states), (width,)))
    found = symmetrised(plain, case.symmetry, case.states)
    assert isinstance(found, Hamiltonian)
    return found


def fitted(case: NetCase, seed: int, units: Array | float = 1.0, clock: float = 1.0) -> NetworkFit:
    record = draw(case, seed)[0]
    found = trajectories(
        record.time * clock, record.measured * units, record.slopes * units / clock
    )
    return fit_network(lambda width: family(case, width), found, case.states)


def trajectories(time: Array, states: Array, slopes: Array) -> list[Record]:
    none = np.empty((len(time), 0))
    return [Record(time, x, none, v) for x, v in zip(states, slopes, strict=True)]


def rates(fit: NetworkFit, x: Array) -> Array:
    return fit.field.rate(np.zeros(len(x)), x, None, np.empty((len(x), 0)))


@pytest.mark.parametrize("name", CASES)
def test_the_field_of_a_task_is_canonical_and_has_its_symmetry(name: str) -> None:
    case = CASES[name]
    x = case.start(np.random.default_rng(1))
    step, half = 1e-6, len(x) // 2
    slope = np.array(
        [
            (case.energy(x + step * e) - case.energy(x - step * e)) / (2 * step)
            for e in np.eye(len(x))
        ]
    )
    # Central differences are good to step^2 and to rounding over step.
    np.testing.assert_allclose(case.field(x), np.r_[slope[half:], -slope[:half]], atol=1e-8)
    for one in case.symmetry.on(case.states).group():
        # The field at the image is the image of the field, run backwards where time is reversed.
        image = one.linear @ case.field(x) / one.time
        np.testing.assert_allclose(case.field(one.linear @ x), image, atol=1e-12)


def test_records_of_a_spring_are_the_solution_and_the_noise_is_as_stated() -> None:
    record, _, _ = draw(CASES["spring"], 3)
    q, p = record.states[:, :1, 0], record.states[:, :1, 1]
    angle = 2.0 * record.time
    # The fourth-order steps of 1/400 of a radian leave an error below 1e-9 after 6 radians.
    np.testing.assert_allclose(
        record.states[..., 0], q * np.cos(angle) + p * np.sin(angle), atol=1e-9
    )
    # 1500 draws give a standard deviation to 2%; five of these.
    assert np.std(record.measured - record.states) == pytest.approx(0.1, rel=0.1)


def test_the_same_seed_gives_the_same_record() -> None:
    first, second = draw(CASES["pendulum"], 5)[0], draw(CASES["pendulum"], 5)[0]
    np.testing.assert_array_equal(first.measured, second.measured)


def test_integrals_of_slopes_have_the_shape_of_the_path() -> None:
    time = np.linspace(0.0, 3.0, 40)
    truth = np.column_stack([[quad(np.cos, 0.0, t)[0] for t in time], np.exp(-time)])
    slopes = np.column_stack([np.cos(time), -np.exp(-time)])
    found = paths_of([time], [truth], [slopes])
    # A spline of degree 5 has the error h^6 of its slopes, 2e-7, and less behind the integral.
    np.testing.assert_allclose(found.states, truth, atol=2e-7)
    assert np.all(found.noise < 2e-7)


def test_derivatives_by_shifts_and_weights_agree_with_differences() -> None:
    rng = np.random.default_rng(0)
    form = Hamiltonian(MLPScalar(2, (4,)))
    field = NetField(form, ("q", "p"), (), form.initial(0))
    path, spread = np.repeat([0, 1, 2], 4), rng.uniform(0.5, 1.0, size=(3, 2))
    problem = ShiftedPaths(
        field,
        rng.normal(size=(12, 2)),
        rng.normal(size=(12, 2)),
        path,
        spread,
        np.array([0.5, 2.0]),
    )
    x, n = np.concatenate([rng.normal(size=6), field.parameters]), 6
    values, by_local, by_shared = problem.linearised(x[:n], x[n:])
    np.testing.assert_allclose(values, problem.values(x[:n], x[n:]), atol=1e-13)
    step = 1e-6
    for column, wanted in enumerate(np.hstack([by_local.toarray(), by_shared]).T):
        up, down = x.copy(), x.copy()
        up[column] += step
        down[column] -= step
        change = problem.values(up[:n], up[n:]) - problem.values(down[:n], down[n:])
        np.testing.assert_allclose(change / (2 * step), wanted, atol=1e-7)


def test_fields_of_random_units_are_linear_in_their_weights_and_keep_the_symmetry() -> None:
    case, rng = CASES["two-body"], np.random.default_rng(2)
    form = with_random_units(family(case, 8), seed=0)
    first, second = rng.normal(size=(2, form.n_parameters))
    field = NetField(form, case.states, (), first)
    x = rng.normal(size=(5, 8))

    def rate(weights: Array) -> Array:
        return field.with_parameters(weights).rate(np.zeros(5), x, None, np.empty((5, 0)))

    both = rate(first) + 3.0 * rate(second)
    # Sums of some hundred products of numbers up to a hundred.
    np.testing.assert_allclose(rate(first + 3.0 * second), both, atol=1e-10 * np.abs(both).max())
    check_symmetry(case.symmetry, field)


def test_random_units_need_a_network() -> None:
    with pytest.raises(ProblemError, match="no hidden units"):
        with_random_units(Hamiltonian(PositiveQuadratic(2)), seed=0)


@pytest.mark.parametrize("name", ["spring", "pendulum"])
def test_noise_of_the_states_does_not_bend_the_field(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Two to three swings; `physmodel bench nets` follows them five times as long.
    monkeypatch.setattr(nets, "HORIZON", 4.0)
    monkeypatch.setattr(nets, "SAMPLES", 41)
    case = CASES[name]
    _, test, starts = draw(case, 1)
    fit = fitted(case, 1)
    found = judged(case, lambda x: rates(fit, x), test, starts)
    # A regression at the noisy states has 1e-3. The slopes are exact, so what is left is the error
    # of their integrals: 1e-6 in the states.
    assert found["field_mse"] < 1e-10
    assert found["energy_mse"] < 1e-10
    # 1500 numbers give the noise to 2%; five of these.
    np.testing.assert_allclose(fit.state_noise, 0.1, rtol=0.1)


def test_noisy_slopes_are_seen_and_do_no_harm() -> None:
    case = CASES["spring"]
    record, test, _ = draw(case, 0)
    rng = np.random.default_rng(9)
    slopes = record.slopes + 0.02 * rng.standard_normal(record.slopes.shape)
    found = trajectories(record.time, record.measured, slopes)
    fit = fit_network(lambda width: family(case, width), found, case.states)
    np.testing.assert_allclose(fit.slope_noise, 0.02, rtol=0.2)
    wrong = rates(fit, test.states.reshape(-1, 2)) - test.slopes.reshape(-1, 2)
    # Twenty weights from 1500 slopes would leave 20/1500 of their variance; paths and shifts more.
    assert np.mean(wrong**2) < 0.02**2


def test_units_make_no_difference() -> None:
    case = CASES["pendulum-clean"]
    _, test, _ = draw(case, 0)
    x = test.states.reshape(-1, 2)[::7]
    units = np.array([1e6, 1e-3])
    plain, scaled = rates(fitted(case, 0), x), rates(fitted(case, 0, units, 1e4), x * units)
    # Rounding of the data is amplified by the condition of the problem, cut at 1e12.
    np.testing.assert_allclose(scaled / units * 1e4, plain, atol=1e-7)


def test_a_dataset_is_fitted_as_its_trajectories_are() -> None:
    case = CASES["spring"]
    record = draw(case, 0)[0]
    names = [*case.states, *(f"{name}_t" for name in case.states)]
    tables = np.concatenate([record.measured, record.slopes], axis=2)
    data = from_arrays([record.time] * len(tables), list(tables), names=names)
    fit = fit_network(lambda width: family(case, width), data)
    plain = fitted(case, 0)
    assert fit.field.states == case.states
    np.testing.assert_array_equal(fit.field.parameters, plain.field.parameters)
    with pytest.raises(DataError, match="no column 'p_t'"):
        fit_network(lambda width: family(case, width), data.drop_vars("p_t"), case.states)
    with pytest.raises(ProblemError, match="no canonical system"):
        fit_network(lambda width: family(case, width), data.drop_vars("p_t"))


def test_a_record_that_cannot_be_fitted_is_refused() -> None:
    case = CASES["spring"]
    make, time = (lambda width: family(case, width)), np.arange(5.0)
    still = np.zeros((1, 5, 2))
    for x, v, message in (
        (still[:0], still[:0], "no trajectory"),
        (still, still, "nothing moves"),
        (np.full((1, 5, 2), np.nan), still, "not finite"),
    ):
        with pytest.raises(DataError, match=message):
            fit_network(make, trajectories(time, x, v), case.states)
    with pytest.raises(DataError, match="without slopes"):
        fit_network(make, [Record(time, still[0], np.empty((5, 0)))], case.states)


def test_a_field_that_leaves_for_infinity_has_an_infinite_error() -> None:
    case = CASES["spring"]
    _, test, starts = draw(case, 0)
    assert judged(case, lambda x: 1e3 * x**3, test, starts)["energy_mse"] == np.inf


def test_the_exact_field_has_no_error() -> None:
    case = CASES["pendulum"]
    _, test, starts = draw(case, 0)
    found = judged(case, case.field, test, starts)
    assert found["field_mse"] == 0.0
    # Fourth-order steps of 0.01 change the energy by some 1e-8 in a time of 20.
    assert found["energy_mse"] < 1e-14


def test_a_step_of_the_integrator_is_of_fourth_order() -> None:
    case, start = CASES["pendulum"], np.array([[1.0, 0.5]])
    time = np.array([0.0, 1.0])
    exact, *coarse = (roll_out(case.field, start, time, n)[0, -1] for n in (640, 10, 20))
    errors = [np.linalg.norm(one - exact) for one in coarse]
    assert np.log2(errors[0] / errors[1]) == pytest.approx(4.0, abs=0.3)


def test_known_states_give_what_shifted_paths_give_without_a_shift() -> None:
    rng = np.random.default_rng(4)
    form = Hamiltonian(MLPScalar(2, (4,)))
    field = NetField(form, ("q", "p"), (), form.initial(0))
    x, v, noise = rng.normal(size=(6, 2)), rng.normal(size=(6, 2)), np.array([1.0, 3.0])
    known = KnownStates(field, x, v, noise)
    moved = ShiftedPaths(field, x, v, np.zeros(6, dtype=np.intp), np.ones((1, 2)), noise)
    values = moved.values(np.zeros(2), field.parameters)
    np.testing.assert_array_equal(values[2:], known.values(field.parameters))
