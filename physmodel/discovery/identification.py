"""Choose an architecture and fit it: libraries from plain to rich, nodes as fine as needed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from physmodel.discovery.challenge import challenge
from physmodel.discovery.libraries import Library
from physmodel.discovery.null import null_evidence
from physmodel.discovery.preparation import Prepared
from physmodel.discovery.regression import Regression, regress
from physmodel.discovery.selection import NEGLIGIBLE
from physmodel.models.term_field import TermField

Array = NDArray[np.float64]

#: A model explains the data when its residual noise is at most this many times the noise that
#: the data show without any model; with few samples that noise is uncertain itself.
MISFIT = 2.0

#: A law beats random motion when its evidence is better by this much in total.
MARGIN = 10.0

#: Quadrature error, in units of the noise, above which nodes are put between the samples.
COARSE = 0.01

#: Noise relative to the spread below which free nodes would be decided by rounding; samples
#: beyond which refining costs more than it gives; nodes per sampling interval at most.
REFINE_NOISE, REFINE_SAMPLES, REFINE_MOST = 1e-3, 2000, 8

#: Up to this many samples every library is tried, each search starting from simpler answers
#: too: few data make many local minima, and cost little.
FEW_SAMPLES = 500


@dataclass(frozen=True)
class Identification:
    """A fitted architecture with the numbers that judge it.

    Attributes
    ----------
    library : Library
    field : TermField
    fit : Regression
    misfit : float
        Residual noise over model-free noise, the worst equation.
    explained : float
        Share of the whitened variance explained.
    advantage : float
        Evidence in favour of the law over random motion, in total.
    """

    library: Library
    field: TermField
    fit: Regression
    misfit: float
    explained: float
    advantage: float

    @property
    def law(self) -> tuple[int, frozenset[tuple[int, str]]]:
        """Order, and the equation and name of every term in use."""
        names = [str(term) for term in self.library.terms.terms]
        used = (divmod(int(column), len(names)) for column in self.fit.solution.support)
        return self.library.order, frozenset((equation, names[term]) for equation, term in used)

    @property
    def lawful(self) -> bool:
        """Whether the data are evidence of any law at all."""
        return len(self.fit.solution.support) > 0 and self.advantage > MARGIN

    @property
    def adequate(self) -> bool:
        """Whether the model explains the data to within their noise."""
        samples = self.fit.n_data / self.field.n_states
        allowed = MISFIT * (1.0 + 2.0 / np.sqrt(samples))
        fits = self.misfit <= allowed or 1.0 - self.explained <= NEGLIGIBLE
        return self.lawful and fits


def identify(prepared: Prepared, libraries: Sequence[Library]) -> Identification:
    """Fit libraries until one explains the data; with few data, fit all and compare.

    Parameters
    ----------
    prepared : Prepared
    libraries : sequence of Library
        From plain to rich.

    Returns
    -------
    Identification
        The best that explains the data, or the least bad one.
    """
    tried: list[Identification] = []
    refinement = 1
    null = null_evidence(prepared.pieces)
    few = prepared.n_samples <= FEW_SAMPLES
    for library in sorted(libraries, key=lambda item: item.order):
        settled = [item for item in tried if item.adequate]
        if settled and (not few or settled[0].library.order != library.order):
            break
        found, refinement = _fit(prepared, library, refinement, null, tried if few else ())
        tried.append(found)
    adequate = [item for item in tried if item.adequate]
    # Evidence compares fits of one order only: their residuals live in different spaces.
    left = adequate or tried
    price = max(item.fit.criterion.penalty for item in left)
    best = min(left, key=lambda item: (item.fit.evidence_per_datum(price), item.misfit))
    # The same law from a richer library has more rivals: that is the honest one to report.
    same = [item for item in left if item.law == best.law]
    return max(same, key=lambda item: len(item.library.terms))


def _fit(
    prepared: Prepared,
    library: Library,
    refinement: int,
    null: float,
    simpler: Sequence[Identification],
) -> tuple[Identification, int]:
    field = TermField(library.terms, prepared.coordinates, library.order)
    while True:
        tiles = prepared.tiles(library.order, refinement)
        loose = prepared.looseness(library.order)
        fit = regress(tiles, field, prepared.noise, len(library.terms), loose)
        for start in _starts(field, simpler):
            other = regress(tiles, field, prepared.noise, len(library.terms), loose, start)
            fit = min(fit, other, key=lambda item: item.evidence)
        if refinement >= REFINE_MOST or not _needs_nodes(prepared, fit):
            break
        refinement *= 2
    judged = _judged(prepared, library, field, fit, null)
    if judged.lawful:
        fit = challenge(fit, tiles, len(library.terms), loose)
        judged = _judged(prepared, library, field, fit, null)
    return judged, refinement


def _judged(
    prepared: Prepared, library: Library, field: TermField, fit: Regression, null: float
) -> Identification:
    level = fit.noise * np.sqrt(fit.variance)
    # Where the quadrature error is the larger part, the residual says nothing about the terms.
    misfit = np.where(level > fit.quadrature, level / prepared.noise, 1.0)
    explained = 1.0 - fit.solution.rss / max(fit.factor.total, np.finfo(float).tiny)
    advantage = (null - fit.evidence_per_datum()) * fit.n_data
    return Identification(library, field, fit, float(misfit.max()), explained, advantage)


def _starts(field: TermField, simpler: Sequence[Identification]) -> list[Array]:
    """Coefficients of simpler fits of the same order, written in a richer library."""
    terms = field.library.terms
    starts = []
    for other in simpler:
        known = other.library.terms.terms
        if other.library.order == field.order and set(known) < set(terms):
            table = np.zeros((field.n_states, len(terms)))
            place = [terms.index(term) for term in known]
            table[:, place] = other.fit.weights().reshape(field.n_states, -1)
            starts.append(table.ravel())
    return starts


def _needs_nodes(prepared: Prepared, fit: Regression) -> bool:
    """Whether noisy samples are too far apart for the interpolation rules."""
    coarse = (fit.quadrature > COARSE * fit.noise) & (fit.noise > REFINE_NOISE)
    return prepared.n_samples <= REFINE_SAMPLES and bool(coarse.any())
