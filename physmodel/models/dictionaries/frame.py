"""What can be said about any set of atoms: bounds of the frame, coherence, and valid shapes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from operator import index

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigvalsh
from scipy.sparse.linalg import LinearOperator, eigsh

from physmodel.errors import ProblemError

Array = NDArray[np.float64]

#: Signals up to this size have their frame operator formed; longer ones go to Lanczos.
DENSE = 600

#: Numbers held at once while a tile of the Gram matrix is compared.
TILE = 4_000_000


def signal_shape(
    shape: int | Sequence[int], dimensions: Sequence[int] = (1, 2, 3)
) -> tuple[int, ...]:
    """Check the shape of a signal.

    `shape`: A number stands for a one-dimensional signal. `dimensions`: numbers of dimensions for
    which the dictionary is defined. Raises ProblemError if it is no shape, is empty, or has a
    number of dimensions that is not defined.
    """
    try:
        sides = tuple(map(index, shape)) if isinstance(shape, Iterable) else (index(shape),)
    except TypeError:
        sides = (0,)
    if min(sides, default=0) < 1:
        raise ProblemError(
            f"{shape!r} is not the shape of a signal.",
            where="shape",
            why="A dictionary is built for signals of one shape with at least one sample.",
            fix="Give positive whole numbers, for example x.shape.",
        )
    if len(sides) not in dimensions:
        raise ProblemError(
            f"The shape {sides} has {len(sides)} dimensions.",
            where="shape",
            why=f"This dictionary is defined in {' or '.join(map(str, dimensions))} dimensions.",
            fix="Choose another dictionary, or treat the other axes one by one.",
        )
    return sides


def frame_bounds(dictionary: LinearOperator) -> tuple[float, float]:
    """Extreme eigenvalues of the frame operator `D D'`.

    `dictionary`: with atoms that span all signals.
    """
    n = dictionary.shape[0]
    frame = LinearOperator(
        (n, n), dtype=float, matvec=lambda y: dictionary.matvec(dictionary.rmatvec(y))
    )
    if n <= DENSE:
        values = eigvalsh(frame @ np.eye(n))
        return max(float(values[0]), 0.0), float(values[-1])
    start = np.random.default_rng(0).standard_normal(n)
    largest = eigsh(frame, k=1, which="LA", v0=start, return_eigenvectors=False)[0]
    # The low end of the spectrum is found as the top of the reflected one, which Lanczos favours.
    reflected = LinearOperator(
        (n, n), dtype=float, matvec=lambda y: largest * np.ravel(y) - frame.matvec(np.ravel(y))
    )
    gap = eigsh(reflected, k=1, which="LA", v0=start, return_eigenvectors=False, tol=1e-10)[0]
    return max(float(largest - gap), 0.0), float(largest)


def atom_norms(dictionary: LinearOperator) -> Array:
    """Norm of every atom, ``(n_atoms,)``."""
    return np.concatenate([np.linalg.norm(block, axis=0) for _, block in _blocks(dictionary)])


def mutual_coherence(dictionary: LinearOperator, lengths: Array) -> float:
    """Largest absolute cosine between two different atoms (Donoho and Huo 2001)."""
    # An atom that is zero up to rounding has no direction.
    valid = lengths > 1e-12 * lengths.max(initial=0.0)
    scale = np.divide(1.0, lengths, out=np.zeros_like(lengths), where=valid)
    largest = 0.0
    for start, block in _blocks(dictionary):
        cosines = np.abs(dictionary.rmatmat(block)) * scale[:, None]
        columns = np.arange(block.shape[1])
        cosines *= scale[start + columns]
        cosines[start + columns, columns] = 0.0
        largest = max(largest, float(cosines.max(initial=0.0)))
    return min(largest, 1.0)


def _blocks(dictionary: LinearOperator) -> Iterator[tuple[int, Array]]:
    """Atoms as columns, a tile at a time, with the index of the first."""
    n, n_atoms = dictionary.shape
    width = max(1, TILE // max(n, n_atoms))
    for start in range(0, n_atoms, width):
        units = np.zeros((n_atoms, min(width, n_atoms - start)))
        units[start + np.arange(units.shape[1]), np.arange(units.shape[1])] = 1.0
        yield start, dictionary.matmat(units)


def check_level(level: int | None) -> None:
    """Refuse a number of splits below zero."""
    if level is not None and level < 0:
        raise ProblemError(
            f"There are no {level} levels.",
            where="level",
            why="A level is one split into a low and a high part.",
            fix="Give a whole number from 0, or leave it out.",
        )
