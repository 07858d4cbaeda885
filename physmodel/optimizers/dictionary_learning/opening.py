"""Checks of what a caller gives, and the atoms to begin with."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from physmodel.errors import ProblemError

Array = NDArray[np.float64]


def open_signals(signals: ArrayLike, where: str = "signals") -> Array:
    """Check a matrix of signals (m, k), one per column.

    Raises ProblemError if it is no matrix, is empty or has a number that is not finite.
    """
    array = np.asarray(signals, dtype=float)
    if array.ndim != 2 or 0 in array.shape:
        raise ProblemError(
            f"the signals have shape {array.shape}",
            where=where,
            fix="pass a matrix (m, k) with one signal of length m per column",
        )
    check_finite(array, where)
    return array


def check_finite(array: Array, where: str) -> None:
    """Refuse missing and infinite numbers."""
    if not np.isfinite(array).all():
        place = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
        raise ProblemError(
            "a number is missing or infinite",
            where=f"{where}, entry {place}",
            why="one such number would spread to every atom",
            fix="fill it or leave the signal out",
        )


def check_counts(**counts: int) -> None:
    """Refuse numbers of atoms, iterations and the like below 1."""
    for name, count in counts.items():
        if count < 1:
            raise ProblemError(f"{name} is {count}", fix=f"pass {name} of 1 or more")


def open_start(start: ArrayLike, n_rows: int, n_atoms: int | None) -> Array:
    """Check given atoms (m, p) and bring them to unit norm.

    Raises ProblemError if they do not fit the signals or the number of atoms, or one is zero.
    """
    atoms = np.array(start, dtype=float)
    if atoms.ndim != 2 or atoms.shape[0] != n_rows or atoms.shape[1] == 0:
        raise ProblemError(
            f"the start has shape {atoms.shape} and the signals have {n_rows} rows",
            where="start",
            fix=f"pass atoms of shape ({n_rows}, p), one per column",
        )
    if n_atoms is not None and atoms.shape[1] != n_atoms:
        raise ProblemError(
            f"{n_atoms} atoms asked for, and the start has {atoms.shape[1]}",
            where="start",
            fix="leave n_atoms out, or pass as many atoms",
        )
    check_finite(atoms, "start")
    norms = np.linalg.norm(atoms, axis=0)
    if not norms.all():
        raise ProblemError(
            "an atom is zero",
            where=f"start, column {int(np.flatnonzero(norms == 0.0)[0])}",
            fix="leave it out: a random one does more",
        )
    return atoms / norms


def first_atoms(signals: Array, n_atoms: int, rng: np.random.Generator) -> Array:
    """Random signals of unit norm, whatever their order; noise where there are too few.

    `signals` ``(m, k)``. Returns ``(m, n_atoms)``. Raises ProblemError if all signals are zero.
    """
    # Ranks along a random direction name the same signals in whatever order they come.
    key = np.einsum("i,ij->j", rng.standard_normal(len(signals)), signals)
    order = np.argsort(key, kind="stable")
    order = order[np.einsum("ij,ij->j", signals, signals)[order] > 0.0]
    if not len(order):
        raise ProblemError(
            "all signals are zero",
            where="signals",
            why="no direction stands out",
            fix="pass signals of something, or check what was subtracted",
        )
    picks = order[rng.permutation(len(order))[:n_atoms]]
    noise = rng.standard_normal((len(signals), n_atoms - len(picks)))
    atoms = np.concatenate([signals[:, picks], noise], axis=1)
    return np.asarray(atoms / np.linalg.norm(atoms, axis=0))
