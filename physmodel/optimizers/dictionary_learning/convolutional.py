"""Convolutional dictionary learning: short atoms that may stand anywhere in a signal.

Coefficient maps by the alternating direction method of multipliers, each frequency solved in
closed form (Sherman-Morrison); atoms by accelerated projected gradients.

References
----------
Wohlberg (2016), IEEE Trans. Image Process. 25, 301;
Garcia-Cardona and Wohlberg (2018), IEEE Trans. Comput. Imaging 4, 366.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from physmodel.errors import ProblemError
from physmodel.optimizers.dictionary_learning.filters import (
    improve_filters,
    starting_windows,
    window_energies,
    window_of_most_energy,
)
from physmodel.optimizers.dictionary_learning.maps import Maps, reconstruct
from physmodel.optimizers.dictionary_learning.opening import check_counts, check_finite, open_start
from physmodel.optimizers.dictionary_learning.record import (
    ConvolutionalDictionary,
    LearningStatus,
)

Array = NDArray[np.float64]

#: Default penalty relative to the largest norm of a window of the signals.
PENALTY = 0.1
#: Steps for the maps and for the atoms in each iteration, and for the maps at the end.
MAP_STEPS, FILTER_STEPS, LAST_STEPS = 5, 5, 200
#: Iterations at the end in which no atom is replaced.
QUIET = 10
#: Relative change of the objective at which it has settled.
SETTLED = 1e-6


def convolutional_dictionary_learning(
    signals: ArrayLike,
    n_atoms: int,
    atom_shape: int | Sequence[int],
    *,
    penalty: float | None = None,
    start: ArrayLike | None = None,
    iterations: int = 200,
    restarts: int = 4,
    seed: int = 0,
) -> ConvolutionalDictionary:
    """Learn atoms whose sparse sums, at any shift, are the signals.

    Minimises ``sum_i |y_i - sum_j d_j * x_ij|^2 / 2 + penalty |x|_1`` over atoms of unit norm.
    Convolution is periodic: pad signals that are not by the size of an atom.

    Parameters
    ----------
    signals : array_like (n, length) or (n, height, width)
        One-dimensional signals or pictures.
    n_atoms : int
    atom_shape : int or sequence of int
        Not larger than a signal.
    penalty : float, optional
        By default a tenth of the largest norm of a window of the signals, which is what the best
        atom could have as its coefficient.
    start : array_like (m, p), optional
        Warm start, ``m = prod(atom_shape)``. Its columns keep their places.
    iterations : int
        At most, from each start.
    restarts : int
        Random starts, of which the least objective is returned: an atom that begins as a cut half
        of a shape stays one. One where `start` is given.
    seed : int
        The same seed gives the same bits.

    Raises
    ------
    ProblemError
        If shapes disagree, a number is not finite or all is zero.
    """
    array, sides = _open(signals, atom_shape)
    check_counts(n_atoms=n_atoms, iterations=iterations, restarts=restarts)
    if penalty is None:
        penalty = PENALTY * float(np.sqrt(window_energies(array, sides).max()))
    if not penalty > 0.0:
        raise ProblemError(f"the penalty is {penalty}", fix="pass a positive number")
    if start is not None:
        given = open_start(start, int(np.prod(sides)), n_atoms)
        return _learn(array, given.T.reshape(n_atoms, *sides), penalty, iterations)
    rng = np.random.default_rng(seed)
    best: ConvolutionalDictionary | None = None
    for _ in range(restarts):
        filters = starting_windows(array, n_atoms, sides, rng)
        result = _learn(array, filters, penalty, iterations)
        if best is None or result.history[-1] < best.history[-1]:
            best = result
    assert best is not None  # noqa: S101
    return best


def _learn(
    array: Array, filters: Array, penalty: float, iterations: int
) -> ConvolutionalDictionary:
    n_atoms, sides, shape = len(filters), filters.shape[1:], array.shape[1:]
    filters = filters.copy()
    maps = Maps.empty(array, n_atoms, penalty)
    history: list[float] = []
    replaced = 0
    for step in range(iterations):
        maps = maps.improve(filters, MAP_STEPS)
        filters = improve_filters(filters, maps.sparse, array, FILTER_STEPS)
        residual = array - reconstruct(filters, maps.sparse)
        history.append(_objective(residual, maps.sparse, penalty))
        unused = np.flatnonzero(~maps.sparse.any(axis=(0, *range(2, array.ndim + 1))))
        window = window_of_most_energy(residual, sides)
        # An atom that matches a window of the residual is used if it beats the penalty.
        wanted = len(unused) > 0 and float(np.linalg.norm(window)) > penalty
        if wanted and step < iterations - QUIET:
            filters[unused[0]] = window / np.linalg.norm(window)
            replaced += 1
        elif step > QUIET and abs(history[-2] - history[-1]) <= SETTLED * history[-1]:
            break
    settled = len(history) > 1 and abs(history[-2] - history[-1]) <= SETTLED * history[-1]
    norms = np.sqrt((filters**2).reshape(n_atoms, -1).sum(axis=1))
    filters = filters / norms.reshape(-1, *[1] * len(shape))
    maps = maps.rescaled(norms).improve(filters, LAST_STEPS)
    history.append(_objective(array - reconstruct(filters, maps.sparse), maps.sparse, penalty))
    status = LearningStatus.CONVERGED if settled else LearningStatus.LIMIT
    if not maps.sparse.any(axis=(0, *range(2, array.ndim + 1))).all():
        status = LearningStatus.UNUSED
    return ConvolutionalDictionary(
        np.ascontiguousarray(filters.reshape(n_atoms, -1).T),
        sides,
        maps.sparse,
        np.array(history),
        status,
        penalty,
        len(history) - 1,
        replaced,
    )


def _open(signals: ArrayLike, atom_shape: int | Sequence[int]) -> tuple[Array, tuple[int, ...]]:
    array = np.asarray(signals, dtype=float)
    if array.ndim not in (2, 3) or array.size == 0:
        raise ProblemError(
            f"the signals have shape {array.shape}",
            where="signals",
            fix="pass (n, length) or (n, height, width); a single one needs a first axis of 1",
        )
    check_finite(array, "signals")
    if not array.any():
        raise ProblemError("all signals are zero", where="signals", fix="pass signals of something")
    sides = (atom_shape,) if isinstance(atom_shape, int) else tuple(int(s) for s in atom_shape)
    shape = array.shape[1:]
    if len(sides) != len(shape) or any(
        not 1 <= side <= length for side, length in zip(sides, shape, strict=True)
    ):
        raise ProblemError(
            f"atoms of shape {sides} do not fit signals of shape {shape}",
            where="atom_shape",
            fix="pass as many sides as a signal has, none longer than it",
        )
    return array, sides


def _objective(residual: Array, maps: Array, penalty: float) -> float:
    return 0.5 * float((residual**2).sum()) + penalty * float(np.abs(maps).sum())
