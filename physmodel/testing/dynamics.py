"""Hypothesis strategies for systems that stay bounded, and for changes of coordinates.

Bounded by construction, not by trial: Hamiltonians have compact energy surfaces, polynomial systems
a ball that attracts. Frequencies are of order one, so that a step of 0.1 resolves them.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from physmodel.errors import require
from physmodel.models.fields.sparse_field import SparseField
from physmodel.problem.algebra.expression import Expression, power, product, variable

if TYPE_CHECKING:
    from hypothesis import strategies as st
else:
    st = require("hypothesis.strategies", "testing")

Array = NDArray[np.float64]
Kind = Literal["separable", "central", "pairs"]
SEEDS = st.integers(0, 2**32 - 1)


@dataclass(frozen=True, eq=False)
class Hamiltonian:
    """``H = |p|^2 / 2 + q' K q / 2 + sum_j c_j (q' M_j q)^2 / 4`` with unit masses.

    Attributes
    ----------
    stiffness : ndarray (d, d)
        ``K``, positive semi-definite.
    forms : ndarray (m, d, d)
        ``M_j``, positive semi-definite.
    quartic : ndarray (m,)
        ``c_j``, not negative.
    bodies : int
        Bodies that the coordinates belong to, in equal shares.
    """

    stiffness: Array
    forms: Array
    quartic: Array
    bodies: int = 1

    @property
    def dimension(self) -> int:
        """Number of coordinates ``d``."""
        return len(self.stiffness)

    def potential(self, positions: Array) -> Array:
        """Potential ``(n,)`` at positions ``(n, d)``."""
        squares = np.einsum("ni,mij,nj->nm", positions, self.forms, positions)
        harmonic = np.einsum("ni,ij,nj->n", positions, self.stiffness, positions)
        return np.asarray(harmonic / 2.0 + squares**2 @ self.quartic / 4.0)

    def force(self, position: Array) -> Array:
        """``-dV/dq``, ``(d,)``; also the acceleration."""
        along = self.forms @ position
        return -self.stiffness @ position - (self.quartic * (along @ position)) @ along

    def energy(self, states: Array) -> Array:
        """``H`` ``(n,)`` of states ``(n, 2 d)``, positions before momenta."""
        d = self.dimension
        return np.asarray((states[:, d:] ** 2).sum(axis=1) / 2 + self.potential(states[:, :d]))

    def rate(self, time: float, state: Array) -> Array:
        """Hamilton's equations ``(2 d,)``."""
        d = self.dimension
        return np.concatenate([state[d:], self.force(state[:d])])

    def start(self, seed: int = 0) -> Array:
        """A state ``(2 d,)`` with coordinates and momenta in [-1, 1]."""
        return np.random.default_rng(seed).uniform(-1.0, 1.0, 2 * self.dimension)


@st.composite
def hamiltonians(
    draw: st.DrawFn, *, kind: Kind | None = None, dim: int | None = None
) -> Hamiltonian:
    """Hamiltonians of bounded motion.

    Parameters
    ----------
    kind : {"separable", "central", "pairs"}, optional
        Coordinates coupled by springs, each with a quartic wall; one body in a central force,
        which keeps its angular momentum; bodies that act on each other in pairs, which keep
        momentum and angular momentum (their centre moves uniformly). Any of them by default.
    dim : int, optional
        Number of coordinates; of coordinates of each body for pairs. Up to four (three) by default.

    Returns
    -------
    strategy of Hamiltonian
    """
    chosen = draw(st.sampled_from(("separable", "central", "pairs"))) if kind is None else kind
    rng = np.random.default_rng(draw(SEEDS))
    if chosen == "separable":
        d = draw(st.integers(1, 4)) if dim is None else dim
        root = rng.normal(size=(d, d)) / np.sqrt(d)
        forms = np.eye(d)[:, :, None] * np.eye(d)[:, None, :]
        return Hamiltonian(root @ root.T + 0.1 * np.eye(d), forms, rng.uniform(0.0, 1.0, d))
    d = draw(st.integers(2, 3)) if dim is None else dim
    if chosen == "central":
        stiffness = rng.uniform(0.3, 2.0) * np.eye(d)
        return Hamiltonian(stiffness, np.eye(d)[None], rng.uniform(0.0, 1.0, 1))
    bodies = draw(st.integers(2, 3))
    ends = np.array(
        [np.eye(bodies)[i] - np.eye(bodies)[j] for i, j in combinations(range(bodies), 2)]
    )
    forms = np.array([np.kron(np.outer(end, end), np.eye(d)) for end in ends])
    springs, walls = rng.uniform(0.3, 1.0, len(ends)), rng.uniform(0.0, 0.2, len(ends))
    return Hamiltonian(np.einsum("m,mij->ij", springs, forms), forms, walls, bodies)


@st.composite
def polynomial_systems(
    draw: st.DrawFn,
    *,
    dim: int | None = None,
    degree: int | None = None,
    couplings: int | None = None,
) -> SparseField:
    """Sparse polynomial systems of first order whose motion stays in a ball.

    Every state is damped (at rates from 0.2 to 1) and driven by at most as much; of the other terms
    the linear and quadratic ones only move ``|x|^2`` among the states, the cubic ones take from it.

    Parameters
    ----------
    dim : int, optional
        Number of states, up to four by default.
    degree : {1, 2, 3}, optional
    couplings : int, optional
        Number of pairs of linear terms, of pairs of quadratic terms and of cubic terms; as many
        as there are states by default.

    Returns
    -------
    strategy of SparseField
        The ball ``|x|^2 <= 2 dim`` attracts.

    References
    ----------
    Lorenz (1963), J. Atmos. Sci. 20, 130, section 2 (bounded by energy-preserving terms).
    """
    d = draw(st.integers(1, 4)) if dim is None else dim
    top = draw(st.integers(1, 3)) if degree is None else degree
    count = d if couplings is None else couplings
    rng = np.random.default_rng(draw(SEEDS))
    names = tuple(f"x{k}" for k in range(d))
    states = tuple(variable(name) for name in names)
    table: dict[Expression, Array] = {}

    def put(row: int, weight: float, *factors: Expression) -> None:
        term = product(*factors)
        table.setdefault(term, np.zeros(d))[row] += weight

    for k in range(d):
        damping = rng.uniform(0.2, 1.0)
        put(k, -damping, states[k])
        put(k, damping * rng.uniform(-1.0, 1.0))
    for _ in range(count if d > 1 else 0):
        for through in ((), (states[rng.integers(d)],))[:top]:
            i, j = rng.permutation(d)[:2]
            weight = rng.uniform(0.5, 2.0)
            put(i, weight, states[j], *through)
            put(j, -weight, states[i], *through)
    for k in rng.integers(d, size=count if top == 3 else 0):
        put(k, -rng.uniform(0.1, 1.0), power(states[k], 3))
    terms = tuple(term for term, weights in table.items() if weights.any())
    return SparseField(names, (), 1, terms, np.array([table[term] for term in terms]).T)


def rotations(dim: int) -> st.SearchStrategy[Array]:
    """Rotations ``(dim, dim)``: orthogonal with determinant one, uniformly distributed.

    References
    ----------
    Mezzadri (2007), Notices AMS 54, 592 (signs of the QR decomposition).
    """

    def turn(seed: int) -> Array:
        q, r = np.linalg.qr(np.random.default_rng(seed).normal(size=(dim, dim)))
        q = q * np.sign(np.diag(r))
        q[:, 0] *= np.sign(np.linalg.det(q))
        return np.asarray(q)

    return SEEDS.map(turn)


def permutations(n: int) -> st.SearchStrategy[NDArray[np.intp]]:
    """Orders ``(n,)`` of the numbers from 0 to ``n - 1``."""
    return st.permutations(range(n)).map(lambda order: np.array(order, dtype=np.intp))
