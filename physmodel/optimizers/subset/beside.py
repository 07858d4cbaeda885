"""Which few columns stand best beside each of many others: forward selection, all at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from physmodel.optimizers.subset.exchange import COLLINEAR

Array = NDArray[np.float64]

#: Columns that are worked on at a time: the memory is their number times the square of the base.
BLOCK = 4096


@dataclass(frozen=True)
class Beside:
    """Forward selections, one for each of several columns that are always in.

    `rss` ``(C, k + 1)``: residual sums of squares with that many columns of the base, infinite
    where there are no more. `picks` ``(C, k)``: which one came when.
    """

    rss: Array
    picks: NDArray[np.intp]


def stand_beside(groups: Array, always: Array, base: Array, target: Array, most: int) -> Beside:
    """Select columns of a base beside each of many groups of columns (orthogonal least squares).

    `groups` ``(n, C, g)``; columns of zeros stand for none. `always` ``(n, f)``: in every
    selection. `base` ``(n, p)``. `target` ``(n,)``. `most`: columns of the base at most.

    References
    ----------
    Chen, Billings, Luo (1989), Int. J. Control 50, 1873, section 3.2.
    """
    basis = np.linalg.qr(_unit(always))[0]
    target = target - basis @ (basis.T @ target)
    base = _unit(base)
    rest = np.column_stack([base - basis @ (basis.T @ base), target])
    blocks = []
    for first in range(0, groups.shape[1], BLOCK):
        some = _orthonormal(groups[:, first : first + BLOCK], basis)
        blocks.append(_selected(some, rest, min(most, base.shape[1])))
    return Beside(*(np.concatenate(part) for part in zip(*blocks, strict=True)))


def _orthonormal(groups: Array, basis: Array) -> Array:
    """An orthonormal basis of each group, beside a common one (Gram and Schmidt, twice)."""
    done: list[Array] = []
    for k in range(groups.shape[2]):
        column = _unit(groups[:, :, k])
        for _ in range(2):
            column = column - basis @ (basis.T @ column)
            for other in done:
                column = column - other * np.einsum("nc,nc->c", other, column)
        done.append(_unit(column))
    return np.stack(done, axis=2)


def _selected(some: Array, rest: Array, most: int) -> tuple[Array, NDArray[np.intp]]:
    """`rest` ``(n, p + 1)``: the base and the target."""
    count, p = some.shape[1], rest.shape[1] - 1
    beside = np.einsum("ncg,np->cgp", some, rest, optimize=True)
    table = rest.T @ rest - np.einsum("cgp,cgq->cpq", beside, beside, optimize=True)
    table_size = rest[:, p] @ rest[:, p]
    rss = np.full((count, most + 1), np.inf)
    picks = np.full((count, most), -1, dtype=np.intp)
    rss[:, 0] = table[:, p, p]
    every = np.arange(count)
    diagonal = np.arange(p)
    taken = np.zeros((count, p), dtype=bool)
    for k in range(most):
        size = table[:, diagonal, diagonal]
        free = (size > COLLINEAR) & ~taken
        gain = np.where(free, table[:, :p, p] ** 2 / np.where(free, size, 1.0), -1.0)
        pick = gain.argmax(axis=1)
        some_free = gain[every, pick] >= 0.0
        if not some_free.any():
            break
        row = table[every, pick] / np.sqrt(np.where(some_free, size[every, pick], np.inf))[:, None]
        table = table - row[:, :, None] * row[:, None, :]
        taken[every, pick] = True
        picks[some_free, k] = pick[some_free]
        rss[some_free, k + 1] = table[some_free, p, p]
    return np.maximum(rss, np.finfo(float).eps * table_size), picks


def _unit(columns: Array) -> Array:
    """Columns of unit norm; what is next to nothing becomes nothing."""
    largest = np.abs(columns).max(axis=0)
    small = largest <= COLLINEAR
    scaled = np.where(small, 0.0, columns / np.where(small, 1.0, largest))  # squares may overflow
    return scaled / np.maximum(np.linalg.norm(scaled, axis=0), 1.0)
