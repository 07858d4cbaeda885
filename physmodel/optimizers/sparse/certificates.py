"""Proofs that come with a sparse answer: duality gaps, optimality conditions, coherence.

References
----------
Fercoq, Gramfort, Salmon (2015), ICML 37, 333 (the residual-scaled dual point);
Fuchs (2004), IEEE Trans. Inf. Theory 50, 1341 (dual certificate of basis pursuit);
Tropp (2004), IEEE Trans. Inf. Theory 50, 2231 (coherence and exact recovery).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import lstsq

from physmodel.errors import ProblemError
from physmodel.optimizers.sparse.design import TILE, Design, DictionaryLike, Gram
from physmodel.optimizers.sparse.l1.duality import penalised_certificate, penalties
from physmodel.optimizers.sparse.opening import column_norms, open_design, tabulate
from physmodel.optimizers.sparse.record import Certificate

Array = NDArray[np.float64]

#: Size relative to the largest below which a direction of the chosen columns is rounding.
ROUNDING = 1e-12


def lasso_certificate(
    dictionary: DictionaryLike,
    signals: ArrayLike | None,
    coefficients: ArrayLike,
    penalty: float,
    *,
    ridge: float = 0.0,
    weights: ArrayLike | None = None,
    groups: ArrayLike | None = None,
    scaled: bool = True,
) -> Certificate:
    """Duality gap and KKT residual of any coefficients, wherever they come from.

    Parameters
    ----------
    dictionary, signals
        As for `lasso`.
    coefficients : array_like (p,) or (p, k)
    penalty, ridge : float
        Of the L1 term and of half the squared norm (elastic net).
    weights : array_like (p,), optional
        Relative penalties; with groups, the largest of a group counts for it.
    groups : array_like of int (p,), optional
    scaled : bool
        Whether penalties act on coefficients of unit columns.
    """
    design = open_design(dictionary, signals)
    x = np.asarray(coefficients, dtype=float)
    x = (x[:, None] if x.ndim == 1 else x) * design.scale[:, None]
    if x.shape != design.correlation.shape:
        raise ProblemError(
            f"coefficients {x.shape} do not fit a problem of {design.correlation.shape}",
            fix="pass one coefficient per column and signal",
        )
    lam, quadratic = penalties(design, penalty, ridge, weights, scaled)
    labels = None
    if groups is not None:
        labels = np.unique(np.asarray(groups), return_inverse=True)[1]
        top = np.zeros((int(labels.max()) + 1, lam.shape[1]))
        np.maximum.at(top, labels, lam)
        lam = top[labels]
    return penalised_certificate(design, x, lam, quadratic, labels)


def mutual_coherence(dictionary: DictionaryLike) -> float:
    """Largest absolute cosine between two different columns.

    Parameters
    ----------
    dictionary : array_like (m, p), LinearOperator or Gram

    Returns
    -------
    float
        Any representation with fewer than ``(1 + 1 / mu) / 2`` nonzeros is the sparsest one, and
        both basis pursuit and orthogonal matching pursuit find it (Tropp 2004).
    """
    if isinstance(dictionary, Gram):
        scale = np.sqrt(np.diag(dictionary.gram))
        cosines = np.abs(dictionary.gram / scale / scale[:, None])
        np.fill_diagonal(cosines, 0.0)
        return float(cosines.max(initial=0.0))
    matrix, operator = tabulate(dictionary)
    if matrix is None:
        raise ProblemError(
            f"coherence of an operator {operator.shape} would need a matrix of that size",
            fix="ask the dictionary for its own coherence()",
        )
    unit = matrix / column_norms(matrix)
    largest = 0.0
    for start in range(0, unit.shape[1], TILE):
        cosines = np.abs(unit.T @ unit[:, start : start + TILE])
        own = np.arange(cosines.shape[1])
        cosines[start + own, own] = 0.0
        largest = max(largest, float(cosines.max(initial=0.0)))
    return min(largest, 1.0)


def coherence_of(design: Design) -> float | None:
    """Mutual coherence of a design whose Gram is at hand, None of a larger one."""
    if not design.has_gram:
        return None
    gram, p = design.unit_gram, design.n_atoms
    if p < 2:
        return 0.0
    # Rows of p + 1 entries put the diagonal into the first column: all but that, without a copy.
    beside = gram.ravel()[:-1].reshape(p - 1, p + 1)[:, 1:]
    return min(float(max(beside.max(), -beside.min())), 1.0)


def sparsest_bound(coherence: float) -> float:
    """Number of nonzeros below which a representation is proven to be the sparsest."""
    return np.inf if coherence == 0.0 else 0.5 * (1.0 + 1.0 / coherence)


def exact_recovery_coefficient(dictionary: DictionaryLike, support: ArrayLike) -> float:
    """Tropp's exact recovery coefficient ``1 - max |pinv(A_S) a_j|_1`` over columns outside S.

    Parameters
    ----------
    dictionary : array_like (m, p), LinearOperator or Gram
    support : array_like of int

    Returns
    -------
    float
        Positive: orthogonal matching pursuit and basis pursuit recover every signal whose
        representation lives on the support. Negative infinity for dependent columns.
    """
    chosen = np.unique(np.asarray(support, dtype=np.intp))
    if isinstance(dictionary, Gram):
        scale = np.sqrt(np.diag(dictionary.gram))
        gram = dictionary.gram / scale / scale[:, None]
        p = len(gram)
    else:
        matrix, operator = tabulate(dictionary)
        if matrix is None:
            raise ProblemError(
                f"the exact recovery coefficient of an operator {operator.shape} needs its columns",
                fix="pass a matrix or a Gram",
            )
        unit = matrix / column_norms(matrix)
        gram, p = None, unit.shape[1]
    outside = np.setdiff1d(np.arange(p), chosen)
    if not len(chosen) or not len(outside):
        return 1.0
    if gram is None:
        left, right = unit[:, chosen], unit[:, outside]
    else:
        left, right = gram[np.ix_(chosen, chosen)], gram[np.ix_(chosen, outside)]
    weights, _, rank, _ = lstsq(left, right, cond=ROUNDING, lapack_driver="gelsy")
    if rank < len(chosen):
        return -np.inf
    return float(1.0 - np.abs(weights).sum(axis=0).max())
