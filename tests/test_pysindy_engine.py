"""Our engine inside a model of PySINDy: raw trajectories in, its coefficients out."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pysindy as ps
import pytest
from numpy.typing import NDArray
from sklearn.base import clone

import physmodel as pm
from physmodel.errors import ProblemError
from physmodel.interop import latent_parts
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


@pytest.mark.parametrize("seed", range(3))
def test_the_engine_finds_the_law_at_ten_per_cent_of_noise(
    lorenz: ChaoticSystem, clean: tuple[Array, Array], seed: int
) -> None:
    time, records = clean
    measured = noisy(records[0], 0.1, seed)
    model = ps.SINDy(**latent_parts(ps.PolynomialLibrary(degree=3))).fit(measured, t=time)
    assert support(model, lorenz.states) == truth(lorenz)
    assert model.optimizer.result_.status == "identified"
    for state, row in zip(lorenz.states, model.coefficients(), strict=True):
        names = model.feature_library.get_feature_names(list(lorenz.states))
        for name, value in zip(names, row, strict=True):
            exact = lorenz.equations[state].get(name.replace(" ", "*"), 0.0)
            # Asked of the benchmark: 4e-3 in the median; the worst of seven is left ten times that.
            assert value == pytest.approx(exact, rel=4e-2)
    thresholded = ps.SINDy(feature_library=ps.PolynomialLibrary(degree=3)).fit(measured, t=time)
    assert isinstance(thresholded.optimizer, ps.STLSQ)
    assert support(thresholded, lorenz.states) != truth(lorenz)


def pendulum(seed: int = 0) -> tuple[Array, Array]:
    data = pm.catalogue.load("pendulum", noise=0.01, seed=seed)
    return data["time"].values, np.column_stack([data["theta"].values, data["omega"].values])


ENGINE_LIBRARIES = {
    "concatenated": lambda: ps.IdentityLibrary() + ps.FourierLibrary(),
    "generalized": lambda: ps.GeneralizedLibrary(
        [ps.PolynomialLibrary(degree=2), ps.FourierLibrary()], inputs_per_library=[[0, 1], [0]]
    ),
    "custom": lambda: ps.CustomLibrary(
        [lambda x: x, lambda x: np.sin(x), lambda x: np.exp(-x)],
        function_names=[lambda x: x, lambda x: f"sin({x})", lambda x: f"exp(-{x})"],
    ),
}


@pytest.mark.parametrize("name", ENGINE_LIBRARIES)
def test_the_engine_takes_any_library(name: str) -> None:
    time, states = pendulum()
    model = ps.SINDy(**latent_parts(ENGINE_LIBRARIES[name]()))
    model.fit(states, t=time, feature_names=["theta", "omega"])
    names = [n.replace("1 ", "") for n in model.get_feature_names()]
    found = [{names[k] for k in np.flatnonzero(row)} for row in model.coefficients()]
    assert found == [{"omega"}, {"sin(theta)"}]
    assert model.coefficients().sum() == pytest.approx(1.0 - 9.81, rel=5e-3)


def test_the_engine_gives_what_discover_gives(clean: tuple[Array, Array]) -> None:
    time, records = clean[0][:500], clean[1][:, :500]
    measured = noisy(records[0], 0.05, 0)
    model = ps.SINDy(**latent_parts(ps.PolynomialLibrary(degree=2))).fit(measured, t=time)
    direct = pm.discover(pm.from_arrays(time, measured), degree=2, order=1)
    names = [name.replace(" ", "*") for name in model.get_feature_names()]
    for state, row in zip(("x0", "x1", "x2"), model.coefficients(), strict=True):
        found = {item["term"]: item["coefficient"] for item in direct.terms(state)}
        # The same terms in the same order: the same bits.
        assert {n: v for n, v in zip(names, row, strict=True) if v != 0.0} == found
    assert model.optimizer.result_.rivals == () or model.optimizer.result_.rivals[0].delta > 0.0
    path = model.simulate(records[0][0], time[:10])
    assert np.abs(path - records[0][:10]).max() < 0.02 * np.abs(records[0]).max()


def test_the_engine_with_inputs_and_unequal_trajectories() -> None:
    data = pm.catalogue.load("forced-duffing", noise=0.01, periods=3)
    time, drive = data["time"].values, data["u"].values
    states = np.column_stack([data["x"].values, data["v"].values])
    cut = len(time) // 3
    model = ps.SINDy(**latent_parts())
    model.fit(
        [states[:cut], states[cut:]],
        t=[time[:cut], time[cut:]],
        u=[drive[:cut, None], drive[cut:, None]],
        feature_names=["x", "v", "u"],
    )
    names = model.get_feature_names()
    found = [{names[k] for k in np.flatnonzero(row)} for row in model.coefficients()]
    assert found == [{"v"}, {"x", "v", "x^3", "u"}]


def test_a_fitted_engine_can_be_scored_copied_and_fitted_again(clean: tuple[Array, Array]) -> None:
    time, records = clean[0][:400], clean[1][:, :400]
    step = float(time[1] - time[0])
    first = ps.SINDy(**latent_parts(ps.PolynomialLibrary(degree=2))).fit(records[0], t=step)
    weights = first.coefficients()
    assert first.score(records[1], t=time) > 0.999
    assert first.score(records[0], t=step) > 0.999
    second = clone(first).fit(records[0], t=step)
    np.testing.assert_array_equal(second.coefficients(), weights)
    first.fit(records[1], t=time)  # after the scores have left trajectories behind
    np.testing.assert_allclose(first.coefficients(), weights, atol=1e-6)
    assert first.coefficients()[0, 1] != weights[0, 1]
    again = pickle.loads(pickle.dumps(first))  # noqa: S301 - our own bytes
    np.testing.assert_array_equal(again.predict(records[0]), first.predict(records[0]))
    np.testing.assert_array_equal(
        again.fit(records[0], t=step).coefficients(), second.coefficients()
    )


def test_what_the_engine_cannot_do_is_said(clean: tuple[Array, Array]) -> None:
    time, records = clean
    states = records[0][:200]
    moments = time[:200]
    with pytest.raises(ProblemError, match="trajectories with their times"):
        ps.SINDy(**latent_parts()).fit(states, t=moments, x_dot=np.gradient(states, axis=0))
    with pytest.raises(ProblemError, match="trajectories with their times"):
        ps.DiscreteSINDy(**latent_parts()).fit(states, t=1)
    parts = latent_parts(ps.PolynomialLibrary(degree=1))
    bagged = ps.EnsembleOptimizer(parts["optimizer"], bagging=True, n_models=2)
    with pytest.raises(ProblemError, match="EnsembleOptimizer"):
        ps.SINDy(bagged, parts["feature_library"]).fit(states, t=moments)
    parts = latent_parts(ps.PolynomialLibrary(degree=1))
    wider = parts["feature_library"] + ps.FourierLibrary()
    with pytest.raises(ProblemError, match="whole feature"):
        ps.SINDy(parts["optimizer"], wider).fit(states, t=moments)
    with pytest.raises(ProblemError, match="'f0\\(x0\\)' has no formula"):
        ps.SINDy(**latent_parts(ps.CustomLibrary([lambda x: x]))).fit(states, t=moments)
    with pytest.raises(ProblemError, match="no sample weights"):
        latent_parts()["optimizer"].fit(states, states, sample_weight=1.0)
    still = np.column_stack([states[:, :2], np.ones(200)])
    with pytest.raises(ProblemError, match="x2, which does not move"):
        ps.SINDy(**latent_parts(ps.IdentityLibrary())).fit(still, t=moments)


def test_no_law_is_no_silent_model() -> None:
    walk = np.cumsum(np.random.default_rng(1).standard_normal((400, 1)), axis=0)
    model = ps.SINDy(**latent_parts())
    with pytest.warns(UserWarning, match="No combination of the terms"):
        model.fit(walk, t=0.1)
    assert model.optimizer.result_.status == "no-law"
