"""Laws from several libraries side by side: which are the same, and how probable each is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtri

from physmodel.constants import ENGINE
from physmodel.discovery.law import Law
from physmodel.discovery.linearisation import Setting
from physmodel.discovery.ranking import dominated, only_noise
from physmodel.errors import ProblemError
from physmodel.losses.weak_form.preparation import Prepared
from physmodel.models.constrain import ConstrainedField
from physmodel.models.fields.term_field import TermField
from physmodel.models.libraries.library import Library
from physmodel.models.libraries.shaped_terms import Shaped
from physmodel.models.terms import shift_closed
from physmodel.problem.algebra.expression import Expression

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Candidate:
    """A settled law with the library that it is written in.

    Attributes
    ----------
    prepared : Prepared
    library : Library
    setting : Setting
        The data and the vector field whose coefficients `law.weights` are.
    law : Law
    delta : float
        Merit above that of the best candidate.
    probability : float
        Among the candidates.
    shaped : tuple of Shaped
        Terms with numbers inside.
    """

    prepared: Prepared
    library: Library
    setting: Setting
    law: Law
    delta: float = 0.0
    probability: float = 1.0
    shaped: tuple[Shaped, ...] = ()

    @property
    def field(self) -> TermField | ConstrainedField:
        """The library as a vector field that is linear in what is free."""
        field = self.setting.field
        assert isinstance(field, TermField | ConstrainedField)  # noqa: S101
        return field

    @property
    def used_terms(self) -> list[Expression]:
        """Terms that some equation uses."""
        used = (self.field.physical(self.law.weights) != 0.0).any(axis=0)
        return [self.library.terms.terms[k] for k in np.flatnonzero(used)]

    @cached_property
    def terms(self) -> frozenset[tuple[int, str]]:
        """Equation and name of every term in use."""
        used = self.field.physical(self.law.weights) != 0.0
        p = len(self.library.terms)
        for one in self.shaped:
            used[one.equation, [column % p for column in one.columns]] = False
        names = {(one.equation, one.name(self.law.weights)) for one in self.shaped}
        return self._named(used) | names

    @property
    def plain_field(self) -> TermField:
        """The field, if every term has a coefficient of its own.

        Raises
        ------
        ProblemError
            If symmetries or laws tie coefficients together.
        """
        if isinstance(self.field, TermField):
            return self.field
        raise ProblemError(
            "experiments are planned for laws with free coefficients only",
            why="symmetries or laws of the problem tie coefficients together",
            fix="discover without them, and ask that result for the next experiment",
        )

    @property
    def advantage(self) -> float:
        """Evidence in favour of the law over random motion, in total."""
        return float(self.prepared.null_evidence * self.law.n_data - self.law.evidence())

    @property
    def left(self) -> float:
        """Motion in one characteristic time that is neither the law nor noise, over the spread."""
        return float(np.sqrt(np.mean(self.law.unexplained**2)))

    @property
    def lawful(self) -> bool:
        """Whether the data are evidence of any law at all.

        A law explains most of the rates of change, and the data better than random motion does.
        Random motion with smooth steps follows densely sampled data as closely as one likes, so
        a law that leaves little of the rates of change, and little noise, is a law as well.
        """
        if not self.law.key:
            return False
        little = self.law.share_left < ENGINE.little_left and bool(
            np.all(self.law.noise < ENGINE.little_left)
        )
        if little and self.law.merit(noisy=False) < -ENGINE.margin:
            return True
        return self.advantage > ENGINE.margin and (
            self.exact or self.law.share_left < ENGINE.most_left
        )

    @cached_property
    def sizes(self) -> Array:
        """Root mean square ``(d, K)`` of each column in each equation, over that of its rates."""
        field, count = self.field, 0
        norms = np.zeros(1)
        for tile, states in zip(self.setting.tiles, self.law.latent, strict=True):
            integrals = tile.weak.right @ field.features(tile.points(states))
            # Powers of huge numbers are floats, their squares are not.
            largest = np.maximum(np.abs(integrals).max(axis=0), np.finfo(float).tiny)
            own = largest * np.linalg.norm(integrals / largest, axis=0)
            norms, count = np.hypot(norms, own), count + len(integrals)
        sizes = np.zeros((self.law.n_states, field.n_coefficients))
        for row, features in zip(sizes, field.placement, strict=True):
            used = np.flatnonzero(features >= 0)
            row[used] = norms[features[used]] / np.sqrt(count)
        return sizes / np.maximum(self.law.rates, np.finfo(float).tiny)[:, None]

    def covers(self, other: Candidate) -> bool:
        """Whether another law only adds slight terms, and gains no more by them than chance does.

        The best of many terms that are not in the law gains something; a gain is more than
        chance when it has a p-value of five per cent after Bonferroni's correction.
        """
        extra = len(other.law.key) - len(self.law.key)
        if extra < 1 or not self.law.complete:
            return extra >= 1  # what terms are worth is in the merit already
        gain = other.law.criterion.penalty * extra - other.delta
        if gain >= float(chdtri(extra, ENGINE.chance_probability / len(other.library.terms))):
            return False
        errors = np.sqrt(np.sum(other.law.covariance_root**2, axis=1))
        shares = (np.abs(other.law.weights) + ENGINE.bound_deviations * errors) * other.sizes
        added = [k for k in other.law.key if not other.names(k) <= self.terms]
        return bool(np.all(shares[:, added] < ENGINE.slight_share))

    def shift_closed(self, equation: int) -> bool:
        """Whether a shift of the variables leaves the terms of an equation among themselves."""
        names = {name for own, name in self.terms if own == equation}
        return shift_closed([term for term in self.used_terms if str(term) in names])

    @cached_property
    def keeps_form(self) -> bool:
        """Whether no equation depends on where zero is."""
        return all(self.shift_closed(equation) for equation, _ in self.terms)

    @property
    def far(self) -> bool:
        """Whether some state is far from zero on average."""
        means = np.mean(np.concatenate(self.law.latent), axis=0)
        return bool(np.any(np.abs(means) > ENGINE.far_from_zero))

    def names(self, column: int) -> frozenset[tuple[int, str]]:
        """Equation and name of every term that a coefficient brings in."""
        touched = self.field.touched(np.array([column])).reshape(self.law.n_states, -1)
        return self._named(touched)

    def _named(self, used: NDArray[np.bool_]) -> frozenset[tuple[int, str]]:
        terms = self.library.terms.terms
        return frozenset((int(e), str(terms[k])) for e, k in np.argwhere(used))

    @property
    def exact(self) -> bool:
        """Whether what the law leaves is noise, or of the size of the errors of the computation."""
        return self.law.complete or self.law.exact


def weighed(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Candidates near the best, with probabilities.

    Returns
    -------
    list of Candidate
        The winner, then the others by merit, up to `rival_range`. A law that several libraries
        hold is listed once, from the richest: there it has the most rivals.
    """
    distinct: dict[frozenset[tuple[int, str]], Candidate] = {}
    for item in sorted(candidates, key=lambda item: len(item.library.terms)):
        known = distinct.get(item.terms, item)
        least = min(known.library.handicap, item.library.handicap)
        distinct[item.terms] = replace(item, library=replace(item.library, handicap=least))
    options = list(distinct.values())
    if not only_noise([item.law for item in options]):
        behind = dominated([item.law for item in options])
        options = [item for item in options if id(item.law) not in behind]
    merits = _merits(options)
    return against(options[int(np.argmin(merits))], options)


def against(winner: Candidate, candidates: Sequence[Candidate]) -> list[Candidate]:
    """A winner and the others near it, with probabilities.

    Parameters
    ----------
    winner : Candidate
    candidates : sequence of Candidate
        With the winner among them, or without.

    Returns
    -------
    list of Candidate
        The winner, then the others by merit, up to `rival_range`. One that is better than the
        winner, in a form that was not searched for, counts as equal to it.
    """
    others = [item for item in candidates if item is not winner]
    merits = _merits([winner, *others])
    if winner.far and winner.keeps_form:
        # The principle of marginality (Nelder 1977): T^2 comes with T and 1 if zero is arbitrary.
        merits += [0.0 if item.keeps_form else ENGINE.shift_handicap for item in [winner, *others]]
    deltas = np.maximum(merits - merits[0], 0.0)
    near = [k for k in np.argsort(deltas, kind="stable") if deltas[k] <= ENGINE.rival_range]
    near.sort(key=lambda k: k != 0)
    odds = np.exp(-deltas[near] / 2.0)
    pool = [winner, *others]
    return [
        replace(pool[k], delta=float(deltas[k]), probability=float(share))
        for k, share in zip(near, odds / odds.sum(), strict=True)
    ]


def _merits(candidates: Sequence[Candidate]) -> Array:
    """Merits at one price of a term."""
    price = max(item.law.criterion.penalty for item in candidates)
    laws = [item.law for item in candidates]
    noisy = only_noise(laws)
    own = [item.law.merit(noisy, price) + item.library.handicap for item in candidates]
    return np.array(own)
