"""Fits by multiple shooting, against known parameters, closed forms and finite differences."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

import physmodel as pm
from physmodel.cli.root import root
from physmodel.errors import DataError, ProblemError
from physmodel.losses.flow import Intervals, flow_end, linearised_flow
from physmodel.losses.shooting import MultipleShooting, Record
from physmodel.models.fields.expression_field import expression_field
from physmodel.models.nets.mlp import MLPField
from physmodel.models.nets.net_field import NetField

LORENZ = {"x": "s*(y - x)", "y": "x*(r - z) - y", "z": "x*y - b*z"}
TRUTH = np.array([10.0, 15.0, 8.0 / 3.0])


def lorenz(samples: int) -> tuple[np.ndarray, np.ndarray]:
    time = np.linspace(0.0, 3.0, samples)

    def rhs(t: float, x: np.ndarray) -> list[float]:
        s, r, b = TRUTH
        return [s * (x[1] - x[0]), x[0] * (r - x[2]) - x[1], x[0] * x[1] - b * x[2]]

    found = solve_ivp(
        rhs, (0.0, 3.0), [-8.0, 7.0, 27.0], t_eval=time, rtol=1e-12, atol=1e-12, method="DOP853"
    )
    return time, found.y.T


def test_lorenz_from_a_start_of_ones() -> None:
    time, states = lorenz(25)
    found = pm.fit(pm.from_arrays(time, states, names=["x", "y", "z"]), LORENZ)
    assert found.ending == "converged"
    assert found.explained
    for stage in found.stages:
        # A step that raises the cost is never taken, to the last bits of a sum.
        assert np.all(np.diff(stage.cost) <= 1e-12 * stage.cost[:-1])
    assert found.stages[-1].ending == found.ending
    # Least noise 1e-7 of the spread, integration error 1e-2 of that.
    assert found.values == pytest.approx(TRUTH, rel=1e-7)
    assert found.names == ("s", "r", "b")
    # Newton's method on a smooth problem: a broken elimination would need many more steps.
    assert sum(len(stage.cost) for stage in found.stages) < 100


def test_noise_is_found_and_chaos_survived() -> None:
    time, states = lorenz(100)
    sigma = 0.02 * states.std(axis=0)
    noisy = states + sigma * np.random.default_rng(0).normal(size=states.shape)
    found = pm.fit(pm.from_arrays(time, noisy, names=["x", "y", "z"]), LORENZ)
    # Four standard errors of three parameters; the noise of 100 samples is known to 7%.
    assert np.all(np.abs(found.values - TRUTH) < 4.0 * found.std_errors)
    assert list(found.noise_std.values()) == pytest.approx(sigma, rel=0.3)


def test_positions_alone_give_a_second_order_law() -> None:
    time = np.linspace(0.0, 20.0, 200)
    angle = solve_ivp(
        lambda t, x: [x[1], -2.0 * np.sin(x[0]) - 0.1 * x[1]],
        (0.0, 20.0),
        [2.0, 0.0],
        t_eval=time,
        rtol=1e-11,
        atol=1e-11,
    ).y[0]
    noisy = angle + 0.05 * np.random.default_rng(0).normal(size=len(time))
    found = pm.fit(pm.from_arrays(time, noisy[:, None], names=["q"]), {"q": "-k*sin(q) - c*q_t"})
    errors = np.abs(found.values - [2.0, 0.1])
    assert np.all(errors < 4.0 * found.std_errors)
    # The fitted start and law follow the clean course to the error of 200 samples.
    assert np.abs(found.simulate(t=time)["q"].values - angle).max() < 0.05


def test_irregular_samples_and_inputs() -> None:
    rng = np.random.default_rng(1)
    time = np.sort(rng.uniform(0.0, 10.0, 80))
    push = np.sin(time)  # straight between samples for the fit, and for the truth
    x = solve_ivp(
        lambda t, x: -0.7 * x + 2.0 * np.interp(t, time, push),
        (time[0], time[-1]),
        [1.0],
        t_eval=time,
        rtol=1e-11,
        atol=1e-11,
        max_step=0.01,
    ).y[0]
    data = pm.from_arrays(time, x[:, None], names=["x"], inputs=push[:, None], input_names=["u"])
    found = pm.fit(data, {"x": "-a*x + c*u"})
    assert found.values == pytest.approx([0.7, 2.0], rel=1e-6)


def test_intervals_cover() -> None:
    """Exponential decay: 90% intervals of 30 draws hold the truth, binomial at three sigma."""
    time = np.linspace(0.0, 3.0, 20)
    clean = 2.0 * np.exp(-time)
    inside = 0
    for seed in range(30):
        noisy = clean + 0.03 * np.random.default_rng(seed).normal(size=20)
        found = pm.fit(pm.from_arrays(time, noisy[:, None], names=["x"]), {"x": "-k*x"})
        low, high = found.intervals(0.9)[0]
        inside += low < 1.0 < high
    assert 27 - 3 * 1.64 <= inside <= 30


def test_errors_are_those_of_the_closed_form() -> None:
    """Relaxation ``x' = c - k x``: the solution is known, and so are its derivatives."""
    time = np.linspace(0.0, 4.0, 25)

    def solution(k: float, c: float, first: float) -> np.ndarray:
        return first * np.exp(-k * time) + c / k * (1.0 - np.exp(-k * time))

    noisy = solution(1.3, 0.7, 2.0) + 0.05 * np.random.default_rng(0).normal(size=25)
    found = pm.fit(pm.from_arrays(time, noisy[:, None], names=["x"]), {"x": "-k*x + c"})
    ended = np.array([*found.values, found.start["states"][0]])
    sides = [(solution(*(ended + h)), solution(*(ended - h))) for h in 1e-6 * np.eye(3)]
    jacobian = np.column_stack([(up - down) / 2e-6 for up, down in sides])
    residuals = noisy - solution(*ended)
    assert found.freedom == 22
    assert found.noise_std["x"] == pytest.approx(np.sqrt(residuals @ residuals / 22), rel=1e-3)
    want = np.linalg.inv(jacobian.T @ jacobian)[:2, :2] * found.noise_std["x"] ** 2
    # Central differences of 1e-6.
    assert found.covariance == pytest.approx(want, rel=1e-6)
    # The gradient vanishes, to 1e-5 of the noise.
    assert jacobian.T @ residuals == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize("size", [1e-6, 1e6])
def test_units_change_nothing_but_units(size: float) -> None:
    time = np.linspace(0.0, 4.0, 40)
    x = 2.0 / (1.0 + np.exp(-time)) + 0.01 * np.random.default_rng(0).normal(size=40)
    fits = [
        pm.fit(pm.from_arrays(time, s * x[:, None], names=["x"]), {"x": "r*x - q*x^2"}, start=first)
        for s, first in ((1.0, None), (size, {"q": 1.0 / size}))
    ]
    # The descent stops at 1e-12 of the cost, which is 1e-6 of an error of a parameter.
    assert fits[1].values * [1.0, size] == pytest.approx(fits[0].values, rel=1e-5)
    assert fits[1].std_errors * [1.0, size] == pytest.approx(fits[0].std_errors, rel=1e-4)


def test_a_wrong_law_is_said_to_be_wrong() -> None:
    time = np.linspace(0.0, 20.0, 60)
    states = solve_ivp(
        lambda t, x: [x[0] - 0.5 * x[0] * x[1], -0.8 * x[1] + 0.3 * x[0] * x[1]],
        (0.0, 20.0),
        [4.0, 1.0],
        t_eval=time,
        rtol=1e-10,
    ).y.T
    noisy = states + 0.02 * np.random.default_rng(0).normal(size=states.shape)
    data = pm.from_arrays(time, noisy, names=["x", "y"])
    found = pm.fit(data, {"x": "a*x - b*x*y", "y": "-c*y"})
    assert not found.explained
    assert "does not explain" in str(found)


def test_what_the_data_do_not_determine() -> None:
    time = np.linspace(0.0, 2.0, 30)
    data = pm.from_arrays(time, np.exp(-time)[:, None], names=["x"])
    found = pm.fit(data, {"x": "-(a + b)*x"})
    assert np.sum(found.values) == pytest.approx(1.0, rel=1e-6)
    assert found.undetermined == ("a", "b")
    assert np.all(np.isinf(found.std_errors))
    assert "do not determine a, b" in str(found)


def test_states_that_were_not_measured() -> None:
    time, states = lorenz(100)
    data = pm.from_arrays(time, states[:, :1], names=["x"])
    found = pm.fit(data, LORENZ, unmeasured=["y", "z"])
    assert found.explained
    # Least noise 1e-7 of the spread, thirty times as much for what is seen through x alone.
    assert found.values == pytest.approx(TRUTH, rel=1e-6)
    assert found.simulate(t=time)[["x", "y", "z"]].to_dataframe()[
        ["x", "y", "z"]
    ].values == pytest.approx(states, abs=1e-3)
    with pytest.raises(ProblemError, match="no state"):
        pm.fit(data, LORENZ, unmeasured=["u"])
    with pytest.raises(ProblemError, match="no state is measured"):
        pm.fit(data, LORENZ, unmeasured=["x", "y", "z"])


def test_a_state_that_leaves_no_trace_determines_nothing() -> None:
    time = np.linspace(0.0, 2.0, 30)
    noisy = np.exp(-time) + 0.01 * np.random.default_rng(0).normal(size=30)
    data = pm.from_arrays(time, noisy[:, None], names=["x"])
    found = pm.fit(data, {"x": "-a*x", "y": "-b*y + x"}, unmeasured=["y"])
    assert found.undetermined == ("b",)
    assert abs(found.values[0] - 1.0) < 4.0 * found.std_errors[0]


def test_clean_rates_at_noisy_states() -> None:
    """A spring: regression of rates on states with noise 0.1 would lose 2% to 5%."""
    rng, time = np.random.default_rng(0), np.linspace(0.0, 3.0, 30)
    records = []
    for phase, size in zip(rng.uniform(0.0, 6.0, 5), rng.uniform(0.3, 1.0, 5), strict=True):
        q, p = size * np.cos(2.0 * time + phase), -size * np.sin(2.0 * time + phase)
        noisy = np.column_stack([q, p]) + 0.1 * rng.normal(size=(30, 2))
        records.append(np.column_stack([noisy, 2.0 * p, -2.0 * q]))
    data = pm.from_arrays([time] * 5, records, names=["q", "p", "q_t", "p_t"])
    found = pm.fit(data, {"q": "a*p", "p": "-b*q"})
    # The rates are exact: what is left is the slack of 1e-4 of the noise.
    assert found.values == pytest.approx([2.0, 2.0], abs=1e-5)
    assert found.noise_std["q"] == pytest.approx(0.1, rel=0.2)  # 150 samples: 6%
    assert found.noise_std["q_t"] < 1e-4


def test_velocities_and_accelerations_sharpen_a_second_order_law() -> None:
    rng, time = np.random.default_rng(0), np.linspace(0.0, 10.0, 60)
    x = np.cos(1.5 * time) * np.exp(-0.1 * time)
    v = -1.5 * np.sin(1.5 * time) * np.exp(-0.1 * time) - 0.1 * x
    clean, sizes = np.column_stack([x, v, -2.26 * x - 0.2 * v]), np.array([0.02, 0.05, 0.05])
    noisy = clean + sizes * rng.normal(size=clean.shape)
    names, errors = ["x", "x_t", "x_tt"], []
    for k in (1, 2, 3):
        data = pm.from_arrays(time, noisy[:, :k], names=names[:k])
        found = pm.fit(data, {"x": "-k*x - c*x_t"})
        assert np.all(np.abs(found.values - [2.26, 0.2]) < 4.0 * found.std_errors)
        # The noise of 60 samples is known to 10%.
        assert list(found.noise_std.values()) == pytest.approx(sizes[:k], rel=0.4)
        errors.append(found.std_errors)
    assert np.all(errors[2] < errors[0])


def test_a_network_is_fitted_by_the_same_code() -> None:
    time = np.linspace(0.0, 6.0, 60)
    x = np.tanh(time - 3.0)
    noisy = x + 0.01 * np.random.default_rng(0).normal(size=60)
    form = MLPField(1, hidden=(2,))
    field = NetField(form, ("x",), (), form.initial(1))
    found = pm.fit(pm.from_arrays(time, noisy[:, None], names=["x"]), field)
    assert found.explained
    assert found.simulate(t=time)["x"].values == pytest.approx(
        x, abs=0.02
    )  # two standard deviations


@pytest.mark.parametrize(
    ("equations", "error", "part"),
    [
        ({"x": "-k*x", "y": "-y"}, DataError, "no column 'y'"),
        ({"x": "-x"}, ProblemError, "no parameter"),
        ({"x": "-k*x + "}, ProblemError, "."),
        ({"x": "a + b*x + c*x^2 + d*x^3 + e*x^4"}, DataError, "unknowns"),
    ],
)
def test_refusals(equations: dict[str, str], error: type[Exception], part: str) -> None:
    data = pm.from_arrays(np.arange(5.0), np.exp(-np.arange(5.0))[:, None], names=["x"])
    with pytest.raises(error, match=part):
        pm.fit(data, equations)


@given(seed=st.integers(0, 10**6))
@settings(max_examples=10)
def test_flow_derivatives(seed: int) -> None:
    rng = np.random.default_rng(seed)
    field = expression_field({"x": "a*y - b*x^3 + u", "y": "-sin(x) + a*b"}, inputs=["u"])
    field = field.with_parameters(rng.uniform(-1.0, 1.0, 2))
    intervals = Intervals(
        rng.normal(size=3), rng.uniform(0.1, 0.5, 3), rng.normal(size=(3, 1)), np.ones((3, 1))
    )
    start = rng.uniform(-1.0, 1.0, (3, 2))
    flow = linearised_flow(field, intervals, start, 2)
    h = 1e-6
    for j in range(2):
        moved = [flow_end(field, intervals, start + s * h * np.eye(2)[j], 2) for s in (1, -1)]
        # Central differences: h^2 of truncation, eps / h of rounding.
        assert flow.by_start[:, :, j] == pytest.approx((moved[0] - moved[1]) / (2 * h), abs=1e-8)
        other = [field.with_parameters(field.parameters + s * h * np.eye(2)[j]) for s in (1, -1)]
        ends = [flow_end(one, intervals, start, 2) for one in other]
        assert flow.by_parameter[:, :, j] == pytest.approx((ends[0] - ends[1]) / (2 * h), abs=1e-8)


def test_flow_has_order_eight_and_a_safe_error() -> None:
    field = expression_field({"x": "k*x*cos(t)"})
    one = Intervals(np.zeros(1), np.full(1, 4.0), np.zeros((1, 0)), np.zeros((1, 0)))
    errors = []
    for steps in (2, 4, 8):
        flow = linearised_flow(field, one, np.ones((1, 1)), steps)
        errors.append(abs(flow.end[0, 0] - np.exp(np.sin(4.0))))
        assert errors[-1] < flow.error[0, 0]
    orders = np.log2(np.divide(errors[:-1], errors[1:]))
    assert np.all(orders > 7.0)  # of order eight, from above or below


def test_shooting_derivatives_and_zero_at_the_truth() -> None:
    time, states = lorenz(13)
    states[3, 1] = np.nan  # one value was not measured
    record = Record(time, states, np.zeros((13, 0)))
    field = expression_field(LORENZ)
    problem = MultipleShooting(field, [record], np.ones(3), np.full(3, 0.1), 8)
    local = lorenz(13)[1].ravel()
    # Integration errors of 8 steps of order eight, and of the truth, over the slack.
    assert problem.values(local, TRUTH) == pytest.approx(0.0, abs=1e-6)
    rng = np.random.default_rng(0)
    local, shared = local + 0.1 * rng.normal(size=len(local)), TRUTH + rng.normal(size=3)
    residuals, by_local, by_shared = problem.linearised(local, shared)
    assert residuals == pytest.approx(problem.values(local, shared), rel=1e-12, abs=1e-12)
    along = rng.normal(size=len(local)), rng.normal(size=3)
    h = 1e-6
    sides = [problem.values(local + s * h * along[0], shared + s * h * along[1]) for s in (1, -1)]
    slope = by_local @ along[0] + by_shared @ along[1]
    # Central differences of residuals of size 100.
    assert slope == pytest.approx((sides[0] - sides[1]) / (2 * h), rel=1e-5, abs=1e-5)


def test_derivatives_with_rates_of_second_order() -> None:
    rng, field = np.random.default_rng(0), expression_field({"x": "-k*x - c*x_t^3 + a*t"})
    motion, rates = rng.normal(size=(6, 2)), rng.normal(size=(6, 1))
    motion[2, 1] = rates[4, 0] = np.nan
    record = Record(np.linspace(0.0, 1.0, 6), motion, np.zeros((6, 0)), rates)
    problem = MultipleShooting(
        field, [record, record], np.array([0.1, 0.5]), np.array([0.2, 0.3]), 2, np.array([0.7])
    )
    local, shared = rng.normal(size=24), rng.normal(size=3)
    residuals, by_local, by_shared = problem.linearised(local, shared)
    assert len(residuals) == 2 * (11 + 10 + 5)
    assert residuals == pytest.approx(problem.values(local, shared), rel=1e-12, abs=1e-12)
    along, h = (rng.normal(size=24), rng.normal(size=3)), 1e-6
    sides = [problem.values(local + s * h * along[0], shared + s * h * along[1]) for s in (1, -1)]
    slope = by_local @ along[0] + by_shared @ along[1]
    assert slope == pytest.approx((sides[0] - sides[1]) / (2 * h), rel=1e-6, abs=1e-6)


@pytest.mark.parametrize(
    "equations",
    ["x' = -k*x + c", "dx/dt = c - k*x", {"x'": "-k*x + c"}, {"x": "-k*x + c"}],
    ids=str,
)
def test_equations_in_every_form_are_the_same_fit(equations: str | dict[str, str]) -> None:
    """x = 2 + e^(-t): k = 1, c = 2, to the tolerance of the integrator."""
    t = np.linspace(0.0, 4.0, 81)
    found = pm.fit(pm.from_arrays(t, 2.0 + np.exp(-t)[:, None], names=["x"]), equations)
    numbers = dict(zip(found.names, found.values, strict=True))
    assert numbers["k"] == pytest.approx(1.0, abs=1e-6)
    assert numbers["c"] == pytest.approx(2.0, abs=1e-6)


def test_second_order_in_text_takes_a_velocity() -> None:
    t = np.linspace(0.0, 10.0, 201)
    data = pm.from_arrays(t, np.cos(2.0 * t)[:, None], names=["x"])
    assert pm.fit(data, "x'' = -k*x - c*x'").values[0] == pytest.approx(4.0, abs=1e-6)
    with pytest.raises(pm.ProblemError, match="order 2"):
        pm.fit(data, "x'' = -k*x", order=1)


def test_the_command_fits(tmp_path: Path) -> None:
    t = np.linspace(0.0, 4.0, 81)
    noise = 1e-3 * np.random.default_rng(0).standard_normal(81)
    path = tmp_path / "decay.csv"
    path.write_text(
        "t,x\n" + "".join(f"{a},{b}\n" for a, b in zip(t, np.exp(-t) + noise, strict=True))
    )
    done = CliRunner().invoke(root, ["fit", str(path), "--equations", "x' = -k*x", "--json"])
    assert done.exit_code == 0, done.output
    table = json.loads(done.stdout)
    k = table["parameters"]["k"]
    assert table["status"] == "identified"
    assert abs(k["value"] - 1.0) < 5.0 * k["std"]
    wrong = CliRunner().invoke(root, ["fit", str(path), "--equations", "x = -k*x"])
    assert wrong.exit_code == 2
    assert "no rate of change" in wrong.output
