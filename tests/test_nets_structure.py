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

from physmodel.models.nets.divergence_free import DivergenceFree
from physmodel.models.nets.gradient_flow import GradientFlow
from physmodel.models.nets.hamiltonian import Hamiltonian
from physmodel.models.nets.lagrangian import Lagrangian
from physmodel.models.nets.mechanical import Mechanical
from physmodel.models.nets.metriplectic import Metriplectic
from physmodel.models.nets.mlp import MLPField, MLPScalar
from physmodel.models.nets.net_field import NetField
from physmodel.models.nets.port_hamiltonian import PortHamiltonian
from physmodel.models.nets.stable import Stable
from physmodel.models.nets.symplectic_map import SymplecticMap
from physmodel.models.vector_field import simulate

SMALL = (5,)
draws = given(seed=st.integers(0, 10**6))
few = settings(max_examples=25)

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
    form = FORMS["port-hamiltonian"]()
    weights, x, u = drawn(form, seed)
    slope = form.energy.gradient(weights[: form.sizes[0]], x)
    alone = form.rate(weights, x, 0.0 * u)
    assert dot(slope, alone).max() <= size(slope, alone)
    ports = weights[-form.sizes[3] :].reshape(3, 2)
    assert form.rate(weights, x, u) - alone == pytest.approx(u @ ports.T, abs=1e-11)


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
def test_energy_of_a_lagrangian(seed: int) -> None:
    form = FORMS["lagrangian"]()
    weights, x, u = drawn(form, seed)
    acceleration = form.rate(weights, x, u)
    slope = vmap(jacrev(lambda point: form.energy(weights, point)))(x)
    along = torch.cat([x[:, 2:], acceleration], dim=-1)
    # Solving with the mass matrix loses digits by its condition number, up to 1e3 here.
    assert dot(slope, along).abs().max() <= 1e3 * size(slope, along)


@draws
@few
def test_symplectic_maps(seed: int) -> None:
    form = SymplecticMap(2, SMALL, 3)
    rng = np.random.default_rng(seed)
    weights = torch.tensor(0.3 * rng.normal(size=form.n_parameters))
    j = torch.kron(torch.tensor([[0.0, 1.0], [-1.0, 0.0]]), torch.eye(2)).double()
    for point in torch.tensor(rng.normal(size=(3, 4))):
        slope = jacrev(lambda at: form.step(weights, at))(point)
        off = slope.T @ j @ slope - j
        assert off.abs().max() <= 1e-12 * max(1.0, float(slope.abs().max()) ** 2)


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
