"""Choose an architecture and fit it: libraries from plain to rich, nodes as fine as needed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from physmodel.constants import ENGINE
from physmodel.discovery.candidates import Candidate, weighed
from physmodel.discovery.forms import open_equations, with_forms
from physmodel.discovery.law import Law
from physmodel.discovery.linearisation import Setting
from physmodel.discovery.search import Search
from physmodel.losses.weak_form.preparation import Prepared
from physmodel.losses.weak_form.screening import screened
from physmodel.losses.weak_form.tile import Tile
from physmodel.models.constrain import ConstrainedField
from physmodel.models.fields.term_field import TermField
from physmodel.models.libraries.library import Library
from physmodel.models.libraries.shaped_terms import Term
from physmodel.progress import stage

Array = NDArray[np.float64]
Field = TermField | ConstrainedField


@dataclass(frozen=True)
class Identification:
    """The law that was chosen, with everything that it was compared with.

    Attributes
    ----------
    candidates : list of Candidate
        The winner, then its rivals by merit, from all libraries of its order.
    others : list of Candidate
        The best of each library of each order.
    """

    candidates: list[Candidate]
    others: Sequence[Candidate] = ()

    @property
    def best(self) -> Candidate:
        """The winner."""
        return self.candidates[0]

    @property
    def law(self) -> Law:
        """The winner on its own trajectory."""
        return self.best.law

    @property
    def prepared(self) -> Prepared:
        """The data with the noise profile that was found."""
        return self.best.prepared

    @property
    def library(self) -> Library:
        """The library that the winner comes from."""
        return self.best.library


@dataclass(frozen=True)
class _Trial:
    """One library after its search, and the first search, before noise and basis changed."""

    prepared: Prepared
    library: Library
    field: Field
    search: Search
    first: Search
    refinement: int

    @property
    def candidates(self) -> list[Candidate]:
        """All settled laws of the table."""
        return [
            Candidate(self.prepared, self.library, self.search.setting, law)
            for law in self.search.laws.values()
        ]

    @property
    def best(self) -> Candidate:
        return Candidate(self.prepared, self.library, self.search.setting, self.search.best())

    @property
    def decided(self) -> bool:
        """Whether a law leaves nothing but noise: poorer libraries cannot better it."""
        return self.best.lawful and self.best.exact


def identify(
    prepared: Prepared,
    libraries: Sequence[Library],
    forms: Mapping[int, Sequence[Term]] | None = None,
) -> Identification:
    """Fit libraries, from plain to rich, until one explains the data.

    `forms`: terms with numbers inside, by order in time, for where no library is enough.
    """
    refinement = 1
    answers: list[Identification] = []
    others: list[Candidate] = []
    for order in sorted({library.order for library in libraries}):
        trials: list[_Trial] = []
        for library in (item for item in libraries if item.order == order):
            if library.last and not all(open_equations(trial.best).any() for trial in trials):
                continue
            many = len(prepared.noise) > ENGINE.rich_states
            if many and not _worth_trying(library, libraries, trials):
                continue
            done = sum(item.order < order for item in libraries) + len(trials)
            stage(f"{library.label} ({done + 1} of {len(libraries)})", done / len(libraries))
            trial = _fit(prepared, library, refinement, trials)
            trials.append(trial)
            refinement = trial.refinement
        ranked = weighed([item for trial in trials for item in trial.candidates])
        ranked = with_forms(ranked, (forms or {}).get(order, ()))
        answers.append(Identification(ranked))
        others += [trial.best for trial in trials]
        if ranked[0].lawful and (ranked[0].exact or ranked[0].left < ENGINE.first_order_enough):
            break
    # Densities of different orders do not compare; what the laws leave unexplained does.
    lawful = [answer for answer in answers if answer.best.lawful] or answers
    exact = [answer for answer in lawful if answer.best.exact]
    enough = [answer for answer in lawful if answer.best.left < ENGINE.first_order_adequate]
    # The first order that suffices, before one that happens to leave less.
    best = (exact or enough or [min(lawful, key=lambda item: item.law.merit(noisy=False))])[0]
    return Identification(best.candidates, others)


def _worth_trying(library: Library, libraries: Sequence[Library], trials: Sequence[_Trial]) -> bool:
    """Whether a library may hold a better law than one that leaves nothing but noise.

    A search in many terms may miss a law of few: if no poorer library holds the law that is known,
    the next poorer one is tried as well.
    """
    if not any(trial.decided for trial in trials):
        return True
    terms, used = set(trials[0].library.terms.terms), set(trials[0].best.used_terms)
    poorer = [o for o in libraries if o.order == library.order and set(o.terms.terms) < terms]
    held = any(used <= set(other.terms.terms) for other in poorer)
    return len(trials) == 1 and library in poorer and not held


def _fit(
    prepared: Prepared, library: Library, refinement: int, simpler: Sequence[_Trial]
) -> _Trial:
    if library.n_free(len(prepared.noise)) > ENGINE.max_coefficients:
        library = screened(library, prepared)
    field: Field = library.field(prepared.coordinates)
    start = _start(field, simpler)
    starts = [None] if start is None else [None, start]
    while True:
        known = [trial.first for trial in simpler if trial.refinement == refinement]
        tiles = known[0].setting.tiles if known else prepared.tiles(library.order, refinement)
        first = search = _searched(tiles, field, prepared, library.order, starts, known)
        if refinement >= ENGINE.refine_most or not _needs_nodes(prepared, search.best()):
            break
        refinement *= 2
    for _ in range(ENGINE.reweightings):
        again = _reweighted(prepared, search.best(), tiles)
        if again.profile is prepared.profile:
            break
        shaped = _shaped(again, search.best(), tiles)
        other = _searched(shaped, field, again, library.order, starts)
        if not other.best().evidence() < search.best().evidence() - ENGINE.margin:
            break
        prepared, tiles, search = again, shaped, other
    for _ in range(ENGINE.rebasings):
        law = search.best()
        changed = field.favouring(law.weights, law.covariance_root)
        if changed is None:
            break
        other = _searched(tiles, changed, prepared, library.order, [None])
        if not other.best().evidence() < law.evidence():
            break
        field, search = changed, other
    trial = _Trial(prepared, library, field, search, first, refinement)
    if trial.best.lawful:
        search.improve()
    return trial


def _searched(
    tiles: Sequence[Tile],
    field: Field,
    prepared: Prepared,
    order: int,
    starts: Sequence[Array | None],
    elsewhere: Sequence[Search] = (),
) -> Search:
    """A table of laws from several starts."""
    setting = Setting(tiles, field, field.n_choices, prepared.looseness(order), prepared.noise)
    search = Search(setting, elsewhere)
    for start in starts:
        search.anneal(start)
    return search


def _reweighted(prepared: Prepared, law: Law, tiles: Sequence[Tile]) -> Prepared:
    """The data with the noise profile that the residuals of a law show, if that is another one."""
    if law.noise_free or law.crude:
        return prepared
    seen = [tile.observed for tile in tiles]
    to_physical = prepared.coordinates.to_physical
    measured = [to_physical(tile.measured[o]) for tile, o in zip(tiles, seen, strict=True)]
    values = [to_physical(states[o]) for states, o in zip(law.latent, seen, strict=True)]
    model = np.concatenate(values)
    profile = prepared.profile.refitted(np.concatenate(measured) - model, model)
    same = np.array_equal(profile.share, prepared.profile.share)
    return prepared if same else prepared.with_profile(profile)


def _shaped(prepared: Prepared, law: Law, tiles: Sequence[Tile]) -> list[Tile]:
    """Tiles whose noise follows the profile, along the trajectory of a law."""
    return [
        replace(tile, spread=prepared.spread(states))
        for tile, states in zip(tiles, law.latent, strict=True)
    ]


def _start(field: Field, simpler: Sequence[_Trial]) -> Array | None:
    """Coefficients of the best law of poorer libraries, written in a richer one."""
    terms = field.library.terms
    poorer = [trial for trial in simpler if set(trial.library.terms.terms) < set(terms)]
    if not poorer:
        return None
    best = min(poorer, key=lambda trial: trial.best.law.merit(noisy=False))
    table = np.zeros((field.n_states, len(terms)))
    place = [terms.index(term) for term in best.library.terms.terms]
    spread = best.field.spread(best.best.law.weights)
    table[:, place] = spread.reshape(field.n_states, -1)
    return field.gathered(table.ravel())


def _needs_nodes(prepared: Prepared, law: Law) -> bool:
    """Whether noisy samples are too far apart for the interpolation rules."""
    # What the law takes for noise may be the error of the rules.
    rough = (prepared.noise > ENGINE.refine_noise) | prepared.kinks
    coarse = (law.quadrature > ENGINE.coarse_quadrature * prepared.noise) & rough
    return prepared.n_samples <= ENGINE.refine_samples and bool(coarse.any())
