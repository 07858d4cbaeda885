"""Recover a signal from few linear measurements of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse.linalg import LinearOperator, aslinearoperator

from physmodel.errors import DataError, ProblemError
from physmodel.models.dictionaries import Dictionary, from_atoms
from physmodel.optimizers.sparse import SparseResult, Status, basis_pursuit, basis_pursuit_denoising
from physmodel.optimizers.sparse.recovery import sparse_recovery
from physmodel.signals.candidates import Choice, bases, chosen

Array = NDArray[np.float64]

#: Part of the measurements that is kept back to compare dictionaries.
HELD = 0.1
#: Samples up to which the signal's own samples are tried as atoms.
SPIKES = 4096


@dataclass(frozen=True)
class Recovered:
    """A signal from its measurements.

    Attributes
    ----------
    signal : ndarray
        In its own shape.
    dictionary : str
    solution : SparseResult
        Coefficients, status, remedy and certificate of the solver.
    error : float
        Root mean square misfit on measurements that were kept back, over their root mean square:
        near 0 where the signal is recovered, near 1 where there are too few measurements.
    tried : mapping of str to float
        The same for every dictionary that was tried.
    """

    signal: Array
    dictionary: str
    solution: SparseResult
    error: float
    tried: Mapping[str, float]

    def __str__(self) -> str:
        """Dictionary, number of atoms, and how far the answer can be trusted."""
        return (
            f"{len(self.solution.support)} atoms of {self.dictionary}, {self.solution.status}, "
            f"error on kept-back measurements {self.error:.2g}"
        )


def compressed_sensing(
    operator: ArrayLike | LinearOperator,
    measurements: ArrayLike,
    *,
    shape: int | Sequence[int] | None = None,
    dictionary: Choice | None = None,
    noise_std: float | None = None,
    seed: int = 0,
) -> Recovered:
    """Find the signal with the sparsest description among those that give the measurements.

    Parameters
    ----------
    operator : array_like (m, n) or LinearOperator (m, n)
        Each row is one measurement of a signal with n samples.
    measurements : array_like (m,)
    shape : int or sequence of int, optional
        Shape of the signal, of n samples in all; one-dimensional by default.
    dictionary : Dictionary or callable, optional
        Or a function from the shape to one. By default single samples, cosines and wavelets are
        compared: the one with the fewest atoms wins where they give all measurements exactly and
        are no more than half of them, else the one that predicts a tenth of the measurements best,
        which is kept back.
    noise_std : float, optional
        Of a measurement. By default measurements are exact if that predicts the ones kept back
        better than a noise level from the residual does.
    seed : int
        Of the measurements that are kept back.

    Raises
    ------
    DataError
        If some measurements are not finite.
    ProblemError
        If shapes disagree.

    References
    ----------
    Candes, Romberg and Tao, IEEE Trans. Information Theory 52 (2006) 489; Donoho, ibid. 1289;
    Ward, ibid. 55 (2009) 5773 (measurements kept back).
    """
    sensing, y, sides = _checked(operator, measurements, shape)
    default = dict(bases(sides)) | ({"samples": _samples} if np.prod(sides) <= SPIKES else {})
    made = {label: make(sides) for label, make in chosen(dictionary, default).items()}
    order = np.random.default_rng(seed).permutation(len(y))
    count = max(1, round(HELD * len(y)))
    held, used = np.sort(order[:count]), np.sort(order[count:])
    ways = [0.0, None] if noise_std is None else [float(noise_std)]
    tried: dict[tuple[str, float | None], float] = {}
    for label, atoms in made.items():
        for level in ways:
            found = _solve(_rows(sensing, used, atoms), y[used], level)
            signal = atoms.synthesise(found.coefficients).ravel()
            tried[label, level] = _relative(sensing.matvec(signal)[held], y[held])
    everything = np.arange(len(y))
    exact = {} if noise_std else _exact(sensing, y, made)
    if exact:
        label, level = min(exact, key=lambda key: len(exact[key].support)), 0.0
        solution, atoms = exact[label], made[label]
        tried[label, level] = _prediction(_rows(sensing, everything, atoms), y, solution, held)
    else:
        label, level = min(tried, key=tried.__getitem__)
        atoms = made[label]
        solution = _solve(_rows(sensing, everything, atoms), y, level)
    least = {key: min(v for (k, _), v in tried.items() if k == key) for key in made}
    signal = atoms.synthesise(solution.coefficients)
    return Recovered(signal, label, solution, tried[label, level], least)


def _exact(
    sensing: LinearOperator, y: Array, made: Mapping[str, Dictionary]
) -> dict[str, SparseResult]:
    """Dictionaries in which few atoms give all measurements, which does not happen by chance."""
    everything = np.arange(len(y))
    found = {
        label: sparse_recovery(_rows(sensing, everything, atoms), y)
        for label, atoms in made.items()
    }
    good = (Status.OPTIMAL, Status.CONVERGED)
    return {
        label: solution
        for label, solution in found.items()
        if solution.status in good and 2 * len(solution.support) <= len(y)
    }


def _prediction(
    operator: LinearOperator, y: Array, solution: SparseResult, held: NDArray[np.intp]
) -> float:
    """Misfit on measurements that were kept back from the fit of these atoms by the others."""
    support = solution.support
    if not len(support):
        return _relative(np.zeros(len(held)), y[held])
    unit = np.zeros((operator.shape[1], len(support)))
    unit[support, np.arange(len(support))] = 1.0
    columns = operator.matmat(unit)
    used = np.delete(np.arange(len(y)), held)
    weights = np.linalg.lstsq(columns[used], y[used], rcond=None)[0]
    return _relative(columns[held] @ weights, y[held])


def _solve(operator: LinearOperator, y: Array, level: float | None) -> SparseResult:
    if level == 0.0:
        return basis_pursuit(operator, y)
    m = len(y)
    # As in basis_pursuit_denoising: exceeded by the norm of m noise values in 2% of records.
    limit = None if level is None else level * np.sqrt(m + 2.0 * np.sqrt(2.0 * m))
    return basis_pursuit_denoising(operator, y, tolerance=limit)


def _rows(sensing: LinearOperator, rows: NDArray[np.intp], atoms: Dictionary) -> LinearOperator:
    """Some of the measurements, as functions of the coefficients."""

    def forward(a: Array) -> Array:
        return np.asarray(sensing.matvec(atoms.matvec(np.ravel(a)))[rows])

    def adjoint(r: Array) -> Array:
        full = np.zeros(sensing.shape[0])
        full[rows] = np.ravel(r)
        return np.asarray(atoms.rmatvec(sensing.rmatvec(full)))

    return LinearOperator((len(rows), atoms.n_atoms), matvec=forward, rmatvec=adjoint, dtype=float)


def _samples(shape: tuple[int, ...]) -> Dictionary:
    size = int(np.prod(shape))
    return from_atoms(np.eye(size).reshape(size, *shape), name="samples")


def _relative(found: Array, truth: Array) -> float:
    scale = float(np.sqrt(np.mean(truth**2)))
    error = float(np.sqrt(np.mean((found - truth) ** 2)))
    return error / scale if scale > 0.0 else float(error > 0.0)


def _checked(
    operator: ArrayLike | LinearOperator, measurements: ArrayLike, shape: int | Sequence[int] | None
) -> tuple[LinearOperator, Array, tuple[int, ...]]:
    y = np.asarray(measurements, dtype=float)
    sensing = aslinearoperator(
        operator if isinstance(operator, LinearOperator) else np.asarray(operator, dtype=float)
    )
    m, n = sensing.shape
    if y.shape != (m,) or m < 2:
        raise ProblemError(
            f"the operator makes {m} measurements, and those given have the shape {y.shape}",
            where="measurements",
            why="each row of the operator is one measurement, and at least two are needed",
            fix=f"give {m} numbers" if m > 1 else "measure more",
        )
    bad = np.flatnonzero(~np.isfinite(y))
    if len(bad):
        raise DataError(
            f"{len(bad)} measurements are missing or infinite, the first is number {bad[0]}",
            where="measurements",
            fix="leave these rows out of both the operator and the measurements",
        )
    sides = (n,) if shape is None else tuple(np.atleast_1d(shape).tolist())
    if int(np.prod(sides)) != n:
        raise ProblemError(
            f"a signal of shape {sides} has {int(np.prod(sides))} samples, "
            f"and the operator measures {n}",
            where="shape",
            fix=f"give a shape with {n} samples in all",
        )
    return sensing, y, sides
