"""Atoms that come from data: given arrays, proper orthogonal modes, dynamic modes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import svd

from physmodel.errors import ProblemError
from physmodel.models.dictionaries.dictionary import Band, Dictionary
from physmodel.models.dictionaries.frame import signal_shape

Array = NDArray[np.float64]

#: Singular values below this fraction of the largest, times the longer side, are rounding.
ROUNDING = float(np.finfo(float).eps)


def from_atoms(
    atoms: ArrayLike, *, name: str = "atoms", bands: Sequence[Band] | None = None
) -> Dictionary:
    """A dictionary of given atoms, learned or measured.

    Parameters
    ----------
    atoms : (n_atoms, ...) array_like
        Behind the first axis those of a signal.
    name : str
    bands : sequence of Band, optional
        One band by default.

    Returns
    -------
    Dictionary
        With frame bounds from the singular values; `complete` if the rank is that of the signal.

    Raises
    ------
    ProblemError
        If there are no atoms, all are zero, or some numbers are not finite.
    """
    array = _finite(atoms, "atoms").copy()
    shape = signal_shape(array.shape[1:])
    matrix = array.reshape(array.shape[0], -1)
    u, s, vt = svd(matrix, full_matrices=False)
    rank = int(np.count_nonzero(s > ROUNDING * max(matrix.shape) * s[0]))
    if rank == 0:
        raise ProblemError(
            "All atoms are zero.",
            where="atoms",
            why="Nothing can be written as a sum of them.",
            fix="Leave out a constant that was subtracted, or give atoms that vary.",
        )
    left, inverse, right = u[:, :rank], 1.0 / s[:rank], vt[:rank]
    return Dictionary(
        name=name,
        signal_shape=shape,
        bands=tuple(bands) if bands else (Band("atoms", 0, (matrix.shape[0],)),),
        synthesis=lambda a: (a @ matrix).reshape(shape),
        adjoint=lambda x: matrix @ x.ravel(),
        bounds=(float(s[rank - 1] ** 2), float(s[0] ** 2)),
        complete=rank == matrix.shape[1],
        lengths=lambda: np.linalg.norm(matrix, axis=1),
        canonical=lambda x: left @ (inverse * (right @ x.ravel())),
        parameters={"rank": rank},
    )


def pod(snapshots: ArrayLike, rank: int | None = None) -> Dictionary:
    """Proper orthogonal modes: the orthonormal atoms that leave the least of the snapshots.

    Parameters
    ----------
    snapshots : (n_time, ...) array_like
        Behind the first axis those of a signal. Taken as they are; subtract a mean first where the
        modes should describe deviations.
    rank : int, optional
        Number of modes; by default the numerical rank of the snapshots.

    Returns
    -------
    Dictionary
        Of modes by falling energy; `parameters` holds their `singular_values`.

    Raises
    ------
    ProblemError
        If there are no snapshots, all are zero, or the rank is not available.

    References
    ----------
    Sirovich, Quarterly of Applied Mathematics 45 (1987) 561.
    """
    array = _finite(snapshots, "snapshots")
    shape = signal_shape(array.shape[1:])
    matrix = array.reshape(array.shape[0], -1)
    _, s, vt = svd(matrix, full_matrices=False)
    modes = vt[: _rank(s, max(matrix.shape), rank)]
    return Dictionary(
        name="pod",
        signal_shape=shape,
        bands=(Band("modes", 0, (modes.shape[0],)),),
        synthesis=lambda a: (a @ modes).reshape(shape),
        adjoint=lambda x: modes @ x.ravel(),
        bounds=(1.0, 1.0),
        complete=modes.shape[0] == modes.shape[1],
        canonical=lambda x: modes @ x.ravel(),
        lengths=lambda: np.ones(modes.shape[0]),
        parameters={"rank": modes.shape[0], "singular_values": s[: modes.shape[0]]},
    )


def dmd(snapshots: ArrayLike, rank: int | None = None) -> Dictionary:
    """Dynamic modes: shapes that each oscillate and grow at a rate of their own.

    Exact dynamic mode decomposition. A real mode is an atom, a pair of conjugate modes gives two:
    the real and the imaginary part, which span the same plane. Atoms have unit norm.

    Parameters
    ----------
    snapshots : (n_time, ...) array_like
        At equal steps of time, at least two.
    rank : int, optional
        Of the projection before the eigenvalues are taken; by default the numerical rank.

    Returns
    -------
    Dictionary
        `parameters` holds the `eigenvalues` per step, one for each atom: that of the mode whose
        real or imaginary part it is.

    Raises
    ------
    ProblemError
        If there are fewer than two snapshots, all are zero, or the rank is not available.

    References
    ----------
    Tu, Rowley, Luchtenburg, Brunton and Kutz, J. Computational Dynamics 1 (2014) 391.
    """
    array = _finite(snapshots, "snapshots")
    if array.shape[0] < 2:
        raise ProblemError(
            "There is one snapshot.",
            where="snapshots",
            why="A dynamic mode describes the way from one snapshot to the next.",
            fix="Give at least two, at equal steps of time.",
        )
    signal_shape(array.shape[1:])
    columns = array.reshape(array.shape[0], -1).T
    before, after = columns[:, :-1], columns[:, 1:]
    u, s, vt = svd(before, full_matrices=False)
    kept = _rank(s, max(before.shape), rank)
    lift = after @ (vt[:kept].T / s[:kept])
    values, vectors = np.linalg.eig(u[:, :kept].T @ lift)
    modes = lift @ vectors
    atoms, eigenvalues = [], []
    for k in np.argsort(-np.abs(values), kind="stable"):
        if values[k].imag < 0:
            continue  # its conjugate gives the same two atoms
        # A mode with eigenvalue zero has no exact form; its projection on the snapshots stands in.
        mode = modes[:, k] if np.linalg.norm(modes[:, k]) > 1e-12 else u[:, :kept] @ vectors[:, k]
        parts = (mode.real, mode.imag) if values[k].imag > 0 else (mode.real,)
        for part in parts:
            if (size := np.linalg.norm(part)) > 1e-12 * np.linalg.norm(mode):
                atoms.append(part / size)
                eigenvalues.append(values[k])
    made = from_atoms(np.reshape(atoms, (-1, *array.shape[1:])), name="dmd")
    return replace(
        made,
        bands=(Band("modes", 0, (made.n_atoms,)),),
        parameters={"rank": kept, "eigenvalues": np.array(eigenvalues)},
    )


def _rank(s: Array, longest: int, rank: int | None) -> int:
    """Numerical rank, or the one asked for if there is so much."""
    found = int(np.count_nonzero(s > ROUNDING * longest * s[0]))
    if found == 0 or (rank is not None and not 1 <= rank <= found):
        raise ProblemError(
            f"There are no {rank} modes." if found else "All snapshots are zero.",
            where="rank" if found else "snapshots",
            why=f"The numerical rank of the snapshots is {found}.",
            fix=f"Ask for 1 to {found} modes." if found else "Give snapshots of something.",
        )
    return found if rank is None else rank


def _finite(values: ArrayLike, where: str) -> Array:
    array = np.asarray(values, dtype=float)
    if array.ndim < 2 or array.size == 0 or not np.isfinite(array).all():
        raise ProblemError(
            f"An array of shape {array.shape} is no stack of finite signals."
            if array.ndim < 2 or array.size == 0
            else "Some numbers are not finite.",
            where=where,
            why="The first axis counts signals, the others are those of one signal.",
            fix="Give an array (n, ...) without gaps.",
        )
    return array
