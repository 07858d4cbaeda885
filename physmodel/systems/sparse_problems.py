"""Sparse problems with known answers, and how answers are counted.

References
----------
Donoho, Maleki and Montanari, PNAS 106 (2009) 18914 (the closed form of the weak curve); Aharon,
Elad and Bruckstein, IEEE Trans. Signal Processing 54 (2006) 4311 (mixtures of three atoms).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.stats import norm

Array = NDArray[np.float64]

#: Most nonzeros of the truth of a Lasso problem.
NONZEROS = 50
#: The standard experiment (Aharon, Elad and Bruckstein 2006): length, atoms, signals, per signal.
LENGTH, ATOMS, SIGNALS, SPARSITY = 20, 50, 1500, 3
#: Cosine above which an atom counts as found.
FOUND = 0.99


def lasso_problem(rows: int, columns: int, correlation: float, seed: int) -> tuple[Array, Array]:
    """A Gaussian matrix whose neighbouring columns correlate, and a noisy sparse signal.

    Returns `matrix`; `signal` ``(rows,)``.
    """
    rng = np.random.default_rng(seed)
    matrix = rng.standard_normal((rows, columns))
    for column in range(1, columns):
        fresh = np.sqrt(1.0 - correlation**2) * matrix[:, column]
        matrix[:, column] = correlation * matrix[:, column - 1] + fresh
    truth = np.zeros(columns)
    truth[rng.choice(columns, min(NONZEROS, columns // 4), replace=False)] = 1.0
    signal = matrix @ truth
    signal += 0.3 * signal.std() * rng.standard_normal(rows)
    return np.asfortranarray(matrix), signal


def mixtures(decibels: float, seed: int) -> tuple[Array, Array, Array]:
    """Random unit atoms and noisy sums of three of them.

    Returns `atoms` ``(20, 50)``; `signals` ``(20, 1500)``; `noise` ``(20, 1500)``: what the signals
    contain of it.
    """
    rng = np.random.default_rng(seed)
    atoms = rng.standard_normal((LENGTH, ATOMS))
    atoms /= np.linalg.norm(atoms, axis=0)
    codes = np.zeros((ATOMS, SIGNALS))
    for column in range(SIGNALS):
        where = rng.choice(ATOMS, SPARSITY, replace=False)
        codes[where, column] = rng.standard_normal(SPARSITY)
    clean = atoms @ codes
    noise = rng.standard_normal(clean.shape)
    size = np.linalg.norm(clean) / np.linalg.norm(noise) * 10.0 ** (-decibels / 20.0)
    return atoms, clean + size * noise, size * noise


def share_found(atoms: Array, learned: Array) -> float:
    """Share of the true atoms that a learned one resembles up to sign."""
    lengths = np.linalg.norm(learned, axis=0)
    unit = learned[:, lengths > 0.0] / lengths[lengths > 0.0]
    return float(np.mean(np.abs(atoms.T @ unit).max(axis=1, initial=0.0) > FOUND))


def jaccard(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> float:
    """Common over all members, mean over rows; two empty rows agree."""
    both, either = (one & other).sum(axis=-1), (one | other).sum(axis=-1)
    return float(np.mean(np.where(either == 0, 1.0, both / np.maximum(either, 1))))


def weak_threshold(delta: float) -> float:
    """Nonzeros per row up to which basis pursuit recovers almost every signal, asymptotically.

    `delta`: rows over columns, in (0, 1).
    """

    def negative(z: float) -> float:
        tail = 2.0 * ((1.0 + z**2) * norm.cdf(-z) - z * norm.pdf(z))
        return float(-(1.0 - tail / delta) / (1.0 + z**2 - tail))

    # The maximum moves from z = 0 to about 3.3 as delta falls to 0.001.
    found = minimize_scalar(negative, bounds=(0.0, 6.0), method="bounded", options={"xatol": 1e-10})
    return float(-found.fun)


def transition(records: Sequence[Mapping[str, Any]]) -> float:
    """Sparsity at which half of the draws are recovered: the area under the share of successes.

    `records`: of one method at one undersampling. Returns: of a share that falls symmetrically
    about one half, this is the point where it does.
    """
    rho = np.array([record["rho"] for record in records])
    hits = np.array([record["successes"] for record in records], dtype=float)
    draws = np.array([record["draws"] for record in records], dtype=float)
    order = np.argsort(rho)
    rho, share = rho[order], (hits / draws)[order]
    edges = np.concatenate([[0.0], rho, [1.0]])
    levels = np.concatenate([[1.0], share, [0.0]])
    return float(np.trapezoid(levels, edges))
