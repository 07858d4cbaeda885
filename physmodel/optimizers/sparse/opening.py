"""From what a caller gives to a `Design`: every check of the input stands here."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import issparse
from scipy.sparse.linalg import LinearOperator

from physmodel.errors import ProblemError
from physmodel.optimizers.sparse.design import TILE, Design, Dictionary, Gram, adjoint_of

Array = NDArray[np.float64]

#: Entries up to which an operator is written out as a matrix (32 MB): dense algebra is then faster.
TABULATE = 1 << 22


def open_design(dictionary: Dictionary, signals: ArrayLike | None) -> Design:
    """Check a dictionary and its signals and bring the columns to unit norm.

    Parameters
    ----------
    dictionary : array_like (m, p), LinearOperator (m, p) or Gram
        An operator of up to `TABULATE` entries is written out; a larger one is applied as it is
        and its columns count as unit, because their norms would cost one application each.
    signals : array_like (m,) or (m, k), or None with a Gram

    Returns
    -------
    Design

    Raises
    ------
    ProblemError
        If shapes disagree, a number is not finite or a column is zero.
    """
    if isinstance(dictionary, Gram):
        if signals is not None:
            raise ProblemError(
                "a Gram already holds the correlations with the signals",
                fix="pass either a Gram alone or a matrix with signals",
            )
        return _open_gram(dictionary)
    if signals is None:
        raise ProblemError("there are no signals", fix="pass y of shape (m,) or (m, k)")
    target = _finite(signals, "the signals")
    if target.ndim not in (1, 2) or 0 in target.shape:
        raise ProblemError(
            f"the signals have shape {target.shape}", fix="pass shape (m,) or (m, k) with entries"
        )
    single = target.ndim == 1
    y = target[:, None] if single else target
    matrix, operator = tabulate(dictionary)
    rows, atoms = (operator if matrix is None else matrix).shape
    if rows != len(y):
        raise ProblemError(
            f"the dictionary has {rows} rows and the signals have {len(y)}",
            fix="a signal is a column of length m; transpose one of the two",
        )
    if matrix is None:
        scale = np.ones(atoms)
        correlation = adjoint_of(operator, y)
    else:
        scale = column_norms(matrix)
        correlation = matrix.T @ y
        correlation /= scale[:, None]
    energy = np.einsum("ij,ij->j", y, y)
    return Design(rows, atoms, scale, correlation, energy, single, y, matrix, operator)


def tabulate(dictionary: ArrayLike | LinearOperator) -> tuple[Array | None, LinearOperator]:
    """Write a dictionary out as a matrix where that is affordable, else leave it an operator.

    The other one of the two is None.
    """
    if issparse(dictionary):
        dictionary = dictionary.toarray()  # type: ignore[union-attr]
    if isinstance(dictionary, LinearOperator):
        rows, atoms = dictionary.shape
        if rows * atoms > TABULATE:
            return None, dictionary
        matrix = np.empty((rows, atoms))
        for start in range(0, atoms, TILE):
            stop = min(start + TILE, atoms)
            unit = np.zeros((atoms, stop - start))
            unit[np.arange(start, stop), np.arange(stop - start)] = 1.0
            matrix[:, start:stop] = dictionary.matmat(unit)
        return _finite(matrix, "the dictionary"), None
    matrix = _numbers(dictionary, "the dictionary")
    if matrix.ndim != 2 or 0 in matrix.shape:
        raise ProblemError(
            f"the dictionary has shape {matrix.shape}", fix="pass a matrix (m, p) with entries"
        )
    return matrix, None


def column_norms(matrix: Array) -> Array:
    """Norms of the columns, checked to be finite and positive."""
    norms = np.sqrt(np.einsum("ij,ij->j", matrix, matrix))
    if not np.isfinite(norms).all():
        column = int(np.flatnonzero(~np.isfinite(norms))[0])
        raise ProblemError(
            "the dictionary has a number that is missing, infinite or too large to square",
            where=f"column {column}",
            fix="repair or drop the column",
        )
    if not norms.all():
        raise ProblemError(
            "a column of the dictionary is zero",
            where=f"column {int(np.flatnonzero(norms == 0.0)[0])}",
            why="its coefficient could be anything",
            fix="drop the column",
        )
    return norms


def _open_gram(record: Gram) -> Design:
    gram = _finite(record.gram, "the Gram")
    target = _finite(record.correlation, "the correlation")
    energy = np.atleast_1d(_finite(record.energy, "the energy"))
    single = target.ndim == 1
    correlation = target[:, None] if single else target
    p = len(gram)
    if gram.shape != (p, p) or correlation.shape != (p, len(energy)):
        raise ProblemError(
            f"Gram {gram.shape}, correlation {target.shape} and energy {energy.shape} disagree",
            fix="pass (p, p), (p,) and a number, or (p, p), (p, k) and (k,)",
        )
    diagonal = np.diag(gram)
    if not (diagonal > 0.0).all():
        raise ProblemError(
            "the diagonal of the Gram is not positive",
            where=f"column {int(np.flatnonzero(~(diagonal > 0.0))[0])}",
            fix="drop the column",
        )
    scale = np.sqrt(diagonal)
    return Design(record.n_rows, p, scale, correlation / scale[:, None], energy, single, gram=gram)


def _finite(values: ArrayLike, what: str) -> Array:
    array = _numbers(values, what)
    if not np.isfinite(array).all():
        place = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
        raise ProblemError(
            f"{what} have a number that is missing or infinite",
            where=f"entry {place}",
            fix="fill or leave out such rows",
        )
    return array


def _numbers(values: ArrayLike, what: str) -> Array:
    try:
        array = np.asarray(values)
        if np.iscomplexobj(array):
            raise ProblemError(
                f"{what} hold complex numbers",
                fix="stack real and imaginary parts: rows for signals, columns for atoms",
            )
        return np.asarray(array, dtype=float)
    except (TypeError, ValueError) as error:
        raise ProblemError(
            f"{what} cannot be read as an array of numbers ({error})", fix="pass a numeric array"
        ) from error
