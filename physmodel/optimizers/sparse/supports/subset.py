"""Best subset: the support of a given size with the smallest residual, proven where affordable.

References
----------
Furnival and Wilson (1974), Technometrics 16, 499 (branch and bound by dropping columns);
Miller (2002), Subset Selection in Regression, chapter 3 (local search by exchanges).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from physmodel.errors import ProblemError
from physmodel.optimizers.sparse.certificates import coherence_of
from physmodel.optimizers.sparse.criterion import check_sparsity, extended_bic
from physmodel.optimizers.sparse.design import Design, DictionaryLike
from physmodel.optimizers.sparse.opening import open_design
from physmodel.optimizers.sparse.record import Certificate, Path, SparseResult, Status
from physmodel.optimizers.sparse.supports.branching import ROUNDING, branch_and_bound
from physmodel.optimizers.sparse.supports.fixed_size import least_squares
from physmodel.optimizers.subset.nested import nested_descents
from physmodel.optimizers.subset.tableau import Criterion
from physmodel.optimizers.subset.triangular import TriangularFactor

Array = NDArray[np.float64]

#: Branches looked at before the search stops and reports how much is left unproven.
MAX_NODES = 20_000
#: Columns up to which the tableau of all pairs is affordable.
MOST_COLUMNS = 1024


def best_subset(
    dictionary: DictionaryLike,
    signals: ArrayLike | None = None,
    *,
    sparsity: int | None = None,
    max_nodes: int = MAX_NODES,
) -> SparseResult:
    """Find the support with the smallest residual sum of squares, with proof.

    Parameters
    ----------
    dictionary : array_like (m, p), LinearOperator (m, p) or Gram
        Up to 1024 columns.
    signals : array_like (m,) or (m, k)
        None with a Gram.
    sparsity : int, optional
        Number of columns. By default the extended Bayesian information criterion chooses it; the
        certificate is then for that size.
    max_nodes : int
        Budget of the proof. Zero leaves the local search alone.

    Returns
    -------
    SparseResult
        ``primal`` is half the residual sum of squares and ``dual`` a lower bound over all supports
        of that size; ``optimal`` means that they agree, ``iteration-limit`` that they may not. A
        single signal has a path with the best support that was found of each size.

    Raises
    ------
    ProblemError
    """
    design = open_design(dictionary, signals)
    if design.n_atoms > MOST_COLUMNS:
        raise ProblemError(
            f"best subset among {design.n_atoms} columns is out of reach",
            fix="use lasso or orthogonal_matching_pursuit, or screen the columns first",
        )
    if max_nodes < 0:
        raise ProblemError(f"max_nodes is {max_nodes}", fix="pass 0 or more")
    most = check_sparsity(sparsity, design.n_rows, design.n_atoms)
    answers = [_one(design, i, sparsity, most, max_nodes) for i in range(design.n_signals)]
    x = np.stack([answer.x for answer in answers], axis=1)
    shape = design.per_signal
    primal = 0.5 * np.array([answer.rss for answer in answers])
    dual = 0.5 * np.array([answer.bound for answer in answers])
    certificate = Certificate(
        shape(primal), shape(dual), shape(primal - dual), coherence=coherence_of(design)
    )
    statuses = tuple(Status.OPTIMAL if answer.proven else Status.LIMIT for answer in answers)
    path = None
    if design.single:
        sizes = np.arange(len(answers[0].supports), dtype=float)
        rows = [_fit(design, 0, support)[0] / design.scale for support in answers[0].supports]
        path = Path(sizes, np.array(rows), 0.5 * answers[0].sums)
    return SparseResult(
        design.restore(x), statuses, certificate, max(a.nodes for a in answers), path=path
    )


@dataclass(frozen=True)
class _Answer:
    x: Array
    rss: float
    bound: float
    proven: bool
    nodes: int
    supports: list[NDArray[np.intp]]
    sums: Array


def _one(design: Design, index: int, sparsity: int | None, most: int, max_nodes: int) -> _Answer:
    gram, correlation = design.unit_gram, design.correlation[:, index]
    energy = float(design.energy[index])
    supports = local_search(gram, correlation, energy, most, design.n_rows)
    sums = np.array([_fit(design, index, support)[1] for support in supports])
    size = most
    if sparsity is None:
        values = extended_bic(
            sums[None], design.energy[index : index + 1], design.n_rows, design.n_atoms
        )
        size = int(values[0].argmin())
    size = min(size, len(supports) - 1)
    support, bound, nodes = branch_and_bound(
        gram, correlation, energy, supports[size], size, max_nodes
    )
    x, rss = _fit(design, index, support)
    proven = rss - bound <= ROUNDING * energy
    return _Answer(x, rss, min(bound, rss), proven, nodes, supports, sums)


def _fit(design: Design, index: int, support: NDArray[np.intp]) -> tuple[Array, float]:
    part = design.signal(index)
    x = least_squares(part, support)
    return x, float(part.gradient(x[:, None])[1][0])


def local_search(
    gram: Array, correlation: Array, energy: float, most: int, n_rows: int
) -> list[NDArray[np.intp]]:
    """Supports of 0 ... `most` columns that no exchange of one column improves.

    `gram` ``(p, p)``: unit diagonal. `correlation` ``(p,)``.
    """
    values, vectors = np.linalg.eigh(gram)
    keep = values > values[-1] * 1e-13
    root = np.sqrt(values[keep])
    r = root[:, None] * vectors[:, keep].T
    c = (vectors[:, keep].T @ correlation) / root
    factor = TriangularFactor(r, c, max(energy - float(c @ c), 0.0), np.ones(len(gram)), n_rows)
    supports: list[NDArray[np.intp]] = [np.empty(0, dtype=np.intp)]
    inside = supports[0]
    for size in range(1, most + 1):
        # Start from the best support one smaller; the criterion admits this size only.
        start = _grown(gram, correlation, inside)
        if start is None:
            break
        inside = nested_descents(factor, [start], _of_size(size))
        supports.append(inside)
    return supports


def _of_size(size: int) -> Criterion:
    """Residual sum of squares of supports of one size, infinite elsewhere."""

    def criterion(rss: Array, k: int) -> Array:
        return rss if k == size else np.full_like(rss, np.inf)

    return criterion


def _grown(gram: Array, correlation: Array, inside: NDArray[np.intp]) -> NDArray[np.intp] | None:
    """The support and the one column that lowers its residual most."""
    slope, length = correlation.copy(), np.ones(len(gram))
    if len(inside):
        solved = np.linalg.lstsq(gram[np.ix_(inside, inside)], gram[inside], rcond=None)[0]
        slope = correlation - solved.T @ correlation[inside]
        length = 1.0 - np.einsum("ij,ij->j", solved, gram[inside])
    free = length > ROUNDING
    free[inside] = False
    if not free.any():
        return None
    gain = np.where(free, slope**2 / np.where(free, length, 1.0), -1.0)
    return np.sort(np.append(inside, int(gain.argmax())))
