"""The learned choice of terms: its systems, features without units, its network, its rule."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from physmodel.bench import selector
from physmodel.bench.selector_features import look
from physmodel.bench.selector_net import UNITS, Selector, learn, logistic_loss, opened
from physmodel.bench.selector_systems import STEP, RandomSystem, draw_systems, support_of
from physmodel.discovery.identification import identify
from physmodel.models.terms import TermLibrary
from physmodel.problem.parser import parse

Array = NDArray[np.float64]


@pytest.fixture(scope="module")
def system() -> RandomSystem:
    return draw_systems(3, 2, 1)[0]


def test_paths_obey_the_equations_that_are_named(system: RandomSystem) -> None:
    # Central differences of order eight; steps of Runge-Kutta of 0.02 are off by about 0.02^4, and
    # by more where the motion is fast: together far below a thousandth of the typical rate.
    weights = np.array([1 / 280, -4 / 105, 1 / 5, -4 / 5, 0, 4 / 5, -1 / 5, 4 / 105, -1 / 280])
    for k, state in enumerate(system.states):
        terms = tuple(parse(name, system.states) for name in system.equations[state])
        values = TermLibrary(system.states, terms).evaluate(system.path[4:-4, 0])
        rate = values @ np.array(list(system.equations[state].values()))
        slope = np.correlate(system.path[:, 0, k], weights, mode="valid") / STEP
        assert np.sqrt(np.mean((slope - rate) ** 2)) < 1e-3 * np.sqrt(np.mean(rate**2))


def test_systems_stay_bounded_keep_moving_and_come_again() -> None:
    first, again = draw_systems(5, 2, 2), draw_systems(5, 2, 2)
    for one, other in zip(first, again, strict=True):
        assert one.equations == other.equations
        np.testing.assert_array_equal(one.path, other.path)
        assert np.abs(one.path).max() < 60.0  # a look every fifty steps passes no more
        assert one.path[-1000:].std(axis=0).min() > 0.0
    assert first[0].equations != draw_systems(6, 2, 1)[0].equations


def test_features_have_no_units(system: RandomSystem) -> None:
    times, records = system.record(0.05, np.random.default_rng(0))
    prepared, libraries = opened(times, records, system.states, 3)
    here = look(prepared, libraries[0])
    scale = np.array([1e4, 1e-3])
    prepared, libraries = opened(
        [1e3 * t for t in times], [r * scale for r in records], ("x", "y"), 3
    )
    there = look(prepared, libraries[0])
    # What two triangular factorisations of differently scaled columns may differ by in logarithms.
    np.testing.assert_allclose(here.features, there.features, atol=1e-6)
    names = [str(term) for term in libraries[0].terms.terms]
    assert len(here.features) == 2 * len(names) == len(support_of(system.equations, "xy", names))


def test_the_gradient_is_that_of_the_loss() -> None:
    rng = np.random.default_rng(0)
    inside, labels = rng.normal(size=(40, 5)), (rng.random(40) < 0.3).astype(float)
    theta, way = rng.normal(size=(2, 5 * UNITS + 2 * UNITS + 1))
    step = 1e-5
    ends = [logistic_loss(theta + s * step * way, inside, labels)[0] for s in (1.0, -1.0)]
    # Central differences are off by step^2 and by rounding over step, both near 1e-10.
    assert logistic_loss(theta, inside, labels)[1] @ way == pytest.approx(
        (ends[0] - ends[1]) / (2.0 * step), rel=1e-6
    )


def test_probabilities_are_those_of_the_model_that_made_the_labels() -> None:
    rng = np.random.default_rng(1)
    features = rng.normal(size=(6000, 3)) * np.array([1.0, 50.0, 0.01]) + 7.0
    z = 2.0 * (features[:, 0] - 7.0) - 1.0
    true = 1.0 / (1.0 + np.exp(-z))
    selector_ = learn(features, (rng.random(6000) < true).astype(float))
    # Forty parameters from 6000 coin tosses: sqrt(40 / 6000) / 2 is 0.04; a ridge beside it.
    assert np.sqrt(np.mean((selector_.probabilities(features) - true) ** 2)) < 0.06


@given(arrays(float, st.integers(1, 60), elements=st.floats(0.0, 1.0)))
def test_what_is_left_out_is_expected_to_hold_less_than_was_said(probabilities: Array) -> None:
    kept = selector.likely(probabilities)
    assert probabilities[~kept].sum() < selector.LOST or kept.all()
    if kept.any() and not kept.all():
        assert probabilities[~kept].max() <= probabilities[kept].min()
        # And no more could have been left out.
        assert probabilities[~kept].sum() + probabilities[kept].min() >= selector.LOST


def test_a_narrowed_library_gives_the_same_law_when_it_holds_it(system: RandomSystem) -> None:
    times, records = system.record(0.01, np.random.default_rng(0))
    prepared, libraries = opened(times, records, system.states, 3)
    names = [str(term) for term in libraries[0].terms.terms]
    truth = support_of(system.equations, system.states, names)
    whole = identify(prepared, libraries[:1])
    kept = truth | (np.arange(len(truth)) % 2 == 0)
    part = identify(prepared, [selector.narrowed(libraries[0], kept)])
    assert part.law == whole.law
    wanted = frozenset((k // len(names), names[k % len(names)]) for k in np.flatnonzero(truth))
    assert whole.law[1] == wanted


def test_units_and_table(monkeypatch: pytest.MonkeyPatch) -> None:
    names = selector.unit_names()
    assert len(set(names)) == len(names)
    assert set(selector.unit_names(quick=True)) < set(names)
    sure = Selector(np.zeros(1), np.ones(1), ())
    monkeypatch.setattr(Selector, "probabilities", lambda self, table: np.ones(len(table)))
    monkeypatch.setattr(selector, "trained", lambda systems: sure)
    monkeypatch.setattr(selector, "NOISE", (1,))
    monkeypatch.setattr(selector, "_fresh", lambda d: draw_systems(3, d, 1))
    records = selector.run_unit("fresh:2:0", {"systems": 1})
    rows = selector.summarise(records)
    assert [row["method"] for row in rows] == list(selector.METHODS)
    # Nothing is left out when every term is certain: the answers are those of the default.
    assert {(row["kept"], row["exact"]) for row in rows} == {(1.0, rows[0]["exact"])}
    assert rows[0]["time"] == 1.0
    assert rows[1]["look"] > rows[0]["look"]
    assert len(selector.table(rows).splitlines()) == 4
