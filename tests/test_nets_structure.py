"""Structure of networks holds for random weights that nobody trained.

Tolerances of 1e-12 relative: sums of some tens of products of numbers of order one, each good to
1e-16, times the size of the parts that cancel.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.func import jacrev, vmap

from physmodel.models.fields.vector_field import simulate
from physmodel.models.nets.blocks import skew
from physmodel.models.nets.mlp import MLPField, MLPScalar
from physmodel.models.nets.net_field import NetField
from physmodel.models.nets.structure.dissipative import GradientFlow, Metriplectic
from physmodel.models.nets.structure.divergence_free import DivergenceFree
from physmodel.models.nets.structure.hamiltonian import Hamiltonian
from physmodel.models.nets.structure.lagrangian import Lagrangian
from physmodel.models.nets.structure.mechanical import Mechanical
from physmodel.models.nets.structure.port_hamiltonian import PortHamiltonian
from physmodel.models.nets.structure.stable import Stable
from physmodel.models.nets.traced import PATIENCE, slopes_of

SMALL = (5,)
draws = given(seed=st.integers(0, 10**6))
few = settings(max_examples=12)

FORMS: dict[str, Callable[[], Any]] = {
    "hamiltonian": lambda: Hamiltonian(MLPScalar(4, SMALL)),
    "port-hamiltonian": lambda: PortHamiltonian(MLPScalar(3, SMALL), 2),
    "metriplectic": lambda: Metriplectic(MLPScalar(3, SMALL), MLPScalar(3, SMALL)),
    "divergence-free": lambda: DivergenceFree(3, SMALL),
    "gradient-flow": lambda: GradientFlow(MLPScalar(3, SMALL)),
    "stable": lambda: Stable(3, SMALL, 0.3),
    "lagrangian": lambda: Lagrangian(MLPScalar(2, SMALL), (4,)),
    "mechanical": lambda: Mechanical(MLPScalar(3, SMALL), (4,), True),
    "port-hamiltonian, all networks": lambda: PortHamiltonian(MLPScalar(3, SMALL), 1, True, (4,)),
    "canonical with friction": lambda: PortHamiltonian(MLPScalar(4, SMALL), canonical=True),
    "constant mass": lambda: Lagrangian(MLPScalar(2, SMALL), None),
    "plain": lambda: MLPField(3, 0, 1, SMALL),
}


def drawn(form: Any, seed: int, n: int = 7) -> tuple[Tensor, Tensor, Tensor]:
    """Random weights of order one, points and inputs."""
    rng = np.random.default_rng(seed)
    weights = torch.tensor(rng.normal(size=form.n_parameters))
    motion = torch.tensor(rng.normal(size=(n, form.order * form.n_states)))
    return weights, motion, torch.tensor(rng.normal(size=(n, form.n_inputs)))


def dot(a: Tensor, b: Tensor) -> Tensor:
    return (a * b).sum(-1)


def size(*parts: Tensor) -> float:
    return 1e-12 * max(
        1.0, float(np.prod([float(torch.linalg.norm(p, dim=-1).max()) for p in parts]))
    )


@draws
@few
def test_energy_of_a_hamiltonian(seed: int) -> None:
    form = FORMS["hamiltonian"]()
    weights, x, u = drawn(form, seed)
    slope, rate = form.energy.gradient(weights, x), form.rate(weights, x, u)
    assert dot(slope, rate).abs().max() <= size(slope, rate)


@draws
@few
def test_a_port_hamiltonian_loses_energy_but_for_its_ports(seed: int) -> None:
    for name in ("port-hamiltonian", "port-hamiltonian, all networks", "canonical with friction"):
        form = FORMS[name]()
        weights, x, u = drawn(form, seed)
        slope = form.energy.gradient(weights[: form.sizes[0]], x)
        alone = form.rate(weights, x, 0.0 * u)
        assert dot(slope, alone).max() <= size(slope, alone)
        ports = weights[form.n_parameters - form.sizes[3] :].reshape(form.n_states, form.n_inputs)
        # The difference of two rates of order one to ten.
        assert form.rate(weights, x, u) - alone == pytest.approx(u @ ports.T, abs=1e-11)
    closed = PortHamiltonian(MLPScalar(3, SMALL), 0, False, (4,))
    weights, x, u = drawn(closed, seed)
    slope, rate = closed.energy.gradient(weights[: closed.sizes[0]], x), closed.rate(weights, x, u)
    assert dot(slope, rate).abs().max() <= size(slope, rate)


@draws
@few
def test_metriplectic_degeneracies(seed: int) -> None:
    form = FORMS["metriplectic"]()
    weights, x, u = drawn(form, seed)
    first, second, *_ = torch.split(weights, list(form.sizes))
    by_energy, by_entropy = form.energy.gradient(first, x), form.entropy.gradient(second, x)
    rate = form.rate(weights, x, u)
    assert dot(by_energy, rate).abs().max() <= size(by_energy, rate)
    assert dot(by_entropy, rate).min() >= -size(by_entropy, rate)


@draws
@few
def test_divergence(seed: int) -> None:
    form = FORMS["divergence-free"]()
    weights, x, u = drawn(form, seed)
    jacobian = vmap(jacrev(lambda point: form.rate(weights, point, u[0])))(x)
    trace = jacobian.diagonal(dim1=-2, dim2=-1).sum(-1)
    assert trace.abs().max() <= 1e-12 * max(1.0, float(jacobian.abs().max()))
    # The twin without structure has a divergence.
    twin = MLPField(3, 0, 1, SMALL)
    loose = drawn(twin, seed)[0]
    other = vmap(jacrev(lambda point: twin.rate(loose, point, u[0])))(x)
    assert other.diagonal(dim1=-2, dim2=-1).sum(-1).abs().max() > 1e-6


@draws
@few
def test_potentials_and_lyapunov_functions_fall(seed: int) -> None:
    flow = FORMS["gradient-flow"]()
    weights, x, u = drawn(flow, seed)
    slope = flow.potential.gradient(weights[: flow.sizes[0]], x)
    rate = flow.rate(weights, x, u)
    assert dot(slope, rate).max() <= size(slope, rate)
    stable = FORMS["stable"]()
    weights, x, u = drawn(stable, seed)
    value, slope = stable.lyapunov(weights, x)
    rate = stable.rate(weights, x, u)
    assert (dot(slope, rate) + 0.3 * value).max() <= size(slope, rate)
    rest = weights[-3:]
    assert stable.rate(weights, rest, u[0]).abs().max() == 0.0


@draws
@few
def test_energies_of_second_order(seed: int) -> None:
    for form in (FORMS["lagrangian"](), Mechanical(MLPScalar(3, SMALL), (4,))):
        weights, x, u = drawn(form, seed)
        v = x[:, form.n_states :]
        slope = vmap(jacrev(lambda point, at=form, w=weights: at.energy(w, point)))(x)
        along = torch.cat([v, form.rate(weights, x, u)], dim=-1)
        # The mass matrix is no worse conditioned than 1e2 here; 3e-15 is seen.
        assert dot(slope, along).abs().max() <= size(slope, along)
        if isinstance(form, Lagrangian):
            assert torch.linalg.eigvalsh(form.mass(weights, x[:, :2])).min() >= 1.0 - 1e-12


@draws
@few
def test_friction_of_second_order_takes_energy(seed: int) -> None:
    form = Mechanical(MLPScalar(3, SMALL), (4,), True, (4,))
    weights, x, u = drawn(form, seed)
    slope = vmap(jacrev(lambda point: form.energy(weights, point)))(x)
    along = torch.cat([x[:, 3:], form.rate(weights, x, u)], dim=-1)
    assert dot(slope, along).max() <= size(slope, along)


def test_lagrange_and_euler_agree_with_the_definition() -> None:
    """``d/dt dL/dv = dL/dq`` by automatic differentiation of ``L`` alone."""
    form = FORMS["lagrangian"]()
    weights, x, u = drawn(form, 3)

    def lagrangian(q: Tensor, v: Tensor) -> Tensor:
        potential = form.potential.value(weights[: form.sizes[0]], q)
        return form.energy(weights, torch.cat([q, v])) - 2.0 * potential

    for point, found in zip(x, form.rate(weights, x, u), strict=True):
        q, v = point[:2], point[2:]
        momentum = jacrev(lagrangian, argnums=1)
        turned = jacrev(momentum)(q, v) @ v
        mass = jacrev(momentum, argnums=1)(q, v)
        force = jacrev(lagrangian)(q, v) - turned
        assert mass @ found == pytest.approx(force, rel=1e-12, abs=1e-12)


def test_twins_without_structure_are_caught() -> None:
    """Every property above fails for a network of the same size and the same energies."""
    scalar, twin = MLPScalar(3, SMALL), MLPField(3, 0, 1, SMALL)
    weights, x, u = drawn(twin, 0, 50)
    rate = twin.rate(weights, x, u)
    slope = scalar.gradient(drawn(FORMS["gradient-flow"](), 1)[0][: scalar.n_parameters], x)
    work = dot(slope, rate)
    assert work.max() > size(slope, rate)  # neither falls
    assert work.min() < -size(slope, rate)  # nor grows, nor stays
    j = torch.tensor([[0.0, 1.0], [-1.0, 0.0]], dtype=torch.float64)
    plain = MLPField(2, 0, 1, SMALL)
    loose = drawn(plain, 2)[0]
    step = jacrev(lambda at: at + plain.rate(loose, at, u[0]))(x[0, :2])
    assert (step.T @ j @ step - j).abs().max() > 1e-3
    # Brackets without their degeneracies: the same form with one direction left in.
    form = FORMS["metriplectic"]()
    weights, x, u = drawn(form, 0)
    first, second, turning, _ = torch.split(weights, list(form.sizes))
    by_energy, by_entropy = form.energy.gradient(first, x), form.entropy.gradient(second, x)
    bare = by_energy @ skew(turning, 3).T
    assert dot(by_entropy, bare).abs().max() > 1e-3


@pytest.mark.parametrize("name", FORMS)
def test_forms_are_fields_among_others(name: str) -> None:
    form = FORMS[name]()
    rng = np.random.default_rng(0)
    states = tuple(f"x{k}" for k in range(form.n_states))
    inputs = tuple(f"u{k}" for k in range(form.n_inputs))
    field = NetField(form, states, inputs, form.initial(0))
    x = rng.normal(size=(4, form.n_states))
    v = rng.normal(size=x.shape) if form.order == 2 else None
    u, t = rng.normal(size=(4, form.n_inputs)), np.zeros(4)
    slopes = field.linearised(t, x, v, u)
    assert slopes.rate == pytest.approx(field.rate(t, x, v, u), rel=1e-13, abs=1e-13)
    along, h = rng.normal(size=form.n_parameters), 1e-6
    sides = [field.with_parameters(field.parameters + s * h * along) for s in (1.0, -1.0)]
    ends = [side.rate(t, x, v, u) for side in sides]
    # Central differences: h^2 of truncation, eps / h of rounding.
    assert slopes.by_parameter @ along == pytest.approx((ends[0] - ends[1]) / (2 * h), abs=1e-7)
    path = simulate(
        field,
        np.linspace(0.0, 0.5, 4),
        0.3 * x[0],
        start_velocity=None if v is None else 0.3 * v[0],
        inputs=(lambda now: np.zeros(form.n_inputs)) if inputs else None,
        rtol=1e-6,
    )
    assert np.isfinite(path).all()


@pytest.mark.parametrize("name", FORMS)
def test_recorded_derivatives_are_those_of_the_form(name: str) -> None:
    form = FORMS[name]()
    weights, motion, inputs = drawn(form, 1)
    slopes_of.cache_clear()
    plain = slopes_of(form, len(motion), "cpu")(weights, motion, inputs)
    # The operations are recorded at other numbers than those they are used at.
    for _ in range(PATIENCE):
        slopes_of(form, len(motion), "cpu")(weights + 0.1, motion - 1.0, inputs + 1.0)
    recorded = slopes_of(form, len(motion), "cpu")
    assert getattr(recorded, "recorded", None) is not None
    # The same operations in the same order.
    torch.testing.assert_close(recorded(weights, motion, inputs), plain, rtol=1e-14, atol=1e-14)
