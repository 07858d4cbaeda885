"""Fewer terms for each equation, where a library is too large to be fitted to all states at once.

Each equation is first regressed alone on all terms at the measured states. What comes up there is
kept, with the terms that would join it next; the law is then searched for among those. The price
of a term stays that of the whole library (Fan and Lv 2008, J. R. Stat. Soc. B 70, 849: sure
independence screening, section 3.1 on iterations).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cholesky_banded, qr

from physmodel.constants import ENGINE
from physmodel.losses.weak_form.banded import triangular_solve
from physmodel.losses.weak_form.preparation import Prepared
from physmodel.losses.weak_form.tile import Tile
from physmodel.models.fields.linear_field import LinearField
from physmodel.models.libraries.library import Library
from physmodel.optimizers.subset.selection import InformationCriterion, select
from physmodel.optimizers.subset.tableau import Tableau
from physmodel.optimizers.subset.triangular import TriangularFactor

Array = NDArray[np.float64]


def screened(library: Library, prepared: Prepared) -> Library:
    """A library with a few terms in each equation.

    Parameters
    ----------
    library : Library
        In which every equation may hold every term.
    prepared : Prepared
    """
    tiles, p, d = prepared.tiles(library.order), len(library.terms), len(prepared.noise)
    field = library.field(prepared.coordinates)
    rows = np.vstack([_rows(tile, field) for tile in tiles])
    triangle = qr(rows, mode="r", check_finite=False)[0][: p + d]
    scale = np.maximum(np.linalg.norm(triangle[:, :p], axis=0), np.finfo(float).tiny)
    count = sum(int(tile.observed.sum()) for tile in tiles)
    allowed = np.zeros((d, p), dtype=bool)
    for equation, target in enumerate(triangle[:, p:].T / prepared.noise[:, None]):
        left = float(np.sum(target[p:] ** 2))
        factor = TriangularFactor(triangle[:p, :p] / scale, target[:p], left, scale, len(rows))
        criterion = InformationCriterion.of(len(rows), count, p, factor.total)
        allowed[equation, [*_kept(factor, criterion)]] = True
    free = np.flatnonzero(allowed)
    basis = np.zeros((d * p, len(free)))
    basis[free, np.arange(len(free))] = 1.0
    return replace(library, basis=basis, allowed=allowed)


def _rows(tile: Tile, field: LinearField) -> Array:
    """Features and rates ``(r, p + d)`` of the weak form, white for noise in the rates alone."""
    order = tile.weak.order
    integrals = tile.weak.right @ field.features(tile.points(tile.measured))
    table = np.hstack([integrals, tile.weak.left @ tile.measured])
    gram = tile.weak.left @ tile.weak.left.T
    bands = np.zeros((order + 1, len(table)))
    for k in range(order + 1):
        bands[k, : len(table) - k] = gram.diagonal(k)
    return triangular_solve(cholesky_banded(bands, lower=True), table)


def _kept(factor: TriangularFactor, criterion: InformationCriterion) -> Iterator[int]:
    """The best support of one equation, then the terms that would lower its residual most."""
    tableau = Tableau(factor)
    best = select(factor, [criterion])[0].support
    for column in best[: ENGINE.screened_terms]:
        tableau.toggle(int(column))
        yield int(column)
    everything = np.ones(factor.n_columns, dtype=bool)
    for _ in range(ENGINE.screened_terms - len(best)):
        # One more term is always worth more than an exchange: residuals count less than terms.
        _, columns = tableau.best_move(lambda rss, k: rss / factor.total - k, everything)
        for column in columns:
            tableau.toggle(column)
            yield column
