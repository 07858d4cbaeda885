"""Inputs that are held, straight or smooth between samples, against exact solutions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.linalg import expm

import physmodel as pm
from physmodel.errors import DataError, ProblemError
from physmodel.losses.weak_form.layout import tile_of
from physmodel.models.signals import Signal

Array = NDArray[np.float64]

STEP, COUNT = 0.25, 120
TIME = STEP * np.arange(COUNT)
#: ``x' = -0.2 x + u`` and ``x'' = -1.3 x - 0.3 x' + 2 u``.
SYSTEMS = {
    1: (np.array([[-0.2]]), np.array([1.0]), {"x": -0.2, "u": 1.0}),
    2: (
        np.array([[0.0, 1.0], [-1.3, -0.3]]),
        np.array([0.0, 2.0]),
        {"x": -1.3, "x_t": -0.3, "u": 2.0},
    ),
}


def switched(seed: int = 1, count: int = COUNT) -> Array:
    """An input of two levels that is drawn anew at every sample."""
    return np.random.default_rng(seed).integers(0, 2, count) * 1.0


def advanced(order: int, z: Array, u: float, slope: float, span: float) -> Array:
    """The exact motion after a time in which the input runs straight."""
    a, b, _ = SYSTEMS[order]
    whole = np.zeros((order + 2, order + 2))
    whole[:order, :order], whole[:order, order], whole[order, order + 1] = a, b, 1.0
    return np.asarray((expm(whole * span) @ np.array([*z, u, slope]))[:order])


def motion(order: int, u: Array, hold: str) -> Array:
    """The exact motion at all samples, from rest."""
    z = np.zeros((len(u), order))
    for k in range(1, len(u)):
        slope = 0.0 if hold == "zero" else (u[k] - u[k - 1]) / STEP
        z[k] = advanced(order, z[k - 1], u[k - 1], slope, STEP)
    return z


def data(x: Array, u: Array, time: Array = TIME, hold: str = "") -> xr.Dataset:
    made = pm.from_arrays(time, x, names=["x"], inputs=u, input_names=["u"])
    if hold:
        made["u"].attrs["hold"] = hold
    return made


def terms(law: pm.Result) -> dict[str, float]:
    return {item["term"]: item["coefficient"] for item in law.terms("x")}


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("hold", ["zero", "linear"])
def test_the_true_law_has_no_residual_in_the_weak_form(order: int, hold: str) -> None:
    u, (a, b, _) = switched(), SYSTEMS[order]
    z = motion(order, u, hold)
    signal = Signal(TIME / STEP, u[:, None], (hold,))
    tile = tile_of(TIME / STEP, z[:, :1], signal, order, 8, None)
    # Without a jump a sample is one point, with one it is two.
    assert len(tile.weak.nodes) == len(tile.time) + len(signal.kinks)
    place = np.minimum((tile.time + 1e-9).astype(int), COUNT - 2)
    slope = np.diff(u) / STEP if hold == "linear" else np.zeros(COUNT - 1)
    exact = [
        advanced(order, z[k], u[k], slope[k], STEP * (now - k))
        for k, now in zip(place, tile.time, strict=True)
    ]
    points = tile.points(np.array(exact)[:, :1])
    motions = [points.states] if points.velocities is None else [points.states, points.velocities]
    size = STEP ** np.arange(order, 0, -1)  # of the motion, in units of the sampling interval
    rate = np.column_stack(motions) @ (a[-1] * size) + STEP**order * b[-1] * points.inputs[:, 0]
    residual = tile.weak.left @ points.states[np.searchsorted(tile.weak.nodes, range(len(exact)))]
    # Eight intervals between two kinks: the rules are right to about the tenth power of 1/8.
    assert np.abs(residual[:, 0] - tile.weak.right @ rate).max() < 1e-10


@pytest.mark.parametrize(
    ("order", "hold", "noise"),
    [(1, "zero", 0.0), (2, "linear", 0.0), (1, "linear", 0.005), (2, "zero", 0.005)],
)
def test_law_and_hold_are_found(order: int, hold: str, noise: float) -> None:
    u = switched()
    x = motion(order, u, hold)[:, :1]
    x = x + noise * np.random.default_rng(0).standard_normal(x.shape)
    law = pm.discover(data(x, u))
    # With noise another term may come near by chance.
    assert law.status in ("identified", "ambiguous", "approximate")[: 3 if noise else 1]
    assert dict(law.problem.hold) == {"u": hold}
    assert "I-HOLD" in [finding.code for finding in law.warnings]
    # Five standard errors of the worst coefficient, which is known to about half a per cent.
    assert terms(law) == pytest.approx(SYSTEMS[order][2], rel=0.02 if noise else 1e-6)


@pytest.mark.parametrize("noise", [0.0, 0.01])
def test_levels_that_last_need_no_more_nodes(noise: float) -> None:
    u = np.repeat(np.random.default_rng(3).standard_normal(COUNT // 10), 10)
    x = motion(1, u, "zero") + noise * np.random.default_rng(0).standard_normal((COUNT, 1))
    law = pm.discover(data(x, u))
    assert law.status == "identified"
    assert terms(law) == pytest.approx(SYSTEMS[1][2], rel=0.03 if noise else 1e-8)


@pytest.mark.parametrize("hold", ["zero", "band-limited"])
def test_a_switch_beside_a_wave(hold: str) -> None:
    """``x' = -0.2 x + u + 0.7 s``: u is held, and s, a wave, is held too or is not."""
    u, wave = switched(), np.sin(0.9 * TIME)
    whole = np.zeros((4, 4))  # of x, s, its quadrature, u
    whole[0] = [-0.2, 0.7, 0.0, 1.0]
    if hold != "zero":
        whole[1, 2], whole[2, 1] = 0.9, -0.9
    step, x = expm(STEP * whole), np.zeros((COUNT, 1))
    for k in range(1, COUNT):
        quadrature = np.cos(0.9 * STEP * (k - 1))
        x[k] = (step @ np.array([x[k - 1, 0], wave[k - 1], quadrature, u[k - 1]]))[0]
    law = pm.discover(
        pm.from_arrays(
            TIME,
            x,
            names=["x"],
            inputs=np.column_stack([u, wave]),
            input_names=["u", "s"],
        )
    )
    assert dict(law.problem.hold) == {"u": "zero", "s": hold}
    assert terms(law) == pytest.approx({"x": -0.2, "u": 1.0, "s": 0.7}, rel=1e-5)


def test_an_input_that_is_constant_in_each_record_needs_no_hold() -> None:
    levels, rest = [1.0, -0.5, 2.0], 5.0
    paths = [rest * (1.0 - np.exp(-0.2 * TIME)) * level for level in levels]
    records = pm.from_arrays(
        [TIME] * 3,
        [path[:, None] for path in paths],
        names=["x"],
        inputs=[np.full((COUNT, 1), level) for level in levels],
        input_names=["u"],
    )
    law = pm.discover(records)
    assert not law.problem.hold
    assert terms(law) == pytest.approx(SYSTEMS[1][2], rel=1e-6)


@pytest.mark.parametrize("order", [1, 2])
def test_simulation_is_the_exact_solution(order: int, tmp_path: Path) -> None:
    u = switched()
    z = motion(order, u, "zero")
    law = pm.discover(data(z[:, :1], u, hold="zero"), order=order)
    law.save(tmp_path)
    for each in (law, pm.load(tmp_path)):
        speed = z[0, 1:] if order == 2 else None
        run = each.simulate(z[0, :1], TIME, v0=speed)["x"].values
        # Coefficients are as exact as the rules at the kinks: a few parts in a hundred million.
        np.testing.assert_allclose(run, z[:, 0], rtol=0, atol=1e-7)
        np.testing.assert_allclose(each.simulate(t=TIME)["x"].values, z[:, 0], rtol=0, atol=1e-7)
        assert each.score(data(z[:, :1], u))["free_run_r2"] > 1.0 - 1e-12


@pytest.mark.parametrize("order", [1, 2])
def test_a_fit_takes_the_hold(order: int) -> None:
    u = switched()
    x = motion(order, u, "zero")[:, :1]
    equation = {1: "-a*x + b*u", 2: "-a*x - c*x_t + b*u"}[order]
    truth = [abs(SYSTEMS[order][2][name]) for name in {1: "xu", 2: ("x", "x_t", "u")}[order]]
    for fitted in (
        pm.fit(data(x, u, hold="zero"), {"x": equation}),
        pm.fit(data(x, u), {"x": equation}, hold={"u": "zero"}),
        pm.fit(data(x, u), {"x": equation}),
    ):
        assert dict(fitted.problem.hold) == {"u": "zero"}
        named = dict(zip(fitted.names, fitted.values, strict=True))
        found = [named[name] for name in {1: "ab", 2: "acb"}[order]]
        assert found == pytest.approx(truth, rel=1e-6)


def test_a_hybrid_model_takes_the_hold_of_the_evidence() -> None:
    u = switched()
    law = pm.hybrid(data(motion(1, u, "zero"), u), "x' = -a*x")
    assert dict(law.problem.hold) == {"u": "zero"}
    assert law.known_numbers[0].value == pytest.approx(0.2, rel=1e-6)


@settings(max_examples=3, deadline=None)
@given(clock=st.floats(1e-3, 1e3), size=st.floats(1e-3, 1e3))
def test_units_of_time_and_input_do_not_matter(clock: float, size: float) -> None:
    u = switched(count=60)
    x = motion(1, u, "zero")
    law = pm.discover(data(x, size * u, clock * TIME[:60]))
    truth = {"x": -0.2 / clock, "u": 1.0 / clock / size}
    assert dict(law.problem.hold) == {"u": "zero"}
    assert terms(law) == pytest.approx(truth, rel=1e-8)


def test_a_hold_that_there_is_not_is_refused() -> None:
    u = switched()
    x = motion(1, u, "zero")
    with pytest.raises(ProblemError, match="the hold of 'u' is 'zoh'"):
        pm.discover(data(x, u), hold={"u": "zoh"})
    with pytest.raises(ProblemError, match="'x' in `hold` is not known"):
        pm.discover(data(x, u), hold={"x": "zero"})
    with pytest.raises(DataError, match="the attribute 'hold' is 'step'"):
        pm.discover(data(x, u, hold="step"))


def test_a_file_keeps_the_hold(tmp_path: Path) -> None:
    u = switched()
    data(motion(1, u, "zero"), u, hold="zero").to_netcdf(tmp_path / "run.nc", engine="scipy")
    assert pm.open(tmp_path / "run.nc")["u"].attrs["hold"] == "zero"
