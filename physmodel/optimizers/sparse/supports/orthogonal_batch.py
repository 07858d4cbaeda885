"""Orthogonal matching pursuit of many signals at once, on the Gram of all columns.

References
----------
Rubinstein, Zibulevsky, Elad (2008), Technion CS-2008-08 (Batch-OMP).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from physmodel.optimizers.sparse.design import Design
from physmodel.optimizers.sparse.supports.orthogonal import DEPENDENT, OrthogonalSteps

Array = NDArray[np.float64]

#: Signals that step together: their correlations stay in the cache.
TOGETHER = 512


def omp_batch(design: Design, most: int, tolerance: float) -> OrthogonalSteps:
    """Every signal at once on the Gram of all columns.

    `most`: steps at most. `tolerance`: norm of the residual at which a signal stops; negative for
    never.
    """
    gram = design.unit_gram
    n = design.n_signals
    steps = OrthogonalSteps(
        np.zeros((n, most), dtype=np.intp),
        np.zeros((n, most, most)),
        np.zeros((n, most)),
        np.zeros(n, dtype=np.intp),
        np.repeat(design.energy[:, None], most + 1, axis=1),
    )
    together = max(1, min(TOGETHER, (1 << 22) // most**2))
    for first in range(0, n, together):
        rows = np.arange(first, min(first + together, n))
        rows = rows[design.energy[rows] > max(tolerance, 0.0) ** 2]
        _walk(gram, _Running.start(design, rows, most), tolerance, steps)
    return steps


@dataclass(frozen=True)
class _Running:
    """Signals that step together, last in small arrays: every operation is on long vectors."""

    rows: NDArray[np.intp]
    correlation: Array
    noise: Array
    atoms: NDArray[np.intp]
    inverse: Array
    projections: Array
    values: Array
    rss: Array

    @staticmethod
    def start(design: Design, rows: NDArray[np.intp], most: int) -> _Running:
        n = len(rows)
        energy = design.energy[rows]
        return _Running(
            rows,
            np.ascontiguousarray(design.correlation[:, rows].T),
            # Below this a correlation is rounding of the Gram and names no column.
            1e-14 * np.sqrt(energy),
            np.zeros((most, n), dtype=np.intp),
            np.zeros((most, most, n)),
            np.zeros((most, n)),
            np.zeros((most, n)),
            np.concatenate([energy[None], np.zeros((most, n))]),
        )

    def part(self, which: NDArray[np.bool_]) -> _Running:
        return _Running(
            self.rows[which],
            self.correlation[which],
            self.noise[which],
            self.atoms[:, which],
            self.inverse[:, :, which],
            self.projections[:, which],
            self.values[:, which],
            self.rss[:, which],
        )

    def store(self, steps: OrthogonalSteps, size: int) -> None:
        """Write the signals, which end with so many steps, where they belong."""
        steps.atoms[self.rows, :size] = self.atoms[:size].T
        steps.inverse[self.rows, :size, :size] = self.inverse[:size, :size].transpose(2, 0, 1)
        steps.projections[self.rows, :size] = self.projections[:size].T
        steps.sizes[self.rows] = size
        steps.rss[self.rows, : size + 1] = self.rss[: size + 1].T
        steps.rss[self.rows, size + 1 :] = self.rss[size][:, None]


def _walk(gram: Array, now: _Running, tolerance: float, steps: OrthogonalSteps) -> None:
    most = len(now.atoms)
    left = now.correlation
    # Fresh memory for every step would cost more than the arithmetic.
    sizes, lefts = np.empty_like(left), np.empty_like(left)
    for step in range(most):
        atom = np.abs(left, out=sizes[: len(left)]).argmax(axis=1)
        peak = np.take_along_axis(left, atom[:, None], axis=1)[:, 0]
        coupling = gram[atom, now.atoms[:step]]
        outside = np.einsum("ijn,jn->in", now.inverse[:step, :step], coupling)
        # Of a column that is in use already nothing is outside.
        length = 1.0 - np.einsum("in,in->n", outside, outside)
        good = (length > DEPENDENT) & (np.abs(peak) > now.noise)
        if not good.all():
            now.part(~good).store(steps, step)
            now = now.part(good)
            atom, peak, outside, length = atom[good], peak[good], outside[:, good], length[good]
        pivot = np.sqrt(length)
        projection = peak / pivot
        row = now.inverse[step]
        row[:step] = -np.einsum("in,ijn->jn", outside, now.inverse[:step, :step]) / pivot
        row[step] = 1.0 / pivot
        now.atoms[step], now.projections[step] = atom, projection
        now.values[: step + 1] += projection * row[: step + 1]
        now.rss[step + 1] = np.maximum(now.rss[step] - projection**2, 0.0)
        if step + 1 == most or not len(now.rows):
            break
        if tolerance >= 0.0:
            on = now.rss[step + 1] > tolerance**2
            now.part(~on).store(steps, step + 1)
            now = now.part(on)
        # A sparse product reads only the rows of the Gram that are in use.
        ends = np.arange(0, len(now.rows) * (step + 1) + 1, step + 1)
        entries = now.values[: step + 1].T.ravel(), now.atoms[: step + 1].T.ravel(), ends
        fitted = csr_array(entries, shape=(len(now.rows), len(gram))) @ gram
        left = np.subtract(now.correlation, fitted, out=lefts[: len(fitted)])
    now.store(steps, most)
