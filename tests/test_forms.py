"""Laws with numbers inside their terms, found where no polynomial is enough."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import physmodel as pm
from physmodel.loading import load_result
from physmodel.models.integration.integrate import integrate
from physmodel.problem.algebra.calculus import evaluate
from physmodel.problem.algebra.parser import parse

Rate = Callable[[float], float]

#: A law of one state, its start and its record: every constant is a number that nobody chose.
LAWS: dict[str, tuple[Rate, float, float]] = {
    "saturation": (lambda x: 0.57 - 1.43 * x / (0.31 + x), 2.5, 4.0),
    "Hill": (lambda x: 0.11 + 1.37 * x**2 / (0.83**2 + x**2) - 0.52 * x, 0.2, 12.0),
    "decaying exponential": (lambda x: 1.17 - 0.21 * x - 1.08 * np.exp(-x / 0.93), 0.1, 10.0),
    "logarithm": (lambda x: -0.63 * x * np.log(x / 2.4), 0.1, 8.0),
    "root": (lambda x: 0.29 - 0.52 * np.sqrt(x), 4.0, 10.0),
    "quadratic drag": (lambda x: 1.07 - 0.41 * x * abs(x), -3.0, 4.0),
    "logistic switch": (lambda x: 0.26 - x + 2.1 / (1.0 + np.exp((1.03 - x) / 0.27)), 1.0, 9.0),
    "pendulum in other units": (lambda x: 0.31 - 1.12 * np.sin(0.73 * x), 3.9, 9.0),
}


def record(rate: Rate, start: float, end: float, n: int = 120) -> tuple[np.ndarray, np.ndarray]:
    t = np.linspace(0.0, end, n)
    return t, integrate(lambda _, x: np.array([rate(x[0])]), t, [start], rtol=1e-12)


def rates(law: pm.Result, x: np.ndarray) -> np.ndarray:
    return sum(
        item["coefficient"] * evaluate(parse(item["term"], ("x",)), {"x": x})
        for item in law.terms("x")
    )


@pytest.mark.parametrize("name", LAWS)
def test_the_law_holds_beyond_the_record(name: str) -> None:
    rate, start, end = LAWS[name]
    t, x = record(rate, start, end)
    law = pm.discover(pm.from_arrays(t, x, names=["x"]), order=1)
    assert law.status == "identified"
    low, high = x.min(), x.max()
    # Half of the range further on a surrogate is off by tens of per cent; the law itself is known
    # to the digits of the record, about nine.
    far = np.linspace(low, high + 0.5 * (high - low), 50)
    truth = np.array([rate(v) for v in far])
    assert np.abs(rates(law, far) - truth).max() < 1e-5 * np.abs(truth).max()


@pytest.fixture(scope="module")
def saturating() -> pm.Result:
    t, x = record(*LAWS["logarithm"], n=60)
    noise = 0.01 * x.std() * np.random.default_rng(0).standard_normal(x.shape)
    return pm.discover(pm.from_arrays(t, x + noise, names=["x"], units={"x": "g"}, time_units="h"))


def test_numbers_inside_have_errors_and_units(saturating) -> None:
    (item,) = saturating.terms("x")
    (inside,) = item["inside"]
    assert inside["name"] == "k"
    # Four standard errors: one draw in sixteen thousand is farther away.
    assert abs(inside["value"] - 2.4) < 4.0 * inside["std"] < 0.2
    assert inside["unit"] == "g"
    table = saturating.parameters
    assert table.loc[("x", f"k in {item['term']}"), "value"] == inside["value"]


def test_numbers_inside_are_written_and_read_back(saturating, tmp_path) -> None:
    (item,) = saturating.terms("x")
    assert "k = " in str(saturating)
    assert "k = " in saturating.to_latex()
    saturating.save(tmp_path)
    again = load_result(tmp_path)
    assert again.terms("x") == [item]
    space: dict = {}
    exec(saturating.to_python(), space)  # noqa: S102
    ours = rates(saturating, np.array([0.7]))
    assert space["rates"](0.0, [0.7]) == pytest.approx(list(ours), rel=1e-12)


def test_the_same_law_in_other_units(saturating) -> None:
    t, x = record(*LAWS["logarithm"], n=60)
    noise = 0.01 * x.std() * np.random.default_rng(0).standard_normal(x.shape)
    other = pm.discover(pm.from_arrays(t / 24.0, 1e3 * (x + noise), names=["x"]))
    ((mine,), (theirs,)) = saturating.terms("x"), other.terms("x")
    # Settled to a twentieth of a standard error.
    assert abs(theirs["coefficient"] / 24.0 - mine["coefficient"]) < 0.1 * mine["std"]
    k, k_other = mine["inside"][0], theirs["inside"][0]
    assert abs(k_other["value"] / 1e3 - k["value"]) < 0.1 * k["std"]


def test_a_polynomial_law_that_is_adequate_is_left_alone() -> None:
    t, x = record(lambda x: 0.9 * x - 0.3 * x**2, 0.1, 10.0)
    noise = 0.01 * x.std() * np.random.default_rng(0).standard_normal(x.shape)
    law = pm.discover(pm.from_arrays(t, x + noise, names=["x"]))
    assert {item["term"] for item in law.terms("x")} == {"x", "x^2"}
    assert all("inside" not in item for item in law.terms("x"))


def test_a_saturation_times_another_state() -> None:
    """Substrate and cells: two equations, the same term in both, each with numbers of its own."""
    t = np.linspace(0.0, 9.0, 120)

    def bioreactor(_: float, v: np.ndarray) -> np.ndarray:
        growth = 0.83 * v[0] * v[1] / (0.47 + v[0])
        return np.array([-2.1 * growth, growth - 0.07 * v[1]])

    x = integrate(bioreactor, t, [3.2, 0.15], rtol=1e-12)
    law = pm.discover(pm.from_arrays(t, x, names=["s", "b"]), order=1)
    assert law.status == "identified"
    for state in ("s", "b"):
        (item,) = (one for one in law.terms(state) if "inside" in one)
        assert item["inside"][0]["value"] == pytest.approx(0.47, rel=1e-5)


def test_a_trajectory_that_leaves_the_domain_of_a_term_ends_that_term_only() -> None:
    """Autocatalysis near zero under 5% noise: a trial term ``x^-0.5`` has no value there."""
    time = np.linspace(0.0, 10.0, 512)
    clean = integrate(lambda _, x: x**2 / (x**2 + 1.0) - 0.55 * x + 0.1, time, np.array([0.002]))
    noisy = clean * (1.0 + 0.05 * np.random.RandomState(20).randn(*clean.shape))
    assert pm.discover(pm.from_arrays(time, noisy, names=["x"])).status != "no-law"
