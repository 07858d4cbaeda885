"""Known physics and what it leaves out: hidden terms, nothing, or what no term explains."""

from __future__ import annotations

import json

import numpy as np
import pytest
import xarray as xr
from click.testing import CliRunner
from numpy.typing import NDArray
from scipy.integrate import solve_ivp

import physmodel as pm
from physmodel.cli.root import root
from physmodel.hybrids.results.result import HybridResult

Array = NDArray[np.float64]

PENDULUM = "theta'' = -k*sin(theta)"


def runs(rate, starts, until: float, n: int) -> tuple[Array, list[Array]]:  # type: ignore[no-untyped-def]
    time = np.linspace(0.0, until, n)
    span = (0.0, until)
    made = [solve_ivp(rate, span, s, t_eval=time, rtol=1e-9, atol=1e-11).y.T for s in starts]
    return time, made


def measured(
    time: Array,
    clean: list[Array],
    names: list[str],
    seed: int,
    noise: float = 0.05,
    drive: Array | None = None,
) -> xr.Dataset:
    rng = np.random.default_rng(seed)
    size = noise * np.concatenate(clean).std(axis=0)
    noisy = [one + size * rng.standard_normal(one.shape) for one in clean]
    inputs = None if drive is None else [drive[:, None]] * len(clean)
    return pm.from_arrays(
        [time] * len(clean),
        noisy,
        names=names,
        inputs=inputs,
        input_names=None if drive is None else ["F"],
    )


def pendulum(
    seed: int = 0, drag: float = 0.25, noise: float = 0.05, samples: int = 281
) -> xr.Dataset:
    time, clean = runs(
        lambda _, x: [x[1], -2.0 * np.sin(x[0]) - drag * x[1]],
        [[1.5, 0.0], [2.0, 0.3]],
        0.05 * (samples - 1),
        samples,
    )
    return measured(time, [one[:, :1] for one in clean], ["theta"], seed, noise)


def hidden(result: HybridResult) -> dict[tuple[str, str], float]:
    return {
        (state, item["term"]): item["coefficient"]
        for state, items in result.residual.items()
        for item in items
    }


def check(result: HybridResult, truth: dict[tuple[str, str], float]) -> None:
    """Exactly the true terms, within five standard errors, and nothing left over."""
    assert result.status == "identified"
    assert hidden(result).keys() == truth.keys()
    for state, items in result.residual.items():
        for item in items:
            assert abs(item["coefficient"] - truth[state, item["term"]]) < 5.0 * item["std"]
    assert result.p_left >= 0.01
    assert result.p_known < 0.01


def test_interaction_of_hares_and_lynxes() -> None:
    time, clean = runs(
        lambda _, x: [1.1 * x[0] - 0.4 * x[0] * x[1], -0.4 * x[1] + 0.1 * x[0] * x[1]],
        [[10.0, 5.0], [5.0, 2.0]],
        24.0,
        241,
    )
    result = pm.hybrid(measured(time, clean, ["x", "y"], 1), "x' = a*x, y' = -d*y")
    check(result, {("x", "x*y"): -0.4, ("y", "x*y"): 0.1})
    for one, true in zip(result.known_numbers, (1.1, 0.4), strict=True):
        assert abs(one.value - true) < 5.0 * one.std


def test_drag_of_a_pendulum_of_which_the_angle_is_measured() -> None:
    check(pm.hybrid(pendulum(), PENDULUM), {("theta", "theta_t"): -0.25})


def test_cubic_spring_and_forcing_as_input() -> None:
    def force(t):  # type: ignore[no-untyped-def]
        return 1.2 * np.cos(1.3 * t) + 0.5 * np.sin(0.37 * t)

    time, clean = runs(
        lambda t, x: [x[1], -x[0] - 0.5 * x[0] ** 3 - 0.2 * x[1] + force(t)],
        [[0.5, 0.0], [-0.8, 0.3]],
        30.0,
        601,
    )
    data = measured(time, [one[:, :1] for one in clean], ["x"], 0, drive=force(time))
    data["F"].attrs["hold"] = "band-limited"  # what is not said costs a search for each hold
    check(pm.hybrid(data, "x'' = -k*x - c*x' + b*F"), {("x", "x^3"): -0.5})


def test_a_saturating_term_is_no_polynomial() -> None:
    time, clean = runs(
        lambda _, x: [0.3 - 0.05 * x[0] - x[0] / (0.5 + x[0]), 0.2 * x[0] - 0.3 * x[1]],
        [[6.0, 0.5], [4.0, 3.0]],
        16.0,
        129,
    )
    result = pm.hybrid(measured(time, clean, ["x", "y"], 1, 0.02), "x' = s - m*x, y' = p*x - q*y")
    assert hidden(result).keys() == {("x", "x/(K + x)")}
    inner = result.residual["x"][0]["constant"]
    assert abs(inner["value"] - 0.5) < 5.0 * inner["std"]


def test_what_saturates_in_one_equation_and_enters_another_is_one_function() -> None:
    """Predators that can eat no more than so much: one constant, a factor in each equation."""

    def rate(_, z):  # type: ignore[no-untyped-def]
        eaten = z[0] * z[1] / (1.5 + z[0])
        return [0.8 * z[0] - 0.13 * z[0] ** 2 - 1.2 * eaten, 0.7 * eaten - 0.3 * z[1]]

    time, clean = runs(rate, [[3.0, 1.0], [1.0, 2.5]], 40.0, 161)
    data = measured(time, clean, ["x", "y"], 0, 0.02)
    result = pm.hybrid(data, "x' = r*x - q*x^2, y' = -m*y", degree=2)
    check(result, {("x", "x*y/(K + x)"): -1.2, ("y", "x*y/(K + x)"): 0.7})
    first, second = (result.residual[state][0]["constant"] for state in ("x", "y"))
    assert first == second
    assert abs(first["value"] - 1.5) < 5.0 * first["std"]


def test_drag_by_the_square_is_named_although_no_library_holds_it() -> None:
    time, clean = runs(
        lambda _, x: [x[1], -x[0] - 0.3 * abs(x[1]) * x[1]], [[2.0, 0.0], [3.0, 0.5]], 16.0, 321
    )
    data = measured(time, [one[:, :1] for one in clean], ["x"], 0)
    check(pm.hybrid(data, "x'' = -k*x"), {("x", "x_t*abs(x_t)"): -0.3})


def test_a_term_that_is_withheld_leaves_something() -> None:
    result = pm.hybrid(pendulum(), PENDULUM, library=("1", "theta", "theta^2"))
    assert result.status == "no-law"
    assert result.p_left < 0.01
    assert result.unexplained_fraction > 0.01  # the drag takes 3 to 4% of the rates
    assert "more than noise" in str(result)


def test_nothing_is_added_to_a_closed_equation() -> None:
    time, clean = runs(
        lambda _, x: [x[1], -2.0 * np.sin(x[0]) - 0.25 * x[1]], [[1.5, 0.0], [2.0, 0.3]], 14.0, 281
    )
    data = measured(time, clean, ["theta", "w"], 0)
    result = pm.hybrid(data, "theta' == w, w' = -k*sin(theta)")
    check(result, {("w", "w"): -0.25})
    assert all(not rival["residual"]["theta"] for rival in result.rivals)


def test_complete_physics_suffices() -> None:
    """Three draws at the level of 0.01: two false alarms have a chance of 0.0003."""
    results = [pm.hybrid(pendulum(seed, drag=0.0), PENDULUM) for seed in range(3)]
    assert sum(one.p_known < 0.01 for one in results) <= 1
    assert sum(one.status == "known-suffices" for one in results) >= 2


def test_without_noise_the_answer_is_exact() -> None:
    result = pm.hybrid(pendulum(noise=0.0), PENDULUM)
    assert hidden(result)["theta", "theta_t"] == pytest.approx(-0.25, rel=1e-6)  # rtol of the data
    assert pm.hybrid(pendulum(noise=0.0, drag=0.0), PENDULUM).status == "known-suffices"


def test_units_do_not_matter() -> None:
    data = pendulum()
    known = "theta'' = -k*theta"
    first = pm.hybrid(data, known, degree=3)
    data["theta"] = data["theta"] * 1e6
    second = pm.hybrid(data, known, degree=3)
    assert hidden(first).keys() == hidden(second).keys()
    assert second.p_left == first.p_left
    cubic = ("theta", "theta^3")
    assert hidden(second)[cubic] * 1e12 == pytest.approx(hidden(first)[cubic], rel=1e-4)


def test_numbers_that_cannot_be_told_apart_are_said() -> None:
    result = pm.hybrid(pendulum(), "theta'' = -k*sin(theta) + q*sin(theta)")
    assert result.status == "not-identifiable"


def test_a_number_inside_a_function_is_found() -> None:
    result = pm.hybrid(pendulum(1), "theta'' = -k*sin(w*theta)")
    assert hidden(result).keys() == {("theta", "theta_t")}
    w = result.known_numbers[1]
    assert abs(w.value - 1.0) < 5.0 * w.std


def test_noise_is_no_law() -> None:
    noise = np.random.default_rng(0).normal(size=(200, 1))
    result = pm.hybrid(pm.from_arrays(np.arange(200.0), noise, names=["x"]), "x' = -k*x")
    assert result.status == "no-law"


def test_what_a_law_leaves_out() -> None:
    data = pendulum()
    law = pm.discover(data, library=("theta", "theta^3"), order=2)
    left = pm.hybrid(law.data, law)
    assert ("theta", "theta_t") in hidden(left)
    whole = pm.discover(data, library=("sin(theta)", "theta_t"), order=2)
    assert pm.hybrid(whole.data, whole).status == "known-suffices"


@pytest.mark.parametrize("known", ["theta'' == -k*sin(theta)", "theta'' == -2*sin(theta)"])
def test_where_nothing_may_be_added_the_known_part_is_judged(known: str) -> None:
    assert pm.hybrid(pendulum(drag=0.0), known).status == "known-suffices"
    damped = pm.hybrid(pendulum(), known)
    assert (damped.status, hidden(damped)) == ("no-law", {})
    assert damped.p_left < 0.01


def test_a_known_part_without_a_value_at_some_state_is_refused_with_the_state() -> None:
    with pytest.raises(pm.ProblemError, match="of 'theta' has no finite value") as told:
        pm.hybrid(pendulum(), "theta'' = -k*log(theta)")
    assert "theta = -" in str(told.value)


def test_a_start_from_which_no_number_can_be_found_leads_to_no_law() -> None:
    """At zero the sine and its slopes vanish: the search cannot know where to go."""
    result = pm.hybrid(pendulum(samples=51), "theta'' = -k*sin(w*theta)", start={"w": 0.0})
    assert not result.lawful or hidden(result)  # an answer, whichever, and no traceback


def test_a_number_that_is_zero_within_its_error_is_said() -> None:
    result = pm.hybrid(pendulum(), "theta'' = -k*sin(theta) - c*theta' - q")
    assert result.status == "known-suffices"
    assert "(q: zero within the error; the equations may do without)" in str(result)


@pytest.mark.parametrize("known", [None, 3, ["theta'' = -k"], {3: "x"}, {"theta''": None}])
def test_known_equations_that_are_no_text_are_refused(known: object) -> None:
    with pytest.raises(pm.ProblemError):
        pm.hybrid(pendulum(), known)  # type: ignore[arg-type]


@pytest.mark.parametrize("start", [{"k": "2"}, {"k": np.nan}, {"q": 1.0}])
def test_starts_that_are_no_numbers_are_refused(start: dict[str, object]) -> None:
    with pytest.raises(pm.ProblemError):
        pm.hybrid(pendulum(), PENDULUM, start=start)  # type: ignore[arg-type]


def test_an_order_that_the_known_equations_contradict_is_refused() -> None:
    with pytest.raises(pm.ProblemError, match="of order 2"):
        pm.hybrid(pendulum(), PENDULUM, order=1)


@pytest.mark.parametrize(
    "known",
    [
        "",
        "x",
        "x' =",
        "x' = a*x, x' = b",
        "x' = a*x, y'' = b",
        "q' = a",
        "x' = y'",
        "x'+y = 2",
        "x' = a*(x",
        "x' = open(x)",
    ],
)
def test_text_that_is_no_equation_is_refused_in_words(known: str) -> None:
    rows = np.random.default_rng(0).normal(size=(50, 2))
    data = pm.from_arrays(np.arange(50.0), rows, names=["x", "y"])
    with pytest.raises(pm.ProblemError):
        pm.hybrid(data, known)


def test_command_prints_the_contract(tmp_path) -> None:  # type: ignore[no-untyped-def]
    data = pendulum()
    n = int(data["row_size"].values[0])
    table = np.column_stack([data["time"].values[:n], data["theta"].values[:n]])
    path = tmp_path / "pendulum.csv"
    np.savetxt(path, table, delimiter=",", header="t,theta", comments="")
    ran = CliRunner().invoke(root, ["hybrid", str(path), "--known", PENDULUM, "--json", "-q"])
    assert ran.exit_code == 0, ran.output
    answer = json.loads(ran.stdout)
    assert answer["status"] == "identified"
    assert [item["term"] for item in answer["residual"]["theta"]] == ["theta_t"]
    assert answer["known"] == {"theta": "-k*sin(theta)"}
    assert 0.0 <= answer["unexplained_fraction"] < 0.01
    told = CliRunner().invoke(root, ["hybrid", str(path), "--known", PENDULUM])
    assert max(map(len, told.stdout.splitlines())) <= 80
    assert CliRunner().invoke(root, ["hybrid", str(path), "--known", "x' = 1"]).exit_code == 2


def test_numbers_without_a_finite_value_are_told() -> None:
    t = np.linspace(0.0, 10.0, 150)
    data = pm.from_arrays(t, np.exp(0.3 * np.column_stack([t, -t])), names=["x", "y"])
    with pytest.raises(pm.ProblemError, match="leaves all bounds"):
        pm.hybrid(data, "x' = exp(k*x), y' = -x", start={"k": 3.0})


def test_a_defect_of_the_search_is_not_blamed_on_the_equations(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(*_: object) -> None:
        raise np.linalg.LinAlgError("a defect")

    monkeypatch.setattr("physmodel.hybrids.search.leftover", broken)
    monkeypatch.setattr("physmodel.hybrids.weak.rounds.solved", broken)
    t = np.linspace(0.0, 10.0, 100)
    data = pm.from_arrays(t, np.column_stack([np.cos(t), -np.sin(t)]), names=["x", "y"])
    with pytest.raises(np.linalg.LinAlgError, match="a defect"):
        pm.hybrid(data, "x' = y, y' = -k*x")


def test_a_library_that_the_known_part_holds_leaves_nothing_to_try() -> None:
    time = np.linspace(0.0, 10.0, 101)
    noise = 0.005 * np.random.default_rng(0).standard_normal(101)
    relaxed = pm.from_arrays(time, (2.0 - np.exp(-0.5 * time) + noise)[:, None], names=["x"])
    assert pm.hybrid(relaxed, "x' = a*x + c", degree=1).status == "known-suffices"
    grown = pm.from_arrays(time, (1 / (1 + 9 * np.exp(-time)) + noise)[:, None], names=["x"])
    assert pm.hybrid(grown, "x' = a*x + c", degree=1).status == "no-law"


def test_few_samples_of_complete_physics() -> None:
    """Five draws at a level of 0.01: two false alarms have a chance of 0.001."""
    time = np.linspace(0.0, 4.0, 15)
    clean = runs(lambda _, s: [0.6 - 1.5 * s[0] / (0.3 + s[0])], [[2.5]], 4.0, 15)[1][0]
    suffices = 0
    for seed in range(5):
        noisy = clean + 0.015 * np.random.default_rng(seed).standard_normal(clean.shape)
        result = pm.hybrid(pm.from_arrays(time, noisy, names=["s"]), "s' = a - v*s/(K + s)")
        suffices += result.status == "known-suffices"
    assert suffices >= 4
