"""What a status claims: other terms would have shown, and the law predicts its own record."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.integrate import solve_ivp

import physmodel as pm
from physmodel.constants import ENGINE
from physmodel.data.measurement.profile import NoiseProfile
from physmodel.discovery.hidden import hidden_term
from physmodel.discovery.identification import Identification, identify
from physmodel.discovery.outcome import terms_result
from physmodel.losses.weak_form.preparation import prepare
from physmodel.models.libraries.library import candidate_libraries
from physmodel.models.terms import shift_closed
from physmodel.problem.algebra.parser import parse
from physmodel.progress import watching

Array = NDArray[np.float64]


def run(rates, start, end: float, count: int, rtol: float = 1e-10) -> tuple[Array, Array]:
    t = np.linspace(0.0, end, count)
    solution = solve_ivp(rates, (0.0, end), start, t_eval=t, rtol=rtol, atol=1e-2 * rtol)
    return t, solution.y.T


def lorenz(_: float, s: Array) -> list[float]:
    return [10.0 * (s[1] - s[0]), s[0] * (28.0 - s[2]) - s[1], s[0] * s[1] - 8.0 / 3.0 * s[2]]


def prey(_: float, s: Array) -> list[float]:
    return [s[0] - 0.1 * s[0] * s[1], -1.5 * s[1] + 0.075 * s[0] * s[1]]


def noisy(x: Array, level: float, seed: int = 0) -> Array:
    return x + level * x.std(axis=0) * np.random.default_rng(seed).standard_normal(x.shape)


def terms(law: pm.Result) -> dict[str, set[str]]:
    return {s: {item["term"] for item in law.terms(s)} for s in law.problem.states}


def answered(data, **known) -> tuple[pm.Problem, Identification]:
    problem = pm.Problem(tuple(n for n in data if n != "row_size"), **known)
    prepared = prepare(data, problem)
    return problem, identify(prepared, candidate_libraries(problem, prepared.n_samples))


@pytest.mark.parametrize("rtol", [1e-4, 1e-6])
def test_errors_of_a_solver_settle(rtol: float) -> None:
    """Tails and size of the equation error used to swing by a factor of a thousand."""
    t, x = run(lambda _, s: [s[1], (1 - s[0] ** 2) * s[1] - s[0]], [1.0, 1.0], 20.0, 600, rtol)
    _, answer = answered(pm.from_arrays(t, x, names=["x", "y"]), degree=3, order=1)
    assert answer.law.converged
    assert answer.best.terms == {(0, "y"), (1, "x"), (1, "y"), (1, "x^2*y")}
    # Of the size of the tolerance: rates are off by more than states are.
    assert 0.0 < answer.law.share_left < 100.0 * rtol


def test_white_errors_of_a_solver_bring_no_terms_in() -> None:
    t, x = run(lorenz, [1.0, 1.0, 20.0], 5.0, 500, 1e-6)
    law = pm.discover(pm.from_arrays(t, x, names=["x", "y", "z"]))
    assert terms(law) == {"x": {"x", "y"}, "y": {"x", "y", "x*z"}, "z": {"z", "x*y"}}


def test_laws_are_compared_where_no_error_of_the_equation_is_left() -> None:
    """On long records the evidence rises by a hundred while that error shrinks to nothing."""
    runs = [run(lorenz, [x, 1.0, 20.0], 8.0, 1200) for x in (1.0, -5.0, 9.0)]
    noisy_runs = [noisy(x, 0.1, seed) for seed, (_, x) in enumerate(runs)]
    data = pm.from_arrays([t for t, _ in runs], noisy_runs, names=["x", "y", "z"])
    _, answer = answered(data, degree=2, order=1)
    assert answer.law.slack == pytest.approx(ENGINE.least_slack)
    settled = [c.law for c in answer.candidates if c.law.complete and c.law.converged]
    assert all(law.slack.max() == pytest.approx(ENGINE.least_slack) for law in settled)
    assert len(answer.best.terms) == 7


@pytest.mark.parametrize("relative", [False, True])
@pytest.mark.parametrize("level", [0.001, 0.1])
def test_how_noise_grows_is_seen_in_the_data(relative: bool, level: float) -> None:
    t, x = run(lorenz, [1.0, 1.0, 20.0], 10.0, 1000)
    error = level * np.random.default_rng(0).standard_normal(x.shape)
    seen = NoiseProfile(np.zeros(3), np.sqrt(np.mean(x**2, axis=0))).seen_in(
        [(t, x + error * (x if relative else x.std(axis=0)))]
    )
    assert np.all(seen.share > 0.9 if relative else seen.share == 0.0)


def test_relative_noise_is_no_error_of_the_equation() -> None:
    t, x = run(prey, [10.0, 5.0], 15.0, 150)
    relative = x * (1.0 + 0.05 * np.random.default_rng(1).standard_normal(x.shape))
    law = pm.discover(pm.from_arrays(t, relative, names=["x", "y"]))
    assert terms(law) == {"x": {"x", "x*y"}, "y": {"y", "x*y"}}
    assert law.model.order == 1


def test_a_harvest_that_would_not_have_shown_is_not_excluded() -> None:
    """Too noisy to tell a constant harvest from a lower growth rate."""
    t, x = run(lambda _, s: 0.4 * s * (1.0 - s / 100.0) - 0.3, [5.0], 10.0, 150)
    relative = x * (1.0 + 0.05 * np.random.default_rng(17).standard_normal(x.shape))
    law = pm.discover(pm.from_arrays(t, relative, names=["x"]))
    assert law.status == "ambiguous"
    assert any(note.code == "I-UNSEEN" for note in law.warnings)
    assert "would not have shown" in str(law)


def test_what_would_not_have_shown_shrinks_with_noise() -> None:
    shares = []
    for level in (0.001, 0.01, 0.1):
        t, x = run(prey, [10.0, 5.0], 15.0, 300)
        _, answer = answered(pm.from_arrays(t, noisy(x, level)), degree=2, order=1)
        hidden = hidden_term(answer.best)
        assert hidden is not None
        shares.append(hidden.share)
    # A standard error is proportional to the noise, the term that could be largest may change.
    assert np.diff(np.log10(shares)) == pytest.approx([1.0, 1.0], abs=0.2)


@pytest.mark.parametrize(
    ("terms_", "closed"),
    [("1 x x^2", True), ("x x^2", False), ("1 x y x*y", True), ("1 x x*y", False), ("1 sin(x)", 0)],
)
def test_terms_that_a_shift_leaves_among_themselves(terms_: str, closed: bool) -> None:
    assert shift_closed([parse(text, ["x", "y"]) for text in terms_.split()]) == bool(closed)


def test_cooling_is_identified_wherever_zero_is() -> None:
    """In kelvin a square is large beside the rates, and only shifts the other two terms."""
    t = np.linspace(0.0, 20.0, 300)
    for zero in (0.0, 300.0):
        x = zero + 50.0 * np.exp(-0.2 * t)[:, None] + 10.0
        law = pm.discover(pm.from_arrays(t, noisy(x, 0.02), names=["T"]), degree=2)
        assert (law.status, terms(law)) == ("identified", {"T": {"1", "T"}})


def test_a_law_that_cannot_run_loses_to_one_that_can() -> None:
    t, x = run(prey, [10.0, 5.0], 15.0, 300)
    data = pm.from_arrays(t, noisy(x, 0.01))
    problem, answer = answered(data, degree=2, order=1)
    poor = next(c for c in answer.others if c.terms != answer.best.terms)
    swapped = replace(answer, candidates=[poor], others=[answer.best])
    law = terms_result(data, problem, swapped, [])
    assert terms(law) == {"x0": {"x0", "x0*x1"}, "x1": {"x1", "x0*x1"}}


def test_many_states_are_screened() -> None:
    """A quadratic library of ten states has 660 coefficients: more than are fitted together."""

    def rates(_: float, s: Array) -> Array:
        return (np.roll(s, -1) - np.roll(s, 2)) * np.roll(s, 1) - s + 8.0

    t, x = run(rates, np.r_[9.0, np.full(9, 8.0)], 20.0, 400)
    law = pm.discover(pm.from_arrays(t[200:], noisy(x[200:], 0.01)), order=1, degree=2)
    assert all(len(found) == 4 for found in terms(law).values())
    assert terms(law)["x5"] == {"1", "x5", "x4*x6", "x3*x4"}


def test_too_many_states_are_refused_in_words() -> None:
    walks = np.random.default_rng(0).standard_normal((500, 40)).cumsum(axis=0)
    with pytest.raises(pm.DataError, match="40 states are too many"):
        pm.discover(pm.from_arrays(0.1, walks))


@pytest.mark.parametrize(("power", "tried"), [(1, {3}), (2, {3}), (3, {3, 2})])
def test_poorer_libraries_are_tried_unless_they_hold_the_law(power: int, tried: set[int]) -> None:
    """A search in cubic terms can miss a law of few and end at many that leave only noise."""

    def damped(_: float, s: Array) -> list[float]:
        return [s[1], s[2] - 0.2 * s[0] ** power, -s[1] - 0.5 * s[2]]

    t, x = run(damped, [0.5, 0.5, 0.3], 12.0, 500, 1e-9)
    heard: list[str] = []
    with watching(lambda label, _: heard.append(label)):
        law = pm.discover(pm.from_arrays(t, noisy(x, 0.01), names=["x", "y", "z"]))
    assert law.status == "identified"
    assert {int(s.split(" degree ")[1][0]) for s in heard if " degree " in s} == tried


def test_a_law_does_not_lose_to_one_that_depends_on_where_zero_is() -> None:
    """Heating towards the surroundings, in kelvin: T^2, T^3 without 1 came near 1 and T."""
    t = np.arange(0.0, 2000.0, 10.0)
    rng = np.random.default_rng(0)
    runs = [300.0 + 13.0 * u * (1.0 - np.exp(-0.0015 * t)) for u in (5.0, 2.5, 1.0)]
    columns = [
        np.column_stack([x + rng.normal(0.0, 0.1, len(t)), np.full(len(t), u)])
        for x, u in zip(runs, (5.0, 2.5, 1.0), strict=True)
    ]
    data = pm.from_arrays(
        [t] * 3,
        [c[:, :1] for c in columns],
        inputs=[c[:, 1:] for c in columns],
        names=["T"],
        input_names=["I"],
    )
    law = pm.discover(data)
    assert terms(law) == {"T": {"1", "T", "I"}}
    assert law.status == "identified"
