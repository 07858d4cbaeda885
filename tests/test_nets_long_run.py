"""Energy of random Hamiltonian networks along their own motion, over very many swings."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import block_diag

from physmodel.models.integration.geometric import implicit_midpoint
from physmodel.models.integration.integrate import rk4, yoshida6
from physmodel.models.nets.blocks import PositiveQuadratic
from physmodel.models.nets.mlp import MLPScalar
from physmodel.models.nets.net_field import NetField
from physmodel.models.nets.structure.hamiltonian import Hamiltonian, Separable

Array = NDArray[np.float64]


class Energies:
    """Random scalars of one shape, written out in NumPy: all at once, without torch's overhead."""

    def __init__(self, scalar: MLPScalar, count: int) -> None:
        rng = np.random.default_rng(0)
        inner, outer, *_ = scalar.sizes
        self.weights = np.array([scalar.initial(k) for k in range(count)])
        self.weights[:, inner : inner + outer] = rng.normal(scale=0.2, size=(count, outer))
        d, h = scalar.n_variables, scalar.hidden[0]
        cuts = np.cumsum([h * d, h, h, d * (d + 1) // 2])
        w, self.b, self.a, curved, self.l = np.split(self.weights, cuts, axis=1)
        self.w, self.q = w.reshape(count, h, d), np.zeros((count, d, d))
        rows, columns = np.triu_indices(d)
        self.q[:, rows, columns] = self.q[:, columns, rows] = curved
        self.aw = self.a[:, :, None] * self.w

    def value(self, x: Array) -> Array:
        """``(n, count)`` at points ``(n, count, d)``."""
        units = np.tanh(np.einsum("khd,nkd->nkh", self.w, x) + self.b)
        bent = np.einsum("nkd,kde,nke->nk", x, self.q, x) / 2.0
        return (self.a * units).sum(-1) + bent + np.einsum("kd,nkd->nk", self.l, x)

    def gradient(self, x: Array) -> Array:
        """``(count, d)`` at points ``(count, d)``."""
        units = np.tanh((self.w @ x[:, :, None])[:, :, 0] + self.b)
        slopes = ((1.0 - units * units)[:, None] @ self.aw)[:, 0]
        return slopes + (self.q @ x[:, :, None])[:, :, 0] + self.l


def test_separable_networks_keep_their_energy_over_a_thousand_periods() -> None:
    count, periods, steps = 4, 1000, 175
    potential = MLPScalar(1, (6,))
    drawn = Energies(potential, count)
    # The same field as the network's: nothing here is true of the NumPy version only.
    form = Hamiltonian(Separable(PositiveQuadratic(1, ((1.0,),)), potential))
    start = np.linspace(0.5, 1.0, count)
    for k in range(count):
        field = NetField(form, ("q", "p"), (), drawn.weights[k])
        rate = field.rate(np.zeros(1), np.array([[start[k], 0.3]]), None, np.empty((1, 0)))
        force = -drawn.gradient(start[:, None])[k, 0]
        np.testing.assert_allclose(rate, [[0.3, force]], rtol=1e-13)
    # One product of matrices for all networks: blocks of one column and one row each.
    into = block_diag(*drawn.w)
    back, shift = block_diag(*drawn.aw[:, None, :, 0]), drawn.b.ravel()
    curved, still = drawn.q[:, 0, 0], drawn.l[:, 0] + drawn.aw[:, :, 0].sum(1)

    def force_at(q: Array) -> Array:
        units = np.tanh(into @ q + shift)
        return back @ (units * units) - curved * q - still

    assert np.abs(force_at(start) + drawn.gradient(start[:, None])[:, 0]).max() <= 1e-14
    # A drawn network may swing slower than at unit frequency: a tenth longer, all pass the count.
    time = np.arange(11 * periods * steps // 10 + 1) * (2.0 * np.pi / steps)
    path = yoshida6(force_at, time, start, np.zeros(count))
    q, p = path[:, :count], path[:, count:]
    swings = np.count_nonzero(np.diff(np.sign(p[1:]), axis=0), axis=0) / 2.0
    assert swings.min() >= 0.9 * periods
    energy = p * p / 2.0 + drawn.value(q[:, :, None])
    size = np.ptp(p * p / 2.0, axis=0)  # the energy above rest
    # Order six at 175 steps a period; a drift would grow with the thousand periods.
    assert np.all(np.abs(energy - energy[0]).max(axis=0) <= 1e-10 * size)


def test_the_error_of_the_energy_of_any_network_stays_bounded() -> None:
    count, periods, steps = 4, 150, 30
    scalar = MLPScalar(2, (5,))
    drawn = Energies(scalar, count)
    x = np.random.default_rng(1).normal(size=(count, 2))
    for k in range(count):
        field = NetField(Hamiltonian(scalar), ("q", "p"), (), drawn.weights[k])
        rate = field.rate(np.zeros(1), x[k][None], None, np.empty((1, 0)))[0]
        slope = drawn.gradient(x)[k]
        np.testing.assert_allclose(rate, [slope[1], -slope[0]], rtol=1e-13)

    def motion(now: float, z: Array) -> Array:
        slope = drawn.gradient(z.reshape(count, 2))
        return np.column_stack([slope[:, 1], -slope[:, 0]]).ravel()

    time = np.arange(periods * steps + 1) * (2.0 * np.pi / steps)
    ends = []
    for step in (implicit_midpoint, rk4):
        path = step(motion, time, x.ravel()).reshape(len(time), count, 2)
        error = np.abs(drawn.value(path) - drawn.value(path[:1]))
        ends.append((error[: 20 * steps].max(axis=0), error[-20 * steps :].max(axis=0)))
    (first, last), (early, late) = ends
    # A drift makes it seven times larger, as without symplecticity; symplectic steps leave it.
    assert np.all(last <= 1.05 * first)
    assert np.all(late >= 5.0 * early)
