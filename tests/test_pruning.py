"""Pruning against closed forms, exhaustive search and planted networks."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from torch import Tensor

from physmodel.errors import DataError, ProblemError
from physmodel.losses.field_residuals import rate_residuals
from physmodel.losses.slopes import KnownStates
from physmodel.models.fields.linear_field import Points
from physmodel.models.nets.blocks import PositiveQuadratic
from physmodel.models.nets.form import Form
from physmodel.models.nets.mlp import MLPField, MLPScalar
from physmodel.models.nets.net_field import NetField
from physmodel.models.nets.scaled import ScaledForm
from physmodel.models.nets.scaling import Scaling
from physmodel.models.nets.structure.constrained import Constrained
from physmodel.models.nets.structure.dissipative import GradientFlow, Metriplectic
from physmodel.models.nets.structure.hamiltonian import Hamiltonian, Separable
from physmodel.models.nets.structure.lagrangian import Lagrangian
from physmodel.models.nets.structure.mechanical import Mechanical
from physmodel.models.nets.structure.port_hamiltonian import PortHamiltonian
from physmodel.models.nets.structure.stable import Stable
from physmodel.models.nets.weights.pruned import PrunedForm
from physmodel.models.nets.weights.random_units import with_random_units
from physmodel.models.nets.weights.storage import load_net, save_net
from physmodel.models.nets.weights.unit_layout import layout_of, without_idle_units
from physmodel.networks.pruned import Pruned, prune
from physmodel.optimizers.pruning.brain_surgeon import removed, saliencies
from physmodel.optimizers.pruning.pruning import prune_by_criterion, prune_to, shrinking
from physmodel.optimizers.pruning.trial import Evaluations, Refit, Trial, Unit, schwarz
from physmodel.problem.known.rods import Rods

Array = NDArray[np.float64]

FORMS: list[Form] = [
    MLPField(2, hidden=(5,)),
    MLPField(2, 1, 2, (4, 3)),
    MLPField(2, hidden=(5,), bias=False, linear=False),
    Hamiltonian(MLPScalar(2, (4, 3))),
    Hamiltonian(MLPScalar(2, (5,), bias=False, quadratic=False)),
    Hamiltonian(Separable(PositiveQuadratic(1), MLPScalar(1, (4,)))),
    Metriplectic(MLPScalar(3, (3,)), MLPScalar(3, (4,))),
    GradientFlow(MLPScalar(2, (4,))),
    PortHamiltonian(MLPScalar(2, (4,)), 1, hidden=(3,)),
    Mechanical(MLPScalar(2, (4,)), magnetic=(3,), friction=True),
    Lagrangian(MLPScalar(2, (4,))),
    Constrained(MLPScalar(4, (3,)), Rods(2, 2, ((0, 1),)), (1.0, None)),
    Stable(2, (4,)),
    ScaledForm(Hamiltonian(MLPScalar(2, (4,))), Scaling((0.0, 0.0), (2.0, 2.0), 0.5)),
    with_random_units(Hamiltonian(MLPScalar(2, (5,))), 1),
    PrunedForm(MLPField(2, hidden=(4,)), tuple(range(1, 20))),
]


@dataclass(frozen=True)
class Opaque:
    """A form of which nothing is known."""

    inner: Form

    @property
    def n_states(self) -> int:
        return self.inner.n_states

    @property
    def n_inputs(self) -> int:
        return self.inner.n_inputs

    @property
    def order(self) -> int:
        return self.inner.order

    @property
    def n_parameters(self) -> int:
        return self.inner.n_parameters

    def initial(self, seed: int) -> Array:
        return self.inner.initial(seed)

    def rate(self, parameters: Tensor, motion: Tensor, inputs: Tensor) -> Tensor:
        return self.inner.rate(parameters, motion, inputs)


@dataclass(frozen=True, eq=False)
class Linear:
    """``A w - b``."""

    matrix: Array
    target: Array

    def values(self, parameters: Array) -> Array:
        return self.matrix @ parameters - self.target

    def linearised(self, parameters: Array) -> tuple[Array, Array]:
        return self.values(parameters), self.matrix


def linear(seed: int, m: int = 30, p: int = 8) -> tuple[Linear, Trial]:
    rng = np.random.default_rng(seed)
    problem = Linear(rng.normal(size=(m, p)), rng.normal(size=m))
    return problem, Refit(problem, np.full(p, np.inf))(np.ones(p, dtype=bool), np.zeros(p))


def least(problem: Linear, places: NDArray[np.intp]) -> tuple[Array, float]:
    """Least squares on some columns alone."""
    w = np.linalg.lstsq(problem.matrix[:, places], problem.target, rcond=None)[0]
    left = problem.matrix[:, places] @ w - problem.target
    return w, float(left @ left) / 2.0


def rates(field: NetField, x: Array) -> Array:
    n, d = len(x), field.form.n_states
    velocities = None if field.order == 1 else np.roll(x[:, :d], 1, axis=0)
    return field.rate(np.zeros(n), x[:, :d], velocities, np.ones((n, field.form.n_inputs)))


def named(form: Form, parameters: Array) -> NetField:
    states = tuple(f"x{k}" for k in range(form.n_states))
    return NetField(form, states, tuple(f"u{k}" for k in range(form.n_inputs)), parameters)


@given(st.integers(0, 10_000))
def test_a_saliency_is_the_rise_of_the_cost_of_a_linear_problem(seed: int) -> None:
    problem, dense = linear(seed)
    found, _ = saliencies(dense)
    for q in range(8):
        rest = np.delete(np.arange(8), q)
        # 30 normal rows of 8 columns have a condition below ten or so: rounding stays below 1e-10.
        assert found[q] == pytest.approx(least(problem, rest)[1] - dense.cost, rel=1e-8, abs=1e-10)


@given(st.integers(0, 10_000), st.integers(0, 7))
def test_what_is_left_of_a_linear_problem_is_its_least_squares(seed: int, size: int) -> None:
    problem, dense = linear(seed)
    kept, w = removed(dense, size, (Unit((), (0, 3)), Unit((1,), (2,))))
    assert kept.sum() <= size
    assert not w[~kept].any()
    # The second unit's incoming weight is not free of effect in a linear problem: it stays.
    if kept[2] or kept[1]:
        np.testing.assert_allclose(w[kept], least(problem, np.flatnonzero(kept))[0], atol=1e-9)


def test_units_go_as_a_whole_where_that_costs_least_per_parameter() -> None:
    # Orthogonal columns: the cost of each is w^2 / 2. The unit costs 1.3 / 2 for three.
    problem = Linear(np.eye(5), np.array([0.8, 0.81, 1.0, 0.7, 2.0]))
    dense = Refit(problem, np.full(5, np.inf))(np.ones(5, dtype=bool), np.zeros(5))
    unit = Unit((2,), (0, 1))
    np.testing.assert_array_equal(np.flatnonzero(~removed(dense, 4, (unit,))[0]), [0, 1, 2])
    np.testing.assert_array_equal(np.flatnonzero(~removed(dense, 4)[0]), [3])


@pytest.mark.parametrize("seed", range(6))
def test_exchanges_find_the_best_subset_of_a_small_problem(seed: int) -> None:
    rng = np.random.default_rng(seed)
    # Columns in pairs that look alike, so that going down alone may take the wrong one.
    base = rng.normal(size=(40, 4))
    matrix = np.hstack([base, base + 0.5 * rng.normal(size=(40, 4))])
    truth = np.zeros(8)
    truth[rng.permutation(8)[:3]] = rng.choice([-1.0, 1.0], 3)
    problem = Linear(matrix, matrix @ truth + 0.1 * rng.normal(size=40))
    refit = Refit(problem, np.full(8, np.inf))
    counted = Evaluations(refit, 20)
    found = prune_to(counted, refit(np.ones(8, dtype=bool), np.zeros(8)), 3)
    best = min(least(problem, np.array(some))[1] for some in combinations(range(8), 3))
    assert found.cost == pytest.approx(best, rel=1e-9)


def test_schwarz_s_criterion_takes_what_is_not_there() -> None:
    rng = np.random.default_rng(4)
    matrix, truth = rng.normal(size=(400, 12)), np.r_[np.ones(4), np.zeros(8)]
    problem = Linear(matrix, matrix @ truth + rng.normal(size=400))
    refit = Refit(problem, np.full(12, np.inf))
    dense = refit(np.ones(12, dtype=bool), np.zeros(12))
    found = prune_by_criterion(Evaluations(refit, 30), dense, 400)
    # Weights of twenty standard deviations stay. Each of the others passes log 400 with a chance
    # of 1.4%; for this draw none does.
    np.testing.assert_array_equal(found.kept, truth > 0.0)
    assert schwarz(found, 400) < schwarz(dense, 400)


@given(st.integers(1, 6), st.integers(1, 12))
def test_evaluations_are_counted_exactly(size: int, limit: int) -> None:
    problem, dense = linear(1)
    calls = 0
    inner = Refit(problem, np.full(8, np.inf))

    def refit(kept: NDArray[np.bool_], start: Array) -> Trial:
        nonlocal calls
        calls += 1
        return inner(kept, start)

    counted = Evaluations(refit, limit)
    assert prune_to(counted, dense, size).size <= size
    assert 1 <= calls == len(counted.trials) <= limit
    for _ in range(counted.left):
        counted(dense.kept, dense.parameters)
    with pytest.raises(ProblemError, match="are spent"):
        counted(dense.kept, dense.parameters)


@given(st.integers(1, 500), st.integers(0, 500), st.integers(1, 30))
def test_sizes_shrink_to_the_one_wanted(size: int, wanted: int, stages: int) -> None:
    wanted = min(size, wanted)
    found = shrinking(size, wanted, stages)
    assert found[-1] == wanted
    assert len(found) <= stages
    assert found == sorted(set(found), reverse=True)
    assert all(one < size for one in found[:-1])


@pytest.mark.parametrize("form", FORMS, ids=lambda form: type(form).__name__)
def test_units_are_where_the_layout_says(form: Form) -> None:
    layout, x = layout_of(form), np.random.default_rng(0).normal(size=(7, form.n_states))
    assert sorted(q for layer in layout.layers for q in layer) == list(range(form.n_parameters))
    assert layout.units
    inside = {q for unit in layout.units for q in unit.incoming + unit.outgoing}
    assert not inside & set(layout.others)
    theta = form.initial(3) + 0.3 * np.random.default_rng(1).normal(size=form.n_parameters)
    for unit in layout.units:
        assert not set(unit.incoming) & set(unit.outgoing)
        alone = theta.copy()
        alone[list(unit.outgoing)] = 0.0
        other = alone.copy()
        other[list(unit.incoming)] += 1.0
        np.testing.assert_array_equal(rates(named(form, alone), x), rates(named(form, other), x))


@pytest.mark.parametrize("form", FORMS, ids=lambda form: type(form).__name__)
def test_a_form_without_idle_units_is_the_same_function(form: Form) -> None:
    rng = np.random.default_rng(2)
    layout, x = layout_of(form), rng.normal(size=(7, form.n_states))
    theta = form.initial(3) + 0.3 * rng.normal(size=form.n_parameters)
    for unit in layout.units[::2]:
        theta[list(unit.outgoing)] = 0.0
    smaller, places = without_idle_units(form, theta)
    assert type(smaller) is type(form)
    assert smaller.n_parameters == len(places)
    if not isinstance(form, PrunedForm):
        assert smaller.n_parameters < form.n_parameters
    # Sums of fewer terms, all of unit size: a few roundings.
    np.testing.assert_allclose(
        rates(named(smaller, theta[places]), x), rates(named(form, theta), x), rtol=0, atol=1e-13
    )
    _, every = without_idle_units(form, np.ones(form.n_parameters))
    np.testing.assert_array_equal(every, np.arange(form.n_parameters))


def test_a_pruned_form_is_the_form_with_zeros(tmp_path: Path) -> None:
    inner = Hamiltonian(MLPScalar(2, (4,)))
    form = PrunedForm(inner, (0, 3, 8, 12, 14, 17, 20))
    theta, x = form.initial(5), np.random.default_rng(0).normal(size=(6, 2))
    whole = np.zeros(inner.n_parameters)
    whole[list(form.kept)] = theta
    field, full = named(form, theta), named(inner, whole)
    np.testing.assert_array_equal(rates(field, x), rates(full, x))
    arguments = (np.zeros(6), x, None, np.empty((6, 0)))
    found, expected = field.linearised(*arguments), full.linearised(*arguments)
    np.testing.assert_allclose(
        found.by_parameter, expected.by_parameter[..., list(form.kept)], atol=1e-15
    )
    again = load_net(save_net(field, tmp_path / "net"))
    assert again.form == form
    np.testing.assert_array_equal(rates(again, x), rates(field, x))


@pytest.mark.parametrize("surplus", ["zero", "twins"])
def test_a_planted_network_is_found_again(surplus: str) -> None:
    rng = np.random.default_rng(7)
    small = Hamiltonian(MLPScalar(2, (3,)))
    theta = small.initial(1)
    theta[9:12] = [1.0, -0.8, 0.6]
    into, bias, out, rest = np.split(theta, [6, 9, 12])
    if surplus == "zero":
        out = np.r_[out, np.zeros(3)]
        into, bias = np.r_[into, rng.normal(size=6)], np.r_[bias, rng.normal(size=3)]
    else:
        into, bias, out = np.tile(into, 2), np.tile(bias, 2), np.tile(out / 2.0, 2)
    wide = named(Hamiltonian(MLPScalar(2, (6,))), np.concatenate([into, bias, out, rest]))
    x = rng.normal(size=(80, 2))
    truth = rates(named(small, theta), x)
    found = prune(wide, KnownStates(wide, x, truth, np.ones(2)))
    assert isinstance(found.field.form, PrunedForm)
    assert found.field.form.inner == small
    # Two weights of the polynomial beside the network are zero in truth too.
    assert found.size == np.count_nonzero(theta)
    # Everything was exact to rounding before, and is so after the last fit.
    np.testing.assert_allclose(rates(found.field, x), truth, atol=1e-10)
    assert f"{found.size} of {len(wide.parameters)} weights" in str(found)


def test_a_stated_size_is_kept_and_impossible_requests_are_refused() -> None:
    form = MLPField(2, hidden=(4,))
    field = named(form, form.initial(0))
    x = np.random.default_rng(0).normal(size=(60, 2))
    noisy = np.tanh(x) + 0.05 * np.random.default_rng(1).normal(size=x.shape)
    loss = KnownStates(field, x, noisy, np.ones(2))
    found = prune(field, loss, size=6, evaluations=10)
    assert found.size <= 6
    assert len(found.trials) <= 10
    for size in (0, 27):
        with pytest.raises(ProblemError, match="weights to keep"):
            prune(field, loss, size=size)
    with pytest.raises(DataError, match="residuals for 26 weights"):
        prune(field, KnownStates(field, x[:13], noisy[:13], np.ones(2)))
    with pytest.raises(DataError, match="cannot be evaluated"):
        prune(field, KnownStates(field, x * np.nan, noisy, np.ones(2)))
    with pytest.raises(ProblemError, match="9 of 8 parameters"):
        prune_to(Evaluations(Refit(*_any()), 3), linear(0)[1], 9)


def test_what_is_no_weight_stays() -> None:
    form = Mechanical(MLPScalar(1, (3,)), friction=True)
    theta = form.initial(0)
    theta[-1] = 1e-3  # friction that the data do not show
    field, x = named(form, theta), np.random.default_rng(0).normal(size=(60, 2))
    force = -np.sin(x[:, :1]) + 0.1 * np.random.default_rng(1).normal(size=(60, 1))
    points = Points(np.zeros(60), x[:, :1], x[:, 1:], np.empty((60, 0)))
    found = prune(field, rate_residuals(field, points, force, np.ones(1)))
    assert layout_of(form).others == (form.n_parameters - 1,)
    assert isinstance(found.field.form, PrunedForm)
    assert found.field.form.inner.n_parameters - 1 in found.field.form.kept
    assert found.size < form.n_parameters
    hidden = named(Opaque(form), theta)
    with pytest.raises(ProblemError, match="no network is known inside a Opaque"):
        prune(hidden, rate_residuals(hidden, points, force, np.ones(1)))


def test_models_that_cannot_be_evaluated_are_passed_over() -> None:
    problem, dense = linear(3)
    broken = Refit(_Broken(problem), np.full(8, np.inf))
    found = prune_to(Evaluations(broken, 12), dense, 3)
    assert np.isfinite(found.cost)
    assert found.kept[:2].any()
    again = prune_by_criterion(Evaluations(broken, 12), dense, 30)
    assert np.isfinite(again.cost)


@dataclass(frozen=True, eq=False)
class _Broken:
    """Cannot be evaluated where the first two parameters are both zero."""

    inner: Linear

    def values(self, parameters: Array) -> Array:
        return self.inner.values(parameters) / float(np.any(parameters[:2]))

    def linearised(self, parameters: Array) -> tuple[Array, Array]:
        return self.values(parameters), self.inner.matrix


def test_the_page_on_pruning_runs(capsys: pytest.CaptureFixture[str]) -> None:
    page = (Path(__file__).resolve().parents[1] / "docs" / "pruning.md").read_text(encoding="utf-8")
    names: dict[str, object] = {}
    for block in re.findall(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL):
        exec(compile(block, "pruning.md", "exec"), names)  # noqa: S102 - our own page
    # What the page prints; the last digits depend on the order of sums.
    assert "7 of 53 weights kept; mean square of the residuals 0.000399" in capsys.readouterr().out
    small = names["small"]
    assert isinstance(small, Pruned)
    x = np.random.default_rng(1).uniform(-2.0, 2.0, (500, 2))
    truth = np.column_stack([x[:, 1], -np.sin(x[:, 0])])
    # Seven numbers found in 400 values with noise of 0.02: an error of about 0.003, and of a bit
    # more where their shape is not quite that of a sine.
    assert np.sqrt(np.mean((rates(small.field, x) - truth) ** 2)) < 0.006


def _any() -> tuple[Linear, Array]:
    return linear(0)[0], np.ones(8)
