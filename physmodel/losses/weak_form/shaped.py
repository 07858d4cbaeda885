"""Regressions of one equation on monomials and terms with numbers inside, along one trajectory.

The weights are linear and eliminated (variable projection, Golub and Pereyra 1973); the numbers
start from a grid that the data set. What comes out are proposals: a law on its own trajectory
decides.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import groupby

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import qr, solve_triangular

from physmodel.constants import ENGINE
from physmodel.losses.weak_form.stretches import Stretch, sound_values
from physmodel.models.libraries.shape_choices import starts, worth_trying
from physmodel.models.libraries.shaped_terms import Form, Term
from physmodel.optimizers.subset.beside import Beside, stand_beside
from physmodel.problem.algebra.expression import Expression

Array = NDArray[np.float64]


@dataclass(frozen=True)
class EquationRows:
    """Whitened rows of one equation around a trajectory.

    `base`: monomials, and whatever else has no numbers inside. `cost`: criterion from a residual
    sum of squares and a number of terms, numbers inside counted. `handicap`: of each term with
    numbers inside.
    """

    stretches: Sequence[Stretch]
    base: Sequence[Expression]
    cost: Callable[[Array, NDArray[np.intp] | int], Array]
    handicap: float

    @cached_property
    def target(self) -> Array:
        """Whitened left-hand side ``(N,)``."""
        return np.concatenate([one.target for one in self.stretches])

    @cached_property
    def monomials(self) -> Array:
        """Columns ``(N, p)`` of the base."""
        values = [np.hstack([one.values(term) for term in self.base]) for one in self.stretches]
        return self.columns(values)

    def columns(self, integrands: Sequence[Array]) -> Array:
        """Whitened columns ``(N, C)`` of integrands ``(m, C)`` of each stretch."""
        pairs = zip(self.stretches, integrands, strict=True)
        return np.vstack([one.columns(values) for one, values in pairs])

    def _values(self, expression: Expression) -> list[Array]:
        if expression not in self._cache:
            self._cache[expression] = [one.values(expression) for one in self.stretches]
        return self._cache[expression]

    def _defined(self, expression: Expression) -> bool:
        return all(np.all(sound_values(one)) for one in self._values(expression))

    @cached_property
    def _cache(self) -> dict[Expression, list[Array]]:
        return {}

    def term_columns(self, term: Term, *, slopes: bool = True) -> Array:
        """Column of a term ``(N, 1)``, then its derivatives by the free numbers."""
        inside = tuple(np.array([[number]]) for number in term.numbers)
        pieces = []
        for u, f in zip(self._values(term.argument), self._values(term.factor), strict=True):
            own = [term.values(u, inside), *(term.slopes(u, inside) if slopes else [])]
            pieces.append(f * np.hstack(own))
        if not all(np.all(sound_values(piece)) for piece in pieces):
            return np.full((len(self.target), pieces[0].shape[1]), np.nan)
        return self.columns(pieces)

    # --- search

    def plain(self, most: int) -> list[Form]:
        """Equations without any such term, one for each number of monomials."""
        found = stand_beside(
            np.zeros((len(self.target), 1, 1)),
            self._linearised(Form((), (), 0.0)),
            self.monomials,
            self.target,
            most,
        )
        return sorted(
            (
                Form(tuple(sorted(found.picks[0, :k].tolist())), (), float(self.cost(rss, k)))
                for k, rss in enumerate(found.rss[0])
                if np.isfinite(rss)
            ),
            key=lambda form: form.value,
        )

    def shaped(self, terms: Sequence[Term], known: Form, most: int) -> Iterator[Form]:
        """Equations with one more term, from the grid: the best of each shape and factor.

        `known`: its terms are in, and so are their derivatives. `most`: monomials.
        """
        always = self._linearised(known)
        for _, group in groupby(terms, lambda one: (id(one.shape), one.argument, one.held)):
            members = [one for one in group if self._defined(one.factor)]
            if not members:
                continue
            u = self._values(members[0].argument)
            everywhere = np.concatenate(u)
            if not worth_trying(members[0], everywhere):
                continue
            grid = starts(members[0], everywhere)
            inside = tuple(axis[None] for axis in grid)
            values = [
                np.stack([members[0].values(v, inside), *members[0].slopes(v, inside)], axis=2)
                for v in u
            ]
            sound = np.all([sound_values(v).all(axis=(0, 2)) for v in values], axis=0)
            if not sound.any():
                continue
            factors = [self._values(one.factor) for one in members]
            products = [
                np.stack([v[:, sound] * f[:, :, None] for f in own], axis=1)
                for v, *own in zip(values, *factors, strict=True)
            ]
            shape = products[0].shape[1:]
            table = self.columns([one.reshape(len(one), -1) for one in products])
            table = table.reshape(len(table), -1, shape[2])
            found = stand_beside(table, always, self.monomials, self.target, most)
            numbers = np.column_stack([axis[sound] for axis in grid] or [np.zeros((1, 0))])
            yield from self._best(members, numbers, found, known)

    def _best(
        self, members: Sequence[Term], numbers: Array, found: Beside, known: Form
    ) -> Iterator[Form]:
        """The best numbers ``(G, q)`` of each factor and number of monomials."""
        rss = found.rss.reshape(len(members), len(numbers), -1)
        picks = found.picks.reshape(len(members), len(numbers), -1)
        inside = len(known.numbers) + len(known.terms) + 1 + numbers.shape[1]
        for m, k in np.ndindex(len(members), rss.shape[2]):
            g = int(np.argmin(rss[m, :, k]))
            if np.isfinite(rss[m, g, k]):
                value = float(self.cost(rss[m, g, k], k + inside))
                value += self.handicap * (len(known.terms) + 1)
                terms = (*known.terms, members[m].at(numbers[g]))
                yield Form(tuple(sorted(picks[m, g, :k].tolist())), terms, value)

    def nearer(self, form: Form, iterations: int) -> Form | None:
        """The same terms and monomials, the numbers by Gauss-Newton; None where they are none.

        Steps are those of weights and numbers together; a step is halved until the residual falls,
        with the weights eliminated.
        """
        step = self._step(form)
        if step is None:
            return None
        rss = self._rss(form)
        for _ in range(iterations if len(step) else 0):
            tried = (form.moved(step * 0.5**k) for k in range(ENGINE.form_halvings))
            better = next(((one, r) for one in tried if (r := self._rss(one)) < rss), None)
            if better is None:
                break
            gained, (form, rss) = better[1] < (1.0 - ENGINE.form_gain) * rss, better
            new = self._step(form) if gained else None
            if new is None:
                break
            step = new
        count = len(form.monomials) + len(form.terms) + len(form.numbers)
        value = float(self.cost(np.array(rss), count)) + self.handicap * len(form.terms)
        return replace(form, value=value)

    def _step(self, form: Form) -> Array | None:
        """Changes of the numbers that a linearisation states; None where others make them up."""
        fixed = self.monomials[:, list(form.monomials)]
        own = [self.term_columns(term) for term in form.terms]
        table = np.column_stack([fixed, *own])
        if not np.all(np.isfinite(table)):
            return None
        norm = np.maximum(np.linalg.norm(table, axis=0), np.finfo(float).tiny)
        q, r = qr(table / norm, mode="economic", check_finite=False)
        inside = [len(term.numbers) for term in form.terms]
        weight = fixed.shape[1] + np.cumsum([0, *(k + 1 for k in inside[:-1])]).astype(int)
        number = np.setdiff1d(np.arange(fixed.shape[1], table.shape[1]), weight[: len(inside)])
        diagonal = np.abs(np.diag(r))
        if np.any(diagonal[number] < ENGINE.form_independent) or not np.all(diagonal):
            return None
        weights = solve_triangular(r, q.T @ self.target, check_finite=False) / norm
        return np.asarray(weights[number] / np.repeat(weights[weight[: len(inside)]], inside))

    def _rss(self, form: Form) -> float:
        residual = self.target - self.fitted(form)
        return float(residual @ residual) if np.all(np.isfinite(residual)) else np.inf

    def fitted(self, form: Form) -> Array:
        """What a form makes of the target ``(N,)``; NaN where it has no values."""
        own = [self.term_columns(term, slopes=False) for term in form.terms]
        table = np.column_stack([self.monomials[:, list(form.monomials)], *own])
        if not np.all(np.isfinite(table)):
            return np.full(len(self.target), np.nan)
        norm = np.maximum(np.linalg.norm(table, axis=0), np.finfo(float).tiny)
        basis = qr(table / norm, mode="economic", check_finite=False)[0]
        along = basis @ (basis.T @ self.target)
        # Once more, so that the residual is orthogonal to the columns to the last digit.
        return np.asarray(along + basis @ (basis.T @ (self.target - along)))

    def left_over(self, form: Form) -> float:
        """Norm of what a form leaves."""
        return float(np.sqrt(self._rss(form)))

    def refined(self, form: Form, most: int) -> Form | None:
        """The numbers by Gauss-Newton, the monomials chosen again, and those left out that may."""
        best = self.nearer(form, ENGINE.form_iterations)
        if best is None:
            return None
        always = np.hstack([self.term_columns(term, slopes=False) for term in best.terms])
        nothing = np.zeros((len(self.target), 1, 1))
        found = stand_beside(nothing, always, self.monomials, self.target, most)
        sizes = np.arange(found.rss.shape[1])
        k = int(np.argmin(self.cost(found.rss[0], sizes)))
        picks = tuple(sorted(found.picks[0, :k].tolist()))
        if picks != best.monomials:
            other = self.nearer(replace(best, monomials=picks), ENGINE.form_iterations)
            best = min([best, *([other] if other else [])], key=lambda one: one.value)
        for leaving in best.monomials:
            rest = tuple(k for k in best.monomials if k != leaving)
            other = self.nearer(replace(best, monomials=rest), ENGINE.form_iterations)
            if other is not None and other.value < best.value:
                best = other
        for k, term in enumerate(best.terms):
            for held in term.rounded():
                terms = (*best.terms[:k], held, *best.terms[k + 1 :])
                other = self.nearer(replace(best, terms=terms), ENGINE.form_iterations)
                if other is not None and other.value < best.value:
                    best = other
        return best

    def _linearised(self, form: Form) -> Array:
        own = [self.term_columns(term) for term in form.terms]
        return np.hstack([np.zeros((len(self.target), 0)), *own])
