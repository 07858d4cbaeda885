"""Networks as vector fields: shapes, derivatives, tiles, simulation, refusals."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from physmodel.errors import ProblemError
from physmodel.models.fields.vector_field import simulate
from physmodel.models.nets import net_field
from physmodel.models.nets.blocks import PositiveQuadratic
from physmodel.models.nets.form import Form
from physmodel.models.nets.mlp import MLPField, MLPScalar
from physmodel.models.nets.net_field import NetField
from physmodel.models.nets.structure.hamiltonian import Hamiltonian, Separable
from physmodel.testing.field import check_field

FORMS: dict[str, Form] = {
    "plain": MLPField(2, hidden=(7,)),
    "plain, two layers, second order, input": MLPField(2, 1, 2, hidden=(5, 4)),
    "odd": MLPField(3, hidden=(6,), bias=False, linear=False),
    "hamiltonian": Hamiltonian(MLPScalar(4, (6,))),
    "hamiltonian, three layers": Hamiltonian(MLPScalar(2, (5, 4, 3), quadratic=False)),
    "hamiltonian, other pairs": Hamiltonian(MLPScalar(4, (6,)), pairs=((0, 1), (3, 2))),
    "separable": Hamiltonian(Separable(PositiveQuadratic(2), MLPScalar(2, (6,)))),
    "known mass": Hamiltonian(
        Separable(PositiveQuadratic(2, ((2.0, 0.5), (0.5, 1.0))), MLPScalar(2, (6,)))
    ),
}


def made(form: Form, seed: int, size: float = 0.7) -> NetField:
    """A field of random weights that are not those of any training."""
    weights = np.random.default_rng(seed).normal(scale=size, size=form.n_parameters)
    names = tuple(f"x{k}" for k in range(form.n_states))
    return NetField(form, names, tuple(f"u{k}" for k in range(form.n_inputs)), weights)


def points(field: NetField, n: int, seed: int = 0) -> tuple[np.ndarray, ...]:
    """Arguments of `rate`."""
    rng = np.random.default_rng(seed)
    d, m = len(field.states), len(field.inputs)
    velocities = rng.normal(size=(n, d)) if field.order == 2 else None
    return np.zeros(n), rng.normal(size=(n, d)), velocities, rng.normal(size=(n, m))


@pytest.mark.parametrize("name", FORMS)
def test_forms_are_vector_fields(name: str) -> None:
    check_field(made(FORMS[name], 0))


@pytest.mark.parametrize("name", FORMS)
def test_derivatives_agree_with_differences(name: str) -> None:
    field = made(FORMS[name], 1)
    time, states, velocities, inputs = points(field, 5)
    exact = field.linearised(time, states, velocities, inputs)
    # The two sum in another order: a few last digits of the largest rate.
    rates = field.rate(time, states, velocities, inputs)
    assert exact.rate == pytest.approx(rates, abs=1e-14 * np.abs(rates).max())
    step, d = 1e-3, len(field.states)

    def central(rate_at: object, width: int) -> np.ndarray:
        """Differences of sixth order: the error is some 1e-15 / step + step^6."""
        columns = []
        for k in range(width):
            unit = step * np.eye(width)[k]
            columns.append(
                sum(
                    w * (rate_at(j * unit) - rate_at(-j * unit)) / step
                    for j, w in ((1, 0.75), (2, -0.15), (3, 1 / 60))
                )
            )
        return np.stack(columns, axis=2)

    def moved(change: np.ndarray) -> np.ndarray:
        faster = None if velocities is None else velocities + change[d:]
        return field.rate(time, states + change[:d], faster, inputs)

    def other(change: np.ndarray) -> np.ndarray:
        changed = field.with_parameters(field.parameters + change)
        return changed.rate(time, states, velocities, inputs)

    size = np.abs(exact.by_parameter).max()
    assert exact.by_motion == pytest.approx(central(moved, field.order * d), abs=1e-10 * size)
    by_parameter = central(other, len(field.parameters))
    assert exact.by_parameter == pytest.approx(by_parameter, abs=1e-10 * size)


def test_tiles_make_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    field = made(FORMS["hamiltonian"], 2)
    arguments = points(field, 50)
    whole, rate = field.linearised(*arguments), field.rate(*arguments)
    monkeypatch.setattr(net_field, "TILE", 7 * 4 * len(field.parameters))
    tiled = field.linearised(*arguments)
    # Products of matrices of other heights may be summed in another order.
    for one, two in (
        (whole.rate, tiled.rate),
        (whole.by_motion, tiled.by_motion),
        (whole.by_parameter, tiled.by_parameter),
        (rate, field.rate(*arguments)),
    ):
        assert one == pytest.approx(two, rel=1e-13, abs=1e-13)


def test_scalars_have_the_gradient_of_their_value() -> None:
    for scalar in (
        MLPScalar(3, (5,)),
        MLPScalar(3, (5, 4, 6), bias=False, quadratic=False),
        Separable(PositiveQuadratic(2), MLPScalar(2, (4,))),
    ):
        weights = torch.tensor(np.random.default_rng(0).normal(size=scalar.n_parameters))
        point = torch.randn(
            6, scalar.n_variables, dtype=torch.float64, generator=torch.Generator().manual_seed(0)
        ).requires_grad_()
        by_torch = torch.autograd.grad(scalar.value(weights, point).sum(), point)[0]
        found = scalar.gradient(weights, point).detach().numpy()
        # The same sums in another order.
        assert found == pytest.approx(by_torch.numpy(), rel=1e-13, abs=1e-13)


def test_first_weights_suit_points_of_unit_size() -> None:
    rng = np.random.default_rng(0)
    for hidden in ((12,), (12, 12)):
        scalar = MLPScalar(3, hidden)
        weights = torch.tensor(scalar.initial(0))
        point = torch.tensor(rng.normal(size=(2000, 3)))
        layers = scalar.layers.split(weights[: scalar.layers.n_parameters])
        for units in scalar.layers.units(layers, point):
            # Neither all saturated (1) nor all linear (0) nor constant.
            assert 0.3 < units.abs().mean() < 0.8
            assert units.std(0).min() > 0.05
    assert np.array_equal(scalar.initial(3), scalar.initial(3))
    assert not np.array_equal(scalar.initial(3), scalar.initial(4))


def test_a_known_hamiltonian_is_simulated_as_it_should_be() -> None:
    form = Hamiltonian(MLPScalar(2, (3,)))
    weights = form.initial(0)
    sizes = form.energy.sizes
    weights[sizes[0] : sizes[0] + sizes[1]] = 0.0  # no units: what is left is |x|^2 / 2
    field = NetField(form, ("q", "p"), (), weights)
    time = np.linspace(0.0, 10.0, 50)
    path = simulate(field, time, np.array([1.0, 0.0]))
    # rtol of the integrator is 1e-10, over one and a half turns.
    assert path == pytest.approx(np.column_stack([np.cos(time), -np.sin(time)]), abs=1e-8)


@settings(max_examples=30)
@given(st.sampled_from(sorted(k for k in FORMS if "hamil" in k or k == "separable")), st.data())
def test_hamiltonian_fields_keep_their_energy(name: str, data: st.DataObject) -> None:
    form = FORMS[name]
    field = made(form, data.draw(st.integers(0, 2**32 - 1)), data.draw(st.floats(0.1, 5.0)))
    _, states, _, _ = arguments = points(field, 20)
    slopes = form.energy.gradient(torch.tensor(field.parameters), torch.tensor(states)).numpy()
    products = slopes * field.rate(*arguments)
    # The products cancel in pairs, each rounded once.
    assert np.abs(products.sum(1)).max() <= 1e-12 * max(np.abs(products).sum(1).max(), 1e-300)


def test_what_does_not_fit_is_refused() -> None:
    form = MLPField(2)
    good = form.initial(0)
    with pytest.raises(ProblemError, match="3 states and 0 inputs"):
        NetField(form, ("x", "y", "z"), (), good)
    with pytest.raises(ProblemError, match="float32"):
        NetField(form, ("x", "y"), (), good.astype(np.float32))
    with pytest.raises(ProblemError, match="shape"):
        NetField(form, ("x", "y"), (), good).with_parameters(good[:-1])
    with pytest.raises(ProblemError, match="not pairs"):
        Hamiltonian(MLPScalar(3))
    with pytest.raises(ProblemError, match="not pairs"):
        Hamiltonian(MLPScalar(4), pairs=((0, 1), (1, 2)))
    with pytest.raises(ProblemError, match="layers"):
        MLPScalar(2, ())
    with pytest.raises(ProblemError, match="units"):
        MLPScalar(2, (0,))
    with pytest.raises(ProblemError, match="2 momenta"):
        Separable(PositiveQuadratic(2), MLPScalar(3))
    with pytest.raises(ProblemError, match="symmetric"):
        PositiveQuadratic(2, ((1.0, 2.0), (2.0, 1.0)))
    assert torch.get_default_dtype() == torch.float32
