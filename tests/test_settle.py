"""Laws on trajectories of their own: two kinds of errors, one table, and what is reported."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.integrate import solve_ivp
from scipy.signal import savgol_filter

import physmodel as pm
from physmodel.discovery.identification import Identification, identify
from physmodel.discovery.outcome import status_of
from physmodel.discovery.ranking import dominated, ranked
from physmodel.discovery.tables import tables_of
from physmodel.losses.weak_form.null import null_evidence
from physmodel.losses.weak_form.preparation import prepare
from physmodel.losses.weak_form.thinning import thinned
from physmodel.models.libraries.library import candidate_libraries
from physmodel.optimizers.correlation import effective_samples, lag_one

Array = NDArray[np.float64]


def logistic(rtol: float) -> tuple[Array, Array]:
    t = np.linspace(0.0, 10.0, 150)
    run = solve_ivp(
        lambda _, x: 0.79 * x * (1.0 - x / 74.3),
        (0, 10),
        [7.3],
        t_eval=t,
        rtol=rtol,
        atol=1e-3 * rtol,
    )
    return t, run.y.T


def terms(law: pm.Result) -> dict[str, set[str]]:
    return {s: {item["term"] for item in law.terms(s)} for s in law.problem.states}


def answer_of(data, **known) -> tuple[pm.Problem, Identification]:
    problem = pm.Problem(tuple(n for n in data if n != "row_size"), **known)
    prepared = prepare(data, problem)
    return problem, identify(prepared, candidate_libraries(problem, prepared.n_samples))


@pytest.mark.parametrize("phi", [0.0, 0.5, 0.9])
def test_effective_samples_of_an_autoregression(phi: float) -> None:
    """An AR(1) series of n values has n (1 - phi) / (1 + phi) independent ones."""
    rng, n = np.random.default_rng(0), 20_000
    series = np.zeros((n, 1))
    shocks = rng.standard_normal(n)
    for k in range(1, n):
        series[k] = phi * series[k - 1] + shocks[k]
    expected = n * (1.0 - phi) / (1.0 + phi)
    # The sum over lags is known to a few per cent from so many values.
    assert effective_samples([series]) == pytest.approx(expected, rel=0.15)
    assert lag_one([series])[0] == pytest.approx(phi, abs=4.0 / np.sqrt(n))


@pytest.mark.parametrize("rtol", [1e-3, 1e-4, 1e-6])
def test_errors_of_a_solver_bring_no_terms_in(rtol: float) -> None:
    t, x = logistic(rtol)
    law = pm.discover(pm.from_arrays(t, x, names=["x"]))
    assert terms(law) == {"x": {"x", "x^2"}}
    assert law.status in {"identified", "approximate"}
    # What is left is of the size of the tolerance: rates are off by more than states are.
    assert law.fit_scores["unexplained"] < 100.0 * rtol


def test_errors_of_a_filter_bring_no_terms_in() -> None:
    t, x = logistic(1e-10)
    noisy = x + 0.01 * x.std() * np.random.default_rng(0).standard_normal(x.shape)
    law = pm.discover(pm.from_arrays(t, savgol_filter(noisy, 11, 3, axis=0), names=["x"]))
    assert terms(law) == {"x": {"x", "x^2"}}


def test_rounded_data_give_the_law() -> None:
    t, x = logistic(1e-10)
    rounded = np.array([[float(f"{v:.3g}") for v in row] for row in x])
    assert terms(pm.discover(pm.from_arrays(t, rounded, names=["x"])))["x"] >= {"x", "x^2"}


def test_an_approximate_law_says_what_it_leaves() -> None:
    t, x = logistic(1e-3)
    law = pm.discover(pm.from_arrays(t, x, names=["x"]))
    assert law.status == "approximate"
    assert 0.0 < law.fit_scores["unexplained"] < 0.1
    assert law.scores["tenth_time"] == pytest.approx(10.0)
    assert "unexplained" in str(law)
    assert any(note.code == "I-UNEXPLAINED" for note in law.warnings)


def test_a_saturation_is_no_polynomial() -> None:
    """A series stands in for it to many digits; what is identified is the saturation."""
    t = np.linspace(0.0, 10.0, 150)
    run = solve_ivp(
        lambda _, s: 0.6 - 1.5 * s / (0.3 + s), (0, 10), [2.5], t_eval=t, rtol=1e-12, atol=1e-13
    )
    law = pm.discover(pm.from_arrays(t, run.y.T, names=["s"]))
    assert law.status == "identified"
    assert [round(k["value"], 6) for term in law.terms("s") for k in term.get("inside", ())] == [
        0.3
    ]


@pytest.mark.parametrize("noise", [0.0, 0.02])
def test_the_law_reported_is_the_law_judged(noise: float) -> None:
    t = np.linspace(0.0, 15.0, 300)
    run = solve_ivp(
        lambda _, v: [v[0] - 0.1 * v[0] * v[1], -1.5 * v[1] + 0.075 * v[0] * v[1]],
        (0, 15), [10, 5], t_eval=t, rtol=1e-10, atol=1e-12,
    )  # fmt: skip
    x = run.y.T
    x = x + noise * x.std(0) * np.random.default_rng(1).standard_normal(x.shape)
    data = pm.from_arrays(t, x, names=["x", "y"])
    problem, answer = answer_of(data)
    law = pm.discover(data)
    table = tables_of(problem, answer.candidates, averaged=False)
    used = {
        state: {str(term) for term, value in zip(table.terms, row, strict=True) if value != 0.0}
        for state, row in zip(problem.states, table.values[0], strict=True)
    }
    assert terms(law) == used
    assert law.fit_scores["misfit"] == answer.law.misfit
    assert law.fit_scores["probability"] == answer.best.probability
    assert law.status == status_of(answer.candidates)
    assert [rival.delta for rival in law.rivals] == [c.delta for c in answer.candidates[1:6]]
    assert sum(c.probability for c in answer.candidates) == pytest.approx(1.0)
    assert answer.best.delta == 0.0 == min(c.delta for c in answer.candidates)


def test_everything_in_a_law_belongs_to_one_round() -> None:
    """The residual, the trajectory and the density follow from the weights and errors it states."""
    t, x = logistic(1e-10)
    x = x + 0.02 * x.std() * np.random.default_rng(2).standard_normal(x.shape)
    _, answer = answer_of(pm.from_arrays(t, x, names=["x"]))
    law, setting = answer.law, answer.best.setting
    columns = np.array(law.key)
    step = setting.at(law.weights, law.latent, law.errors, columns)
    # A settled law is a fixed point of the loop to a part of its own standard errors.
    shift = np.linalg.norm(step.latent(law.weights[columns])[0] - law.latent[0])
    assert shift < 0.05 * np.sqrt(len(t)) * law.noise.max()
    assert sum(np.sum(r**2) for r in step.residuals(law.weights[columns])) == pytest.approx(
        law.rss, rel=0.02
    )


def test_a_straight_line_is_a_law_and_no_random_motion() -> None:
    t = np.linspace(0.0, 10.0, 100)
    line = (3.0 - 0.2 * t + 0.01 * np.random.default_rng(0).standard_normal(100))[:, None]
    law = pm.discover(pm.from_arrays(t, line, names=["x"]))
    assert law.status != "no-law"
    assert terms(law)["x"] == {"1"}


@given(st.integers(0, 10_000))
@settings(max_examples=5, deadline=None)
def test_random_motion_gets_no_law(seed: int) -> None:
    walk = np.cumsum(np.random.default_rng(seed).standard_normal(300))[:, None]
    law = pm.discover(pm.from_arrays(np.arange(300.0), walk, names=["x"]), order=1, degree=3)
    assert law.status in {"no-law", "ambiguous"}  # one walk in a hundred looks drawn to a centre


@given(st.floats(-3.0, 3.0), st.floats(0.1, 10.0))
@settings(max_examples=20, deadline=None)
def test_random_motion_compares_alike_in_all_units(shift: float, unit: float) -> None:
    time = np.arange(60.0)
    walk = np.cumsum(np.random.default_rng(3).standard_normal((60, 1)), axis=0)
    first = null_evidence([(time, walk, np.empty((60, 0)))])
    other = null_evidence([(time, unit * walk + shift, np.empty((60, 0)))])
    assert other - 2.0 * np.log(unit) == pytest.approx(first, abs=1e-6)


@given(st.permutations(range(12)))
@settings(max_examples=20, deadline=None)
def test_the_part_that_stands_for_long_data_is_the_same_in_any_order(order: list[int]) -> None:
    rng = np.random.default_rng(0)
    records = [
        (np.arange(400.0), (1.0 + k) * rng.standard_normal((400, 1)).cumsum(axis=0))
        for k in range(12)
    ]

    def parts(which: list[int]) -> set[bytes]:
        data = pm.from_arrays(
            [records[k][0] for k in which], [records[k][1] for k in which], names=["x"]
        )
        prepared = prepare(data, pm.Problem(("x",)))
        chosen = thinned(prepared, 2000)
        assert chosen.n_samples <= 2000 + 12
        return {states.round(9).tobytes() for _, states, _ in chosen.pieces}

    assert parts(order) == parts(list(range(12)))


def test_a_law_of_more_terms_and_less_likelihood_is_out() -> None:
    t, x = logistic(1e-4)
    _, answer = answer_of(pm.from_arrays(t, x, names=["x"]))
    laws = [item.law for item in answer.candidates]
    behind = dominated(laws)
    assert id(ranked(laws)[0]) not in behind
    best = {}
    for law in laws:
        size = len(law.key)
        best[size] = min(best.get(size, np.inf), law.deviance)
    for law in laws:
        if any(value <= law.deviance for size, value in best.items() if size < len(law.key)):
            assert id(law) in behind
