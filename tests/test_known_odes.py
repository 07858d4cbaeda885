"""ODEBench: its systems, its records, and the scores of a model."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from numpy.typing import NDArray

from physmodel.models.fields.sparse_field import SparseField
from physmodel.problem.algebra.calculus import evaluate, powers
from physmodel.problem.algebra.parser import parse
from physmodel.systems import answers
from physmodel.systems.answers import Answer, determination, judge, scores
from physmodel.systems.equations import field_of
from physmodel.systems.odes import CELLS, RANDOM, OdeSystem, expanded, load_systems

Array = NDArray[np.float64]


def sparse(system: OdeSystem, changes: dict[str, dict[str, float]]) -> SparseField:
    """The true equations, some terms added or changed."""
    equations = {s: {**terms, **changes.get(s, {})} for s, terms in system.equations.items()}
    return field_of(system.states, equations)


def test_the_table_is_whole() -> None:
    """63 systems of one to four states, two different starts each, with rates there."""
    systems = load_systems()
    assert list(systems) == list(range(1, 64))
    assert [len(s.states) for s in systems.values()] == sorted(
        len(s.states) for s in systems.values()
    )
    assert {len(s.states) for s in systems.values()} == {1, 2, 3, 4}
    for system in systems.values():
        assert system.starts.shape == (2, len(system.states))
        assert not np.array_equal(*system.starts)
        assert len(system.time) == 512
        assert all(np.isfinite(system.rate(start)).all() for start in system.starts)
        assert not system.field.names  # every number is written into the equations


def test_kinds_are_what_the_equations_are() -> None:
    """Polynomial systems, and no others, have nothing but monomials when multiplied out."""
    for system in load_systems().values():
        terms = [parse(term, system.states) for row in system.equations.values() for term in row]
        exponents = [powers(term) for term in terms]
        monomials = all(
            row is not None and all(e.denominator == 1 and e > 0 for e in row.values())
            for row in exponents
        )
        assert monomials == (system.kind == "polynomial"), system.number


def test_terms_multiplied_out_are_the_same_field() -> None:
    """At states between the two starts of each system, to the rounding of a few sums."""
    for system in load_systems().values():
        first, second = system.starts
        for part in (0.0, 0.3, 1.0):
            state = first + part * (second - first)
            field = sparse(system, {})
            rate = field.rate(np.zeros(1), state[None], None, np.empty((1, 0)))[0]
            values = field.library.evaluate(np.append(state, 0.0)[None])[0]
            size = np.abs(field.coefficients) @ np.abs(values)
            assert (np.abs(rate - system.rate(state)) <= 1e-14 * size).all(), system.number


def test_expansion_by_hand() -> None:
    """A square of a sum, a product with a sum, and what must stay as it is."""
    names = ("x", "y")
    assert expanded(parse("(x + 2*y)^2", names)) == parse("x^2 + 4*x*y + 4*y^2", names)
    assert expanded(parse("x*(1 - x)*(y - 3)", names)) == parse("x*y - 3*x - x^2*y + 3*x^2", names)
    kept = parse("x/(1 + x^2) + sin(x + y)", names)
    assert expanded(kept) == kept
    root_of_sum = parse("(1 + x)^1.5", names)
    ((inner, _),) = expanded(root_of_sum).summands
    assert inner.factors[0][1] == Fraction(3, 2)
    assert evaluate(expanded(root_of_sum), {"x": 3.0}) == pytest.approx(8.0)


def test_trajectories_that_are_known_in_closed_form() -> None:
    """Growth, logistic growth, decay by x^3, the oscillators: solved on paper."""
    systems = load_systems()
    for k in range(2):
        t = systems[2].time
        x = systems[2].starts[k, 0]
        assert systems[2].exact[k][:, 0] == pytest.approx(x * np.exp(0.23 * t), rel=1e-10)
        x, top = systems[3].starts[k, 0], 74.3
        logistic = top / (1.0 + (top / x - 1.0) * np.exp(-0.79 * t))
        assert systems[3].exact[k][:, 0] == pytest.approx(logistic, rel=1e-10)
        x = systems[11].starts[k, 0]
        assert systems[11].exact[k][:, 0] == pytest.approx(
            x / np.sqrt(1.0 + 2.0 * x**2 * t), rel=1e-10
        )
        x, v = systems[24].starts[k]
        w = np.sqrt(2.1)
        circle = x * np.cos(w * t) + v / w * np.sin(w * t)
        assert systems[24].exact[k][:, 0] == pytest.approx(circle, abs=1e-10)
    # The pendulum keeps its energy, and the four shares of an epidemic stay one in sum.
    angle, speed = systems[28].exact[1].T
    energy = speed**2 / 2.0 - 0.9 * np.cos(angle)
    assert energy == pytest.approx(energy[0], rel=1e-10)
    assert systems[63].exact[0].sum(axis=1) == pytest.approx(1.0, rel=1e-12)


@pytest.mark.parametrize("cell", CELLS)
def test_cells_are_as_described(cell: str) -> None:
    """Near the true trajectory, by as much as their names say; the same for the same seed."""
    system = load_systems()[54]
    time, measured = CELLS[cell](system, 0)
    truth = system.exact[0][:: 2 if cell == "half" else 1]
    assert measured.shape == (len(time), 3)
    assert len(time) == (256 if cell == "half" else 512)
    again, other = CELLS[cell](system, 0)[1], CELLS[cell](system, 1)[1]
    assert np.array_equal(measured, again)
    assert np.array_equal(measured, other) == (cell not in RANDOM)
    share = np.abs(measured - truth) / np.abs(truth)
    if cell in ("exact", "half"):
        assert share.max() == 0.0
    elif cell == "quantised":
        assert share.max() <= 0.005 * (1.0 + 1e-12)  # half a step of the third digit of 1.00
        digits = [f"{value:.2e}" for value in measured.ravel()]
        assert np.array([float(text) for text in digits]) == pytest.approx(measured.ravel())
    elif cell.startswith("noise"):
        level = int(cell.partition("-")[2]) / 100.0
        noise = measured / truth - 1.0
        # 1536 draws: their spread is known to two per cent; five of those.
        assert noise.std() == pytest.approx(level, rel=0.1)
    elif cell == "filtered":
        raw = CELLS["noise-1"](system, 0)[1]
        assert np.abs(measured - truth).std() < 0.7 * np.abs(raw - truth).std()
        # Filtered noise is the neighbour's too, raw noise is not.
        kept, drawn = (measured - truth)[:, 0], (raw - truth)[:, 0]
        assert (
            np.corrcoef(kept[1:], kept[:-1])[0, 1] > 0.5 > np.corrcoef(drawn[1:], drawn[:-1])[0, 1]
        )
    else:
        # A loose integration is wrong, by some hundred times its tolerance after ten units.
        assert 0.0 < np.abs(measured - truth).max() < 100.0 * float(cell[5:]) * np.abs(truth).max()


def test_noise_is_that_of_the_published_evaluation() -> None:
    """Drawn from NumPy's legacy generator, in the order of the samples, in proportion to them."""
    system = load_systems()[9]
    drawn = np.random.RandomState(2009).randn(512, 1)
    assert np.array_equal(CELLS["noise-5"](system, 2)[1], system.exact[0] * (1.0 + 0.05 * drawn))


def test_the_true_equations_score_exact_and_follow() -> None:
    """Terms and motion of the truth are perfect; one term more is not exact, however small."""
    for number in (3, 27, 42, 54):
        system = load_systems()[number]
        assert judge(Answer(system.equations, 0.0), system.equations)["exact"]
        more = {s: {**t, "x_0^7": 1e-9} for s, t in system.equations.items()}
        assert not judge(Answer(more, 0.0), system.equations)["exact"]
        less = {s: dict(list(t.items())[1:]) for s, t in system.equations.items()}
        assert not judge(Answer(less, 0.0), system.equations)["exact"]
        first, second = scores(system, sparse(system, {}))
        # The integration has a tolerance of 1e-10.
        assert 1.0 - 1e-12 < first <= 1.0
        assert 1.0 - 1e-12 < second <= 1.0


def test_a_wrong_law_does_not_follow() -> None:
    """What blows up or is no model has zero, what stands still explains nothing or less."""
    system = load_systems()[24]
    assert scores(system, None) == (0.0, 0.0)
    assert scores(system, sparse(system, {"x_0": {"x_0^3": 1e3}})) == (0.0, 0.0)
    still = sparse(system, {"x_0": {"x_1": 0.0}, "x_1": {"x_0": 0.0}})
    assert max(scores(system, still)) <= 0.0


def test_a_simulation_that_does_not_end_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fast oscillations need more evaluations than there are."""
    monkeypatch.setattr(answers, "EVALUATIONS", 500)
    system = load_systems()[24]
    fast = sparse(system, {"x_0": {"x_1": 1e3}, "x_1": {"x_0": -1e3}})
    assert scores(system, fast) == (0.0, 0.0)


def test_a_law_of_second_order_starts_with_the_true_velocity() -> None:
    """The oscillator as one equation of second order follows; its other state stays in place."""
    system = load_systems()[24]
    terms = (parse("x_0", ("x_0",)),)
    field = SparseField(("x_0",), (), 2, terms, np.array([[-2.1]]))
    truth = system.exact[0]
    half = truth.copy()
    half[:, 1] = truth[0, 1]
    assert scores(system, field)[0] == pytest.approx(determination(truth, half), abs=1e-9)


def test_determination_is_that_of_scikit_learn() -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(0)
    truth, other = rng.normal(size=(2, 40, 3)) * [1.0, 5.0, 0.1]
    expected = metrics.r2_score(truth, other, multioutput="variance_weighted")
    assert determination(truth, other) == pytest.approx(expected, rel=1e-12)
    assert determination(truth, truth) == 1.0
    assert determination(np.ones((4, 1)), np.zeros((4, 1))) == 0.0
