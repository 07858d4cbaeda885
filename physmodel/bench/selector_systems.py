"""Random polynomial systems that keep moving and stay bounded, to learn from and to be judged on.

Candidates are drawn by the hundred and integrated together; most escape or come to rest, and are
thrown away. None is taken from a list of known systems.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from physmodel.bench.chaotic import Equations
from physmodel.data.timescale import characteristic_samples
from physmodel.models.terms import TermLibrary, polynomial_terms
from physmodel.problem.calculus import powers

Array = NDArray[np.float64]

#: Degree of the libraries; states of the systems.
DEGREE, STATES = 3, ("x", "y", "z")
#: Step and steps of the integration, starts of each system, candidates drawn together.
STEP, STEPS, STARTS, BATCH = 0.02, 4000, 2, 400
#: Where a candidate has escaped; steps between looks, and between looks for rest.
FAR, LOOK, REST = 30.0, 50, 400
#: Largest motion of one step, in spreads of the state: faster ones are not integrated well.
FASTEST = 0.1
#: Characteristic times, in steps, that give records of a useful length.
SHORTEST, LONGEST = 100.0, 1500.0


@dataclass(frozen=True, eq=False)
class RandomSystem:
    """A system with noise-free trajectories.

    Attributes
    ----------
    states : tuple of str
    equations : dict of state to {canonical term: coefficient}
    path : ndarray (STEPS + 1, STARTS, d)
        States at intervals of `STEP`.
    memory : float
        Characteristic time, in steps.
    """

    states: tuple[str, ...]
    equations: Equations
    path: Array
    memory: float

    def record(self, noise: float, rng: np.random.Generator) -> tuple[list[Array], list[Array]]:
        """Times and noisy states of all trajectories.

        Parameters
        ----------
        noise : float
            Standard deviation over the spread of each state.
        rng : Generator
            Also of the sampling: 30 to 100 samples per characteristic time, 6 to 12 of these.
        """
        stride = max(1, round(self.memory / rng.uniform(30.0, 100.0)))
        count = int(min(STEPS, self.memory * rng.uniform(6.0, 12.0))) // stride
        rows = np.arange(count + 1) * stride
        kept = self.path[rows]
        level = noise * kept.reshape(-1, kept.shape[-1]).std(axis=0)
        noisy = kept + level * rng.standard_normal(kept.shape)
        return [STEP * rows.astype(float)] * STARTS, [noisy[:, k] for k in range(STARTS)]


def draw_systems(seed: int, n_states: int, count: int) -> list[RandomSystem]:
    """Draw systems.

    Parameters
    ----------
    seed, n_states, count : int
        States: 2 or 3.

    Returns
    -------
    list of RandomSystem
        The same for the same arguments.
    """
    rng = np.random.default_rng([seed, n_states])
    states = STATES[:n_states]
    library = TermLibrary(states, tuple(polynomial_terms(states, DEGREE)))
    found: list[RandomSystem] = []
    while len(found) < count:
        weights = np.stack([_equations(library, rng) for _ in range(BATCH)])
        starts = rng.normal(0.0, 1.5, (BATCH, STARTS, n_states))
        paths, alive = _followed(library, weights, starts)
        for k in np.flatnonzero(alive):
            memory = _memory(paths[:, k])
            if memory is not None:
                found.append(RandomSystem(states, _named(library, weights[k]), paths[:, k], memory))
    return found[:count]


def _equations(library: TermLibrary, rng: np.random.Generator) -> Array:
    """Coefficients ``(p, d)``: a few random terms, and often some that keep motion going."""
    d, p = len(library.variables), len(library)
    place = {str(term): k for k, term in enumerate(library.terms)}
    degrees = np.array([_degree(library, k) for k in range(p)])
    cubic = rng.random() < 0.35
    shares = np.select([degrees == 0, degrees == 1, degrees == 2], [0.5, 2.0, 1.0], 0.5 * cubic)
    shares /= shares.sum()
    table = np.zeros((p, d))
    for equation in range(d):
        chosen = rng.choice(p, size=1 + int(rng.integers(0, 4)), replace=False, p=shares)
        table[chosen, equation] = rng.choice([-1.0, 1.0], len(chosen)) * _size(
            rng, 0.0, 0.6, len(chosen)
        )
    names, kind = library.variables, rng.random()
    if kind < 0.6:  # two states that turn around each other
        i, j = rng.choice(d, 2, replace=False)
        size = _size(rng, 0.0, 0.5)
        table[place[names[j]], i] = size
        table[place[names[i]], j] = -size * _size(rng, 0.0, 0.3)
    if kind < 0.35 and d == 3:  # products that keep the energy, as in convection
        i, j, k = rng.permutation(3)
        size = _size(rng, 0.0, 0.5)
        table[place["*".join(sorted((names[j], names[k])))], i] = size
        table[place["*".join(sorted((names[i], names[k])))], j] = -size
    for exponent, chance in (("", 0.5), ("^3", 0.6 if cubic else 0.0)):  # friction
        if rng.random() < chance:
            i = int(rng.integers(d))
            table[place[names[i] + exponent], i] = -_size(rng, -1.0, 0.7)
    return table


def _size(
    rng: np.random.Generator, centre: float, spread: float, count: int | None = None
) -> Array:
    """Log-normal numbers; one of them by default."""
    return np.exp(rng.normal(centre, spread, count))


def _degree(library: TermLibrary, k: int) -> int:
    return int(sum((powers(library.terms[k]) or {}).values()))


def _followed(
    library: TermLibrary, weights: Array, starts: Array
) -> tuple[Array, NDArray[np.bool_]]:
    """Trajectories ``(STEPS + 1, n, s, d)`` by Runge-Kutta, and which neither escaped nor rest."""

    def rate(x: Array, table: Array) -> Array:
        values = library.evaluate(x.reshape(-1, x.shape[-1]))
        return np.asarray(np.matmul(values.reshape(*x.shape[:2], -1), table))

    now, left = starts.copy(), np.arange(len(weights))
    paths = np.empty((STEPS + 1, *starts.shape))
    paths[0] = now
    with np.errstate(all="ignore"):
        for step in range(STEPS):
            x, table = now[left], weights[left]
            a = rate(x, table)
            b = rate(x + STEP / 2 * a, table)
            c = rate(x + STEP / 2 * b, table)
            d = rate(x + STEP * c, table)
            now[left] = x + STEP / 6 * (a + 2 * b + 2 * c + d)
            paths[step + 1] = now
            if step % LOOK == 0:
                sound = (np.abs(now[left]) < FAR).all(axis=(1, 2))
                if step and step % REST == 0:
                    moved = np.ptp(paths[step - REST : step + 2][:, left], axis=0)
                    sound &= (moved > 1e-2).all(axis=(1, 2))
                left = left[sound]
    alive = np.zeros(len(weights), dtype=bool)
    alive[left] = True
    return paths, alive


def _memory(path: Array) -> float | None:
    """Characteristic time in steps; None for motion that dies away, leaps, is too slow or fast."""
    if not np.isfinite(path).all():
        return None
    early, late = path[STEPS // 4 : STEPS // 2].std(axis=0), path[-STEPS // 4 :].std(axis=0)
    spread = path.reshape(-1, path.shape[-1]).std(axis=0)
    if (late < 0.15 * spread).any() or (late < 0.3 * early).any():
        return None
    if (np.abs(np.diff(path, axis=0)).max(axis=(0, 1)) > FASTEST * spread).any():
        return None
    every = 4
    memory = np.median([characteristic_samples(x) for x in path[::every].transpose(1, 0, 2)])
    found = float(every * memory)
    return found if SHORTEST < found < LONGEST else None


def _named(library: TermLibrary, weights: Array) -> Equations:
    names = [str(term) for term in library.terms]
    return {
        state: {name: float(w) for name, w in zip(names, weights[:, e], strict=True) if w != 0.0}
        for e, state in enumerate(library.variables)
    }


def support_of(
    equations: Mapping[str, Mapping[str, float]], states: Sequence[str], terms: Sequence[str]
) -> NDArray[np.bool_]:
    """Which columns ``(d p,)`` of a library are in the equations.

    Parameters
    ----------
    equations : mapping of state to {canonical term: coefficient}
    states, terms : sequence of str
    """
    return np.array([term in equations[state] for state in states for term in terms])
