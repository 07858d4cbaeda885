"""From what a caller gives to a `Design`: every check of the input stands here."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import issparse
from scipy.sparse.linalg import LinearOperator

from physmodel.errors import ProblemError
from physmodel.optimizers.reading import finite_numbers, real_numbers
from physmodel.optimizers.sparse.design import TILE, Design, DictionaryLike, Gram, adjoint_of

Array = NDArray[np.float64]

#: Entries up to which an operator is written out as a matrix (32 MB): dense algebra is then faster.
TABULATE = 1 << 22

#: Norms of columns and signals that are taken. Energies are squares, answers are quotients, and
#: tolerances take some twenty digits more: all of these stay inside the range of float64.
SMALLEST, LARGEST = 1e-120, 1e120


def open_design(dictionary: DictionaryLike, signals: ArrayLike | None) -> Design:
    """Check a dictionary and its signals and bring the columns to unit norm.

    `dictionary`: an operator of up to `TABULATE` entries is written out; a larger one is applied as
    it is and its columns count as unit, because their norms would cost one application each. Raises
    ProblemError if shapes disagree, a number is missing, masked or infinite, a column is zero, or a
    norm lies beyond `SMALLEST` or `LARGEST`.
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
    target = finite_numbers(signals, "the signals")
    if target.ndim not in (1, 2) or 0 in target.shape:
        raise ProblemError(
            f"the signals have shape {target.shape}", fix="pass shape (m,) or (m, k) with entries"
        )
    single = target.ndim == 1
    y = target[:, None] if single else target
    energy = _squares(y)
    _check_range(np.sqrt(energy), y, "signal")
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
        return finite_numbers(matrix, "the dictionary"), None
    matrix = real_numbers(dictionary, "the dictionary")
    if matrix.ndim != 2 or 0 in matrix.shape:
        raise ProblemError(
            f"the dictionary has shape {matrix.shape}", fix="pass a matrix (m, p) with entries"
        )
    return matrix, None


def column_norms(matrix: Array) -> Array:
    """Norms of the columns, checked to be finite, positive and in range."""
    norms = np.sqrt(_squares(matrix))
    if not np.isfinite(norms).all():
        for column in np.flatnonzero(~np.isfinite(norms)):
            if not np.isfinite(matrix[:, column]).all():
                raise ProblemError(
                    "the dictionary has a number that is missing or infinite",
                    where=f"column {column}",
                    fix="repair or drop the column",
                )
    _check_range(norms, matrix, "column")
    if not norms.all():
        raise ProblemError(
            "a column of the dictionary is zero",
            where=f"column {int(np.flatnonzero(norms == 0.0)[0])}",
            why="its coefficient could be anything",
            fix="drop the column",
        )
    return norms


def _squares(columns: Array) -> Array:
    """Squared norms, infinite or zero where these leave the range of numbers."""
    with np.errstate(over="ignore", invalid="ignore"):
        return np.asarray(np.einsum("ij,ij->j", columns, columns))


def _check_range(norms: Array, columns: Array | None, what: str) -> None:
    """Refuse columns (m, n) with norms (n,) beyond the range; nothing but zeros is no fault."""
    for index in np.flatnonzero(~((norms >= SMALLEST) & (norms <= LARGEST))):
        silent = norms[index] == 0.0 if columns is None else not columns[:, index].any()
        if not silent:
            raise ProblemError(
                f"a {what} is too {'large' if norms[index] > 1.0 else 'small'} to compute with",
                where=f"{what} {index}",
                why=f"norms between {SMALLEST:g} and {LARGEST:g} have squares that are numbers",
                fix="choose a unit in which its numbers are nearer to 1",
            )


def _open_gram(record: Gram) -> Design:
    gram = finite_numbers(record.gram, "the Gram")
    target = finite_numbers(record.correlation, "the correlation")
    energy = np.atleast_1d(finite_numbers(record.energy, "the energy"))
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
    _check_range(scale, None, "column")
    # What is left of an energy may be rounding, of either sign.
    _check_range(np.sqrt(np.maximum(energy, 0.0)), None, "signal")
    return Design(record.n_rows, p, scale, correlation / scale[:, None], energy, single, gram=gram)
