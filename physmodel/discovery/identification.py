"""Choose an architecture and fit it: libraries from plain to rich, nodes as fine as needed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from physmodel.discovery.challenge import challenge
from physmodel.discovery.libraries import Library
from physmodel.discovery.linearisation import search_tiles
from physmodel.discovery.preparation import Prepared
from physmodel.discovery.regression import Regression, regress
from physmodel.discovery.selection import NEGLIGIBLE
from physmodel.losses.tile import Tile
from physmodel.models.constrain import ConstrainedField
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

#: Times that the basis of a constrained library is changed for a sparser law, at most.
REBASINGS = 4

#: Up to this many samples every library is tried, each search starting from simpler answers
#: too: few data make many local minima, and cost little.
FEW_SAMPLES = 500

#: Times that the noise profile is taken from a fit and the fit repeated, at most.
REWEIGHTINGS = 2


@dataclass(frozen=True)
class Identification:
    """A fitted architecture with the numbers that judge it.

    Attributes
    ----------
    prepared : Prepared
        The data with the noise profile that was found.
    library : Library
    field : TermField or ConstrainedField
    fit : Regression
    misfit : float
        Residual noise over model-free noise, the worst equation.
    explained : float
        Share of the whitened variance explained.
    advantage : float
        Evidence in favour of the law over random motion, in total.
    """

    prepared: Prepared
    library: Library
    field: TermField | ConstrainedField
    fit: Regression
    misfit: float
    explained: float
    advantage: float

    @property
    def law(self) -> tuple[int, frozenset[tuple[int, str]]]:
        """Order, and the equation and name of every term in use."""
        names = [str(term) for term in self.library.terms.terms]
        used = np.argwhere(self.field.physical(self.fit.weights()) != 0.0)
        return self.library.order, frozenset((int(equation), names[k]) for equation, k in used)

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
    few = prepared.n_samples <= FEW_SAMPLES
    for library in sorted(libraries, key=lambda item: item.order):
        settled = [item for item in tried if item.adequate]
        if settled and (not few or settled[0].library.order != library.order):
            break
        found, refinement = _fit(prepared, library, refinement, tried if few else ())
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
    prepared: Prepared, library: Library, refinement: int, simpler: Sequence[Identification]
) -> tuple[Identification, int]:
    field = library.field(prepared.coordinates)
    starts = [None, *_starts(field, simpler)]
    while True:
        tiles = prepared.tiles(library.order, refinement)
        loose = prepared.looseness(library.order)
        fit = _searched(tiles, field, prepared.noise, loose, starts)
        if refinement >= REFINE_MOST or not _needs_nodes(prepared, fit):
            break
        refinement *= 2
    for _ in range(REWEIGHTINGS):
        again = _reweighted(prepared, fit, tiles)
        if again.profile is prepared.profile:
            break
        shaped = _shaped(again, fit, tiles)
        other = _searched(shaped, field, again.noise, loose, starts)
        if not other.evidence < fit.evidence - MARGIN:
            break
        prepared, tiles, fit = again, shaped, other
    for _ in range(REBASINGS):
        changed = field.favouring(fit.weights(), fit.covariance_root())
        if changed is None:
            break
        other = _searched(tiles, changed, prepared.noise, loose, [None])
        if not other.evidence < fit.evidence:
            break
        field, fit = changed, other
    judged = _judged(prepared, library, field, fit)
    if judged.lawful:
        fit = challenge(fit, tiles, field.n_choices, loose)
        last = _judged(prepared, library, field, fit)
        # Without slack rows are whitened otherwise: the same law holds to no more digits for that.
        least = min(judged.explained, last.explained) if last.law == judged.law else last.explained
        judged = replace(last, explained=least)
    return judged, refinement


def _searched(
    tiles: Sequence[Tile],
    field: TermField | ConstrainedField,
    noise: Array,
    looseness: float,
    starts: Sequence[Array | None],
) -> Regression:
    """The best of the searches from several starts."""
    fits = [regress(tiles, field, noise, field.n_choices, looseness, start) for start in starts]
    return min(fits, key=lambda item: item.evidence)


def _reweighted(prepared: Prepared, fit: Regression, tiles: Sequence[Tile]) -> Prepared:
    """The data with the noise profile that the residuals of a fit show, if that is another one."""
    if fit.noise_free:
        return prepared
    used = search_tiles(tiles)
    seen = [tile.observed for tile in used]
    to_physical = prepared.coordinates.to_physical
    measured = [to_physical(tile.measured[o]) for tile, o in zip(used, seen, strict=True)]
    values = [to_physical(states[o]) for states, o in zip(fit.latent, seen, strict=True)]
    model = np.concatenate(values)
    found = prepared.profile.refitted(np.concatenate(measured) - model, model)
    same = np.array_equal(found.share, prepared.profile.share)
    return prepared if same else prepared.with_profile(found)


def _shaped(prepared: Prepared, fit: Regression, tiles: Sequence[Tile]) -> list[Tile]:
    """Tiles whose noise follows the profile, along the trajectories of a fit where there are."""
    whole = len(fit.latent) == len(tiles)
    where = fit.latent if whole else [tile.measured for tile in tiles]
    return [
        replace(tile, spread=prepared.spread(states))
        for tile, states in zip(tiles, where, strict=True)
    ]


def _judged(
    prepared: Prepared,
    library: Library,
    field: TermField | ConstrainedField,
    fit: Regression,
) -> Identification:
    level = fit.noise * np.sqrt(fit.variance)
    # Where the quadrature error is the larger part, the residual says nothing about the terms.
    misfit = np.where(level > fit.quadrature, level / prepared.noise, 1.0)
    explained = 1.0 - fit.solution.rss / max(fit.factor.total, np.finfo(float).tiny)
    advantage = (prepared.null_evidence - fit.evidence_per_datum()) * fit.n_data
    return Identification(prepared, library, field, fit, float(misfit.max()), explained, advantage)


def _starts(field: TermField | ConstrainedField, simpler: Sequence[Identification]) -> list[Array]:
    """Coefficients of simpler fits of the same order, written in a richer library."""
    terms = field.library.terms
    starts = []
    for other in simpler:
        known = other.library.terms.terms
        if other.library.order == field.order and set(known) < set(terms):
            table = np.zeros((field.n_states, len(terms)))
            place = [terms.index(term) for term in known]
            spread = other.field.spread(other.fit.weights())
            table[:, place] = spread.reshape(field.n_states, -1)
            starts.append(field.gathered(table.ravel()))
    return starts


def _needs_nodes(prepared: Prepared, fit: Regression) -> bool:
    """Whether noisy samples are too far apart for the interpolation rules."""
    coarse = (fit.quadrature > COARSE * fit.noise) & (fit.noise > REFINE_NOISE)
    return prepared.n_samples <= REFINE_SAMPLES and bool(coarse.any())
