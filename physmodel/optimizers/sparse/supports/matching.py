"""Matching pursuit and orthogonal matching pursuit, many signals at once on a Gram.

References
----------
Mallat and Zhang (1993), IEEE Trans. Signal Process. 41, 3397;
Pati, Rezaiifar, Krishnaprasad (1993), Asilomar 27, 40;
Rubinstein, Zibulevsky, Elad (2008), Technion CS-2008-08 (Batch-OMP).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csc_array

from physmodel.errors import ProblemError
from physmodel.optimizers.sparse.criterion import check_sparsity, extended_bic
from physmodel.optimizers.sparse.design import Design, DictionaryLike
from physmodel.optimizers.sparse.opening import open_design
from physmodel.optimizers.sparse.record import Path, SparseResult, Status
from physmodel.optimizers.sparse.support_proof import support_certificate, support_statuses
from physmodel.optimizers.sparse.supports.orthogonal import OrthogonalSteps, omp_single
from physmodel.optimizers.sparse.supports.orthogonal_batch import omp_batch

Array = NDArray[np.float64]

#: Columns up to which a Gram is formed for several signals (32 MB).
GRAM_COLUMNS = 2048


def orthogonal_matching_pursuit(
    dictionary: DictionaryLike,
    signals: ArrayLike | None = None,
    *,
    sparsity: int | None = None,
    tolerance: float | None = None,
) -> SparseResult:
    """Add the column that the residual resembles most, fit all of them, repeat.

    Parameters
    ----------
    dictionary : array_like (m, p), LinearOperator (m, p) or Gram
    signals : array_like (m,) or (m, k)
        None with a Gram.
    sparsity : int, optional
        Number of columns. By default, and without a tolerance, each signal takes as many as the
        extended Bayesian information criterion pays for.
    tolerance : float, optional
        Stop when the norm of the residual is at most this.

    Returns
    -------
    SparseResult
        Answers do not depend on the scale and sign of a column. A single signal has its path. The
        status is ``optimal`` where coherence proves that this exact representation is the sparsest
        one.

    Raises
    ------
    ProblemError
    """
    return orthogonal_matching_pursuit_of(open_design(dictionary, signals), sparsity, tolerance)


def orthogonal_matching_pursuit_of(
    design: Design, sparsity: int | None, tolerance: float | None
) -> SparseResult:
    """`orthogonal_matching_pursuit` of a dictionary that has been opened."""
    most = check_sparsity(sparsity, design.n_rows, design.n_atoms)
    if tolerance is not None and not tolerance >= 0.0:
        raise ProblemError(f"the tolerance is {tolerance}", fix="pass a number of 0 or more")
    if tolerance is not None and sparsity is None:
        most = min(design.n_rows or design.n_atoms, design.n_atoms)
    steps = orthogonal_steps(design, most, -1.0 if tolerance is None else float(tolerance))
    sizes = steps.sizes
    if sparsity is None and tolerance is None:
        values = extended_bic(steps.rss, design.energy, design.n_rows, design.n_atoms)
        sizes = np.minimum(values.argmin(axis=1), sizes)
    x = steps.coefficients(sizes, design.n_atoms)
    certificate = support_certificate(design, x)
    scaled = csc_array((x.data / design.scale[x.indices], x.indices, x.indptr), shape=x.shape)
    coefficients = scaled.toarray(order="F")
    path = None
    if design.single:
        coefficients = coefficients[:, 0]
        levels = np.arange(int(sizes[0]) + 1)
        answers = [steps.coefficients(levels[[n]], design.n_atoms).toarray()[:, 0] for n in levels]
        path = Path(
            levels.astype(float), np.array(answers) / design.scale, steps.rss[0, : len(levels)]
        )
    return SparseResult(
        coefficients,
        support_statuses(certificate),
        certificate,
        int(sizes.max(initial=0)),
        path=path,
    )


def orthogonal_steps(design: Design, most: int, tolerance: float) -> OrthogonalSteps:
    """Steps of every signal, on a Gram where that pays; the arguments are those of `omp_batch`."""
    several = design.matrix is not None and design.n_signals >= 4
    if design.gram is not None or (several and design.n_atoms <= GRAM_COLUMNS):
        return omp_batch(design, most, tolerance)
    return OrthogonalSteps.join(
        [omp_single(design.signal(i), most, tolerance) for i in range(design.n_signals)]
    )


def matching_pursuit(
    dictionary: DictionaryLike,
    signals: ArrayLike | None = None,
    *,
    iterations: int = 1000,
    tolerance: float = 1e-3,
) -> SparseResult:
    """Subtract from the residual its projection on the column that it resembles most, repeat.

    Parameters
    ----------
    dictionary, signals
        As for `orthogonal_matching_pursuit`.
    iterations : int
        At most; a column may be taken again.
    tolerance : float
        Stop when no column explains more than this share of the signal's norm.

    Returns
    -------
    SparseResult
        The energy of the signal is that of the residual plus the squares of all steps. A single
        signal has the residual energies as the objectives of its path, without coefficients.
    """
    design = open_design(dictionary, signals)
    if iterations < 1 or not tolerance >= 0.0:
        raise ProblemError(
            f"{iterations} iterations to a tolerance of {tolerance}",
            fix="iterations >= 1 and tolerance >= 0",
        )
    n = design.n_signals
    correlation = np.ascontiguousarray(design.correlation.T)
    x = np.zeros_like(correlation)
    energies = [design.energy.copy()]
    live = np.arange(n)
    small = tolerance * np.sqrt(design.energy)
    count = 0
    for _ in range(iterations):
        atoms = np.abs(correlation[live]).argmax(axis=1)
        amount = correlation[live, atoms]
        on = (np.abs(amount) > small[live]) & (amount != 0.0)
        live, atoms, amount = live[on], atoms[on], amount[on]
        if not len(live):
            break
        count += 1
        x[live, atoms] += amount
        correlation[live] -= amount[:, None] * _gram_rows(design, atoms)
        energy = energies[-1].copy()
        energy[live] -= amount**2
        energies.append(energy)
    spent = np.zeros(n, dtype=bool)
    spent[live] = count == iterations
    certificate = support_certificate(design, x.T)
    statuses = tuple(
        Status.LIMIT if end else status
        for end, status in zip(spent, support_statuses(certificate), strict=True)
    )
    path = None
    if design.single:
        path = Path(np.arange(count + 1.0), np.empty((0, 0)), np.array(energies)[:, 0])
    return SparseResult(design.restore(x.T), statuses, certificate, count, path=path)


def _gram_rows(design: Design, atoms: NDArray[np.intp]) -> Array:
    if design.gram is not None or (design.operator is None and design.n_atoms <= GRAM_COLUMNS):
        return design.unit_gram[atoms]
    return design.adjoint(design.columns(atoms)).T
