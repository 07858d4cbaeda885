"""The steps of orthogonal matching pursuit, and how one signal takes them on the columns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_array

from physmodel.optimizers.sparse.design import Design

Array = NDArray[np.float64]

#: A unit column whose squared length outside the chosen ones is less cannot be told from them.
DEPENDENT = 1e-12


@dataclass(frozen=True)
class OrthogonalSteps:
    """Nested least-squares fits of every signal.

    `atoms` ``(n, s)``: columns in the order in which they were chosen. `inverse` ``(n, s, s)``:
    inverse of the lower Cholesky factor of their Gram. `projections` ``(n, s)``: inner products of
    the signal with the orthonormalised columns. `sizes` ``(n,)``: steps that were taken. `rss`
    ``(n, s + 1)``: residual sum of squares after 0, 1, ... steps; constant after the last.
    """

    atoms: NDArray[np.intp]
    inverse: Array
    projections: Array
    sizes: NDArray[np.intp]
    rss: Array

    def coefficients(self, sizes: NDArray[np.intp], n_atoms: int) -> csc_array:
        """Coefficients (p, n) of the fits with the first ``sizes`` columns of each signal."""
        taken = np.arange(self.atoms.shape[1]) < sizes[:, None]
        projections = np.where(taken, self.projections, 0.0)
        values = np.einsum("ij,ijk->ik", projections, self.inverse)
        ends = np.concatenate([[0], np.cumsum(sizes)])
        return csc_array((values[taken], self.atoms[taken], ends), shape=(n_atoms, len(sizes)))

    @staticmethod
    def join(parts: list[OrthogonalSteps]) -> OrthogonalSteps:
        """Fits of several batches as one, padded to the largest number of steps."""
        if len(parts) == 1:
            return parts[0]
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


def omp_single(design: Design, most: int, tolerance: float) -> OrthogonalSteps:
    """One signal on the columns themselves: no Gram, and residuals to full precision.

    `design`: with one signal. `most`, `tolerance`: as for `orthogonal_batch.omp_batch`.
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
