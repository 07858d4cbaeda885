"""Optimizers both ways: ours in a model of PySINDy, its own on our whitened rows."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pysindy as ps
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.linear_model import Lasso

import physmodel as pm
from physmodel.discovery.identification import identify
from physmodel.errors import ProblemError
from physmodel.interop import SubsetOptimizer, selector
from physmodel.interop.subset_pysindy import correlation_time
from physmodel.losses.weak_form.preparation import prepare
from physmodel.models.libraries.library import candidate_libraries
from physmodel.optimizers.subset.triangular import solve_support, triangular_factor
from physmodel.systems.chaotic import ChaoticSystem, load_systems

Array = NDArray[np.float64]


@pytest.fixture(scope="module")
def lorenz() -> ChaoticSystem:
    return next(system for system in load_systems() if system.name == "Lorenz")


@pytest.fixture(scope="module")
def clean(lorenz: ChaoticSystem) -> tuple[Array, Array]:
    """Two records of ten periods with a hundred samples each."""
    return lorenz.trajectories([0, 1])


def noisy(states: Array, level: float, seed: int) -> Array:
    noise = np.random.default_rng(seed).standard_normal(states.shape)
    return states + level * states.std(axis=0) * noise


def support(model: Any, states: tuple[str, ...]) -> dict[str, set[str]]:
    names = [n.replace(" ", "*") for n in model.feature_library.get_feature_names(list(states))]
    return {
        state: {name for name, value in zip(names, row, strict=True) if value != 0.0}
        for state, row in zip(states, model.coefficients(), strict=True)
    }


def truth(system: ChaoticSystem) -> dict[str, set[str]]:
    return {state: set(terms) for state, terms in system.equations.items()}


def regression_problem(seed: int = 0) -> tuple[Array, Array, NDArray[np.bool_]]:
    """Features (300, 15), two noisy left-hand sides, and which features are in them."""
    rng = np.random.default_rng(seed)
    features = rng.standard_normal((300, 15))
    weights = np.zeros((2, 15))
    weights[0, [1, 4, 7]] = 1.0, -0.5, 0.2
    weights[1, [0, 14]] = 0.3, 2.0
    sides = features @ weights.T + 0.05 * rng.standard_normal((300, 2))
    return features, sides, weights != 0.0


# ---------------------------------------------------------------- our solver in their model


@pytest.mark.parametrize("seed", range(5))
def test_the_true_support_with_nothing_set(seed: int) -> None:
    features, sides, used = regression_problem(seed)
    fitted = SubsetOptimizer().fit(features, sides)
    np.testing.assert_array_equal(fitted.coef_ != 0.0, used)
    np.testing.assert_array_equal(fitted.ind_, used)
    for row, side, weights in zip(used, sides.T, fitted.coef_, strict=True):
        least = np.linalg.lstsq(features[:, row], side, rcond=None)[0]
        np.testing.assert_allclose(weights[row], least, rtol=1e-10)
    assert fitted.complexity == used.sum()


@given(
    scales=st.lists(st.integers(-6, 6), min_size=15, max_size=15),
    sides=st.lists(st.integers(-6, 6), min_size=2, max_size=2),
)
def test_units_do_not_matter(scales: list[int], sides: list[int]) -> None:
    features, rates, used = regression_problem()
    by, to = 10.0 ** np.array(scales), 10.0 ** np.array(sides)
    fitted = SubsetOptimizer().fit(features * by, rates * to)
    np.testing.assert_array_equal(fitted.ind_, used)
    # Rounding of a well-conditioned least-squares problem.
    plain = SubsetOptimizer().fit(features, rates).coef_
    np.testing.assert_allclose(fitted.coef_ * by / to[:, None], plain, rtol=1e-9)


@pytest.mark.parametrize("power", [-6, 6])
def test_units_do_matter_to_a_threshold(power: int) -> None:
    features, sides, used = regression_problem()
    np.testing.assert_array_equal(ps.STLSQ(threshold=0.1).fit(features, sides).ind_, used)
    scale = np.ones(15)
    scale[[1, 2]] = 10.0**power
    scaled = ps.STLSQ(threshold=0.1).fit(features * scale, sides)
    assert (scaled.ind_ != used).any()
    np.testing.assert_array_equal(SubsetOptimizer().fit(features * scale, sides).ind_, used)


def test_in_a_model(lorenz: ChaoticSystem, clean: tuple[Array, Array], capsys: Any) -> None:
    time, records = clean
    model = ps.SINDy(
        optimizer=SubsetOptimizer(),
        feature_library=ps.PolynomialLibrary(degree=3),
        differentiation_method=ps.FiniteDifference(order=8),
    )
    pair = [noisy(record, 0.01, seed) for seed, record in enumerate(records)]
    model.fit(pair, t=[time, time], feature_names=list(lorenz.states))
    assert support(model, lorenz.states) == truth(lorenz)
    model.print()
    assert "(y)' =" in capsys.readouterr().out
    # Derivatives of a model with coefficients good to 1%.
    exact = np.gradient(records[0], time, axis=0, edge_order=2)[5:-5]
    predicted = np.asarray(model.predict(records[0]))[5:-5]
    assert np.std(predicted - exact) < 0.02 * np.std(exact)
    assert model.score(records[0], t=time) > 0.99
    # A tenth of a period: errors of 1% have had no time to grow.
    path = model.simulate(records[0][0], time[:10])
    assert np.abs(path - records[0][:10]).max() < 0.02 * np.abs(records[0]).max()


def test_in_an_ensemble() -> None:
    features, sides, used = regression_problem()
    before = np.random.get_state()
    np.random.seed(0)  # PySINDy draws from NumPy's global state
    try:
        for options in ({"bagging": True}, {"library_ensemble": True, "n_candidates_to_drop": 1}):
            ensemble = ps.EnsembleOptimizer(SubsetOptimizer(), n_models=10, **options)
            ensemble.fit(features, sides)
            np.testing.assert_array_equal(ensemble.coef_ != 0.0, used)
    finally:
        np.random.set_state(before)


def test_it_is_an_estimator_like_others() -> None:
    optimizer = SubsetOptimizer()
    assert optimizer.get_params() == {}
    assert repr(optimizer) == "SubsetOptimizer()"
    features, sides, _ = regression_problem()
    fitted = clone(optimizer).fit(features, sides)
    assert not hasattr(optimizer, "coef_")
    again = pickle.loads(pickle.dumps(fitted))  # noqa: S301 - our own bytes
    np.testing.assert_array_equal(again.coef_, fitted.coef_)
    np.testing.assert_allclose(again.predict(features), features @ fitted.coef_.T, rtol=1e-12)


def test_edges_of_a_regression() -> None:
    features, sides, used = regression_problem()
    # No left-hand side: no terms.
    assert not SubsetOptimizer().fit(features, np.zeros((300, 1))).coef_.any()
    # A column of zeros and a repeated one are never needed.
    wide = np.column_stack([features, np.zeros(300), features[:, 2]])
    found = SubsetOptimizer().fit(wide, sides).ind_
    np.testing.assert_array_equal(found[:, :15], used)
    assert not found[:, 15:].any()
    # Samples that are missing are left out.
    holes = sides.copy()
    holes[10] = np.nan
    np.testing.assert_array_equal(SubsetOptimizer().fit(features, holes).ind_, used)
    # Weights of zero and one are a choice of samples.
    part = np.repeat([1.0, 0.0], 150)
    weighted = SubsetOptimizer().fit(features, sides, sample_weight=part)
    half = SubsetOptimizer().fit(features[:150], sides[:150])
    np.testing.assert_allclose(weighted.coef_[half.ind_], half.coef_[half.ind_], rtol=1e-10)


@pytest.mark.parametrize("memory", [0.0, 0.5, 0.9])
def test_correlation_time_of_an_autoregression(memory: float) -> None:
    shocks = np.random.default_rng(3).standard_normal(100_000)
    sequence = np.empty_like(shocks)
    sequence[0] = shocks[0]
    for k in range(1, len(shocks)):
        sequence[k] = memory * sequence[k - 1] + shocks[k]
    # Sum of memory^|k|; the estimate scatters by a few per cent at this length.
    theory = (1.0 + memory) / (1.0 - memory)
    assert correlation_time(sequence) == pytest.approx(theory, rel=0.15)


def test_correlation_time_is_at_least_one() -> None:
    assert correlation_time(np.resize([1.0, -1.0], 1001)) == 1.0
    assert correlation_time(np.zeros(10)) == 1.0
    assert correlation_time(np.ones(1)) == 1.0


# ---------------------------------------------------------------- their optimizers on our rows

OPTIMIZERS = {
    "stlsq": lambda: ps.STLSQ(threshold=0.05),
    "sr3": lambda: ps.SR3(reg_weight_lam=0.001),
    "ssr": ps.SSR,
    "lasso": lambda: ps.WrappedOptimizer(Lasso(alpha=0.003, fit_intercept=False)),
    "ours": SubsetOptimizer,
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_their_choice_on_a_triangle(name: str) -> None:
    features, sides, used = regression_problem()
    scale = 10.0 ** np.random.default_rng(1).uniform(-6, 6, 15)
    optimizer = OPTIMIZERS[name]()
    for unit in (np.ones(15), scale):
        factor = triangular_factor([(features[:100] * unit, sides[:100, 0])])
        chosen = selector(optimizer)(factor, None, None)
        np.testing.assert_array_equal(chosen.support, np.flatnonzero(used[0]))
        least = solve_support(factor, np.flatnonzero(used[0]))
        np.testing.assert_array_equal(chosen.weights, least.weights)
        assert chosen.rss == least.rss
    assert not hasattr(optimizer, "coef_")


@pytest.mark.parametrize("noise", [0.0, 0.01, 0.1])
def test_their_threshold_on_our_weak_form(noise: float) -> None:
    data = pm.catalogue.load("lorenz", noise=noise)
    problem = pm.Problem(("x", "y", "z"), order=1, degree=2)
    prepared = prepare(data, problem)
    best = identify(prepared, candidate_libraries(problem, prepared.n_samples)).best
    law = best.law
    factor = best.setting.at(law.weights, law.latent, law.errors).factor
    # Where rows are whitened and the trajectory is clean, even a threshold finds the law.
    chosen = selector(ps.STLSQ(threshold=0.03, alpha=0.0))(factor)
    np.testing.assert_array_equal(chosen.support, law.key)


def test_a_triangle_without_a_left_hand_side_has_no_terms() -> None:
    features, _, _ = regression_problem()
    factor = triangular_factor([(features, np.zeros(300))])
    assert not len(selector(ps.STLSQ())(factor).support)


def test_only_an_optimizer_selects() -> None:
    with pytest.raises(ProblemError, match="float is no PySINDy optimizer"):
        selector(0.1)
