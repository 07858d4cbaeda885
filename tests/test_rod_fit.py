"""Potentials and masses of pendulums from few samples; the tasks that judge them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import physmodel as pm
from physmodel.errors import DataError, ProblemError
from physmodel.losses.next_sample import NextSample
from physmodel.losses.shooting import Record
from physmodel.models.nets.mlp import MLPScalar
from physmodel.models.nets.net_field import NetField
from physmodel.models.nets.structure.constrained import Constrained
from physmodel.networks.rods import RodFit, fit_rods
from physmodel.optimizers.least_squares.held_out_ridge import held_out_ridge
from physmodel.systems import rods as rod_cases
from physmodel.systems.rods import (
    PIECE,
    ROD_CASES,
    ROUNDING,
    RodCase,
    chain,
    judged_run,
)

Array = np.ndarray
PENDULUM = chain(1)


@pytest.fixture(autouse=True)
def _short_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rod_cases, "RUN", 10)
    monkeypatch.setattr(rod_cases, "TESTS", 10)


def dataset(
    case: RodCase, pieces: Array, units: tuple[float, float] = (1.0, 1.0), gap: float | None = None
) -> xr.Dataset:
    """Records with lengths and times in other units."""
    length, time = units
    d = len(case.names)
    scaled = pieces * np.repeat([length, length / time], d)
    frame = pd.DataFrame(
        scaled.reshape(-1, 2 * d), columns=[*case.names, *(f"{n}_t" for n in case.names)]
    )
    n = pieces.shape[1]
    frame["t"] = np.tile((gap or case.gap) * time * np.arange(n), len(pieces))
    frame["run"] = np.repeat(np.arange(len(pieces)), n)
    return pm.open(frame, time="t", trajectory="run")


def accelerations(field: NetField, motion: Array) -> Array:
    d = len(field.states)
    none = np.empty((len(motion), 0))
    return field.rate(np.zeros(len(motion)), motion[:, :d], motion[:, d:], none)


def test_a_price_is_decided_by_rows_that_were_held_out() -> None:
    rng = np.random.default_rng(0)
    paid, free = rng.normal(size=(60, 20)), rng.normal(size=(60, 3))
    free = np.hstack([free, free[:, :1] - 2.0 * free[:, 1:2]])  # of rank three
    group = np.repeat(np.arange(6), 10)
    simple = held_out_ridge(paid, free, free @ [1.0, -2.0, 0.5, 0.0], group)
    assert np.abs(simple.paid).max() <= 1e-12  # what is free costs nothing
    assert simple.held_out <= 1e-12
    weights = rng.normal(size=20)
    exact = held_out_ridge(paid, free, paid @ weights + free[:, 2], group)
    assert exact.paid == pytest.approx(weights, abs=1e-9)
    noisy = paid[:, :3] @ weights[:3] + 3.0 * rng.normal(size=60)
    found = held_out_ridge(paid, free, noisy, group)
    # The answer is that of the normal equations, and beats those without a price on held-out rows.
    whole = np.hstack([paid, free[:, :3]])
    cost = whole.T @ whole + np.diag(np.repeat([found.price, 0.0], [20, 3]))
    wanted = np.linalg.solve(cost, whole.T @ noisy)
    assert found.paid == pytest.approx(wanted[:20], rel=1e-8, abs=1e-10)
    assert paid @ found.paid + free @ found.free == pytest.approx(whole @ wanted, abs=1e-8)
    wrong = []
    for k in range(6):
        out = group == k
        plain = np.linalg.lstsq(whole[~out], noisy[~out], rcond=None)[0]
        wrong.append(whole[out] @ plain - noisy[out])
    assert found.held_out < np.sqrt(np.mean(np.square(wrong)))


def test_residuals_of_next_samples_and_their_derivatives() -> None:
    case = chain(2)
    pieces, _ = case.draw(0)
    times = case.gap * np.arange(PIECE)
    records = tuple(Record(times, piece, np.empty((PIECE, 0))) for piece in pieces[:3])
    size = np.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0])
    # The exact field leaves the error of the steps.
    exact = NextSample(case.truth(), records, size, 2)
    assert np.abs(exact.values(np.empty(0))).max() <= 1e-13
    assert exact.record.tolist() == np.repeat([0, 1, 2], 4 * 8).tolist()
    form = Constrained(MLPScalar(4, (3,)), case.rods, (1.0, None))
    problem = NextSample(NetField(form, case.names, (), form.initial(0)), records, size)
    theta, way = np.random.default_rng(1).normal(size=(2, form.n_parameters))
    values, slopes = problem.linearised(theta)
    assert values == pytest.approx(problem.values(theta), rel=1e-12, abs=1e-14)
    h = 1e-5  # central differences: h^2 of truncation, eps / h of rounding
    change = (problem.values(theta + h * way) - problem.values(theta - h * way)) / (2.0 * h)
    assert slopes @ way == pytest.approx(change, abs=1e-8)


def fitted(case: RodCase, pieces: Array, **options: object) -> RodFit:
    return fit_rods(dataset(case, pieces), case.rods, case.names, **options)


def test_a_pendulum_is_found_and_units_make_no_difference() -> None:
    pieces, runs = PENDULUM.draw(1)
    points = runs[:, ::3].reshape(-1, 4)
    true = accelerations(PENDULUM.truth(), points)
    fit = fitted(PENDULUM, pieces)
    # Gravity is in the polynomial; what is left is rounding over the interval of 0.03.
    assert accelerations(fit.field, points) == pytest.approx(true, abs=1e-9)
    assert fit.held_out <= 1e-10
    alone = fitted(PENDULUM, pieces, polynomial=False)
    assert np.abs(accelerations(alone.field, points) - true).mean() <= 1e-3
    length, time = 1e3, 1e-4
    other = fit_rods(
        dataset(PENDULUM, pieces, (length, time)),
        PENDULUM.rods,
        PENDULUM.names,
        masses=(5.0,),
        polynomial=False,
    )
    moved = accelerations(other.field, points * np.repeat([length, length / time], 2))
    plain = accelerations(alone.field, points)
    # Rounding of the records, times the condition that the held-out rows allow.
    assert moved * time**2 / length == pytest.approx(plain, abs=1e-4)


def test_masses_of_a_chain_are_found_from_few_records() -> None:
    double = chain(2)
    case = RodCase(double.names, double.rods, (1.0, 2.5), "y1 + 2.5*y2", double.start, double.gap)
    pieces, _ = case.draw(2)
    # Fewer records than parts: they are cut. The law is found as such, and the ratio is exact.
    fit = fitted(case, pieces[:6])
    assert fit.masses == pytest.approx([1.0, 2.5], rel=1e-6)
    assert fit.field.form.masses == (1.0, None)


def test_records_that_say_nothing_are_refused() -> None:
    pieces, _ = PENDULUM.draw(0)
    data = dataset(PENDULUM, pieces)
    with pytest.raises(ProblemError, match="all masses"):
        fit_rods(data, PENDULUM.rods, PENDULUM.names, masses=(None,))
    with pytest.raises(DataError, match="were not measured"):
        fit_rods(data.drop_vars("x1_t"), PENDULUM.rods, PENDULUM.names)
    with pytest.raises(DataError, match="no column"):
        fit_rods(data, PENDULUM.rods, ("x1", "z"))
    with pytest.raises(DataError, match="pairs of samples"):
        fitted(PENDULUM, pieces[:2])
    with pytest.raises(DataError, match="nothing moves"):
        fitted(PENDULUM, np.tile([0.0, -1.0, 0.0, 0.0], (20, 5, 1)))


@pytest.mark.parametrize("name", ROD_CASES)
def test_the_tasks_are_on_their_rods_and_keep_their_energy(name: str) -> None:
    case = ROD_CASES[name]
    rng, field = np.random.default_rng(0), case.truth()
    start = case.start(rng, 5)
    d = len(case.names)
    along, turning = case.rods.along(start[:, :d]), case.rods.turning(start[:, d:])
    assert np.linalg.norm(along, axis=-1) == pytest.approx(1.0, abs=1e-14)
    assert (along * turning).sum(-1) == pytest.approx(0.0, abs=1e-14)
    runs = case.follow(field, start)
    assert case.rods.lengths(runs[..., :d]) == pytest.approx(1.0, abs=1e-9)
    perfect = judged_run(case, field, runs)
    assert perfect["rollout"] == pytest.approx(ROUNDING)
    assert perfect["field_mse"] == 0.0
    # Steps of order eight of 0.015.
    assert perfect["energy_mse"] <= 1e-18
