"""The steps of orthogonal matching pursuit: on a Gram for many signals, on columns for one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from physmodel.optimizers.sparse.design import Design

Array = NDArray[np.float64]

#: Signals that step together: their correlations stay in the cache.
TOGETHER = 256
#: A unit column whose squared length outside the chosen ones is less cannot be told from them.
DEPENDENT = 1e-12


@dataclass(frozen=True)
class OrthogonalSteps:
    """Nested least-squares fits of every signal.

    Attributes
    ----------
    atoms : ndarray of int (n, s)
        Columns in the order in which they were chosen.
    inverse : ndarray (n, s, s)
        Inverse of the lower Cholesky factor of their Gram.
    projections : ndarray (n, s)
        Inner products of the signal with the orthonormalised columns.
    sizes : ndarray of int (n,)
        Steps that were taken.
    rss : ndarray (n, s + 1)
        Residual sum of squares after 0, 1, ... steps; constant after the last.
    """

    atoms: NDArray[np.intp]
    inverse: Array
    projections: Array
    sizes: NDArray[np.intp]
    rss: Array

    def coefficients(self, sizes: NDArray[np.intp], n_atoms: int) -> Array:
        """Coefficients (n, p) of the fits with the first ``sizes`` columns of each signal."""
        rows = np.arange(self.atoms.shape[1])
        taken = rows < sizes[:, None]
        projections = np.where(taken, self.projections, 0.0)
        values = (projections[:, None, :] @ self.inverse)[:, 0, :]
        x = np.zeros((len(self.atoms), n_atoms))
        which = np.nonzero(taken)
        x[which[0], self.atoms[which]] = values[which]
        return x

    @staticmethod
    def join(parts: list[OrthogonalSteps]) -> OrthogonalSteps:
        """Fits of several batches as one, padded to the largest number of steps."""
        width = max(part.atoms.shape[1] for part in parts)
        atoms, inverse, projections, rss = [], [], [], []
        for part in parts:
            extra = width - part.atoms.shape[1]
            atoms.append(np.pad(part.atoms, ((0, 0), (0, extra))))
            inverse.append(np.pad(part.inverse, ((0, 0), (0, extra), (0, extra))))
            projections.append(np.pad(part.projections, ((0, 0), (0, extra))))
            rss.append(np.pad(part.rss, ((0, 0), (0, extra)), mode="edge"))
        return OrthogonalSteps(
            np.concatenate(atoms),
            np.concatenate(inverse),
            np.concatenate(projections),
            np.concatenate([part.sizes for part in parts]),
            np.concatenate(rss),
        )


def omp_batch(design: Design, most: int, tolerance: float) -> OrthogonalSteps:
    """Every signal at once on the Gram of all columns.

    Parameters
    ----------
    design : Design
    most : int
        Steps at most.
    tolerance : float
        Norm of the residual at which a signal stops; negative for never.

    Returns
    -------
    OrthogonalSteps
    """
    gram = design.unit_gram
    together = max(1, min(TOGETHER, (1 << 22) // most**2))
    parts = []
    for first in range(0, design.n_signals, together):
        part = slice(first, first + together)
        correlation = np.ascontiguousarray(design.correlation[:, part].T)
        parts.append(_batch(gram, correlation, design.energy[part], most, tolerance))
    return OrthogonalSteps.join(parts)


def _batch(
    gram: Array, correlation: Array, energy: Array, most: int, tolerance: float
) -> OrthogonalSteps:
    n, p = correlation.shape
    atoms = np.zeros((n, most), dtype=np.intp)
    inverse = np.zeros((n, most, most))
    projections = np.zeros((n, most))
    rss = np.repeat(energy[:, None], most + 1, axis=1)
    sizes = np.zeros(n, dtype=np.intp)
    live = np.flatnonzero(energy > max(tolerance, 0.0) ** 2)
    left = correlation[live]
    # Below this a correlation is rounding of the Gram and names no column.
    noise = 1e-14 * np.sqrt(energy)
    for step in range(most):
        if not len(live):
            break
        size = np.abs(left)
        np.put_along_axis(size, atoms[live, :step], -1.0, axis=1)
        chosen = size.argmax(axis=1)
        coupling = gram[chosen[:, None], atoms[live, :step]]
        rows = inverse[live, :step, :step]
        outside = (rows @ coupling[:, :, None])[:, :, 0]
        length = 1.0 - np.einsum("ij,ij->i", outside, outside)
        inner = np.arange(len(live))
        good = (length > DEPENDENT) & (size[inner, chosen] > noise[live])
        if not good.all():
            live, left, chosen, outside = live[good], left[good], chosen[good], outside[good]
            rows, length, inner = rows[good], length[good], inner[: int(good.sum())]
            if not len(live):
                break
        pivot = np.sqrt(length)
        atoms[live, step] = chosen
        inverse[live, step, :step] = -(outside[:, None, :] @ rows)[:, 0, :] / pivot[:, None]
        inverse[live, step, step] = 1.0 / pivot
        projection = left[inner, chosen] / pivot
        projections[live, step] = projection
        sizes[live] = step + 1
        rss[live, step + 1 :] = np.maximum(rss[live, step] - projection**2, 0.0)[:, None]
        if step + 1 == most:
            break
        on = rss[live, step + 1] > tolerance**2 if tolerance >= 0.0 else np.ones(len(live), bool)
        live = live[on]
        values = (projections[live, None, : step + 1] @ inverse[live, : step + 1, : step + 1])[:, 0]
        # A sparse product reads only the rows of the Gram that are in use.
        used = csr_matrix(
            (
                values.ravel(),
                atoms[live, : step + 1].ravel(),
                np.arange(0, values.size + 1, step + 1),
            ),
            shape=(len(live), p),
        )
        left = correlation[live] - used @ gram
    return OrthogonalSteps(atoms, inverse, projections, sizes, rss)


def omp_single(design: Design, most: int, tolerance: float) -> OrthogonalSteps:
    """One signal on the columns themselves: no Gram, and residuals to full precision.

    Parameters
    ----------
    design : Design
        With one signal.
    most, tolerance
        As for `omp_batch`.

    Returns
    -------
    OrthogonalSteps
    """
    assert design.signals is not None  # noqa: S101
    residual = design.signals[:, 0].copy()
    energy = float(design.energy[0])
    basis = np.empty((design.n_rows, 0))
    atoms: list[int] = []
    inverse = np.zeros((0, 0))
    projections: list[float] = []
    rss = [energy]
    slope = design.correlation[:, 0]
    while len(atoms) < most and rss[-1] > max(tolerance, 0.0) ** 2:
        size = np.abs(slope)
        size[atoms] = -1.0
        atom = int(size.argmax())
        column = design.columns(np.array([atom]))[:, 0]
        outside = basis.T @ column
        rest = column - basis @ outside
        # Once more: Gram-Schmidt loses orthogonality the first time.
        again = basis.T @ rest
        rest -= basis @ again
        outside += again
        length = float(np.linalg.norm(rest))
        # Rounding of the residual is no signal.
        if length**2 <= DEPENDENT or size[atom] <= 1e-14 * np.sqrt(energy):
            break
        k = len(atoms)
        grown = np.zeros((k + 1, k + 1))
        grown[:k, :k] = inverse
        grown[k, :k] = -(outside @ inverse) / length
        grown[k, k] = 1.0 / length
        direction = rest / length
        projection = float(direction @ residual)
        residual -= projection * direction
        left = float(residual @ residual)
        if not left < rss[-1]:
            break
        basis, inverse = np.column_stack([basis, direction]), grown
        atoms.append(atom)
        projections.append(projection)
        rss.append(left)
        slope = design.adjoint(residual[:, None])[:, 0]
    return OrthogonalSteps(
        np.array([atoms], dtype=np.intp).reshape(1, -1),
        inverse[None],
        np.array([projections]).reshape(1, -1),
        np.array([len(atoms)]),
        np.array([rss]),
    )
