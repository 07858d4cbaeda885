"""The winner and its rivals as linear models with what the data so far say of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from physmodel.discovery.candidates import Candidate
from physmodel.discovery.identification import identify
from physmodel.discovery.linearisation import white_rows
from physmodel.errors import ProblemError
from physmodel.experiments.discrimination import Belief, probabilities
from physmodel.experiments.surprises import places, smaller, surprises, widened
from physmodel.laws.result import Result
from physmodel.losses.weak_form.preparation import Prepared, prepare
from physmodel.losses.weak_form.tile import Tile
from physmodel.models.fields.term_field import TermField
from physmodel.models.libraries.library import candidate_libraries
from physmodel.optimizers.subset.triangular import (
    Solution,
    solve_support,
    triangular_factor,
    unscaled,
)
from physmodel.problem.algebra.calculus import ordered
from physmodel.problem.algebra.expression import product, variable

Array = NDArray[np.float64]

#: Models near the winner that are told apart; what lies behind them has little probability.
MOST = 12

#: Probability from which a model counts as a rival, whatever library its terms come from.
LIKELY = 0.02


@dataclass(frozen=True)
class Hypotheses:
    """Models that explain the data about equally well.

    Attributes
    ----------
    prepared : Prepared
        The data in computing coordinates.
    field : TermField
        With the terms that any of the models uses.
    columns : ndarray of int (q,)
        Coefficients of `field` that any of the models uses.
    beliefs : list of Belief
        Over `columns`: the winner, its rivals, then surprises: the winner with one more term,
        of any library, that these data need not show and that other data might. A likely
        surprise is a rival.
    plain : ndarray of bool (h,)
        Whether the library of the winner has all terms of the model.
    names : tuple of str
        How the winner (empty) and each rival differ from the winner.
    noise : ndarray (d,)
        In computing units.
    refinement : int
        Nodes per sampling interval.
    low, high : ndarray (D,)
        Range of the estimated states, followed by that of the velocities for second order, in
        computing units.
    n_samples : int
    """

    prepared: Prepared
    field: TermField
    columns: NDArray[np.intp]
    beliefs: list[Belief]
    plain: NDArray[np.bool_]
    names: tuple[str, ...]
    noise: Array
    refinement: int
    low: Array
    high: Array
    n_samples: int

    @property
    def shares(self) -> Array:
        """Probabilities ``(h,)`` of the models."""
        return probabilities(np.array([belief.delta for belief in self.beliefs]))

    @property
    def n_near(self) -> int:
        """Winner and rivals; the beliefs after these are surprises."""
        return len(self.names)

    def seen(self, start: Array) -> NDArray[np.bool_]:
        """Which values ``(D,)`` of a start lie within what was measured, or estimated."""
        measured = np.concatenate([states for _, states, _ in self.prepared.pieces])
        low, high = self.low.copy(), self.high.copy()
        d = measured.shape[1]
        low[:d] = np.minimum(low[:d], measured.min(axis=0))
        high[:d] = np.maximum(high[:d], measured.max(axis=0))
        return np.asarray((start >= low) & (start <= high))

    def weights(self, number: int) -> Array:
        """Coefficients ``(K,)`` of one model in `field`."""
        full = np.zeros(self.field.n_coefficients)
        full[self.columns] = self.beliefs[number].weights
        return full


def hypotheses_of(law: Result) -> Hypotheses:
    """Fit the winner and its rivals again, to have their covariances.

    Parameters
    ----------
    law : Result
        From a regression on a term library, with its data.

    Returns
    -------
    Hypotheses
        The winner alone when no other model is near.

    Raises
    ------
    ProblemError
        If the result does not hold its data.
    """
    if law.data is None:
        raise ProblemError(
            "the result does not hold the data that it was made from",
            why="what they leave open decides what the next experiment should be",
            fix="load the run folder with its data.nc, or discover again",
        )
    prepared = prepare(law.data, law.problem)
    libraries = candidate_libraries(law.problem, prepared.n_samples, prepared.input_levels)
    answer = identify(prepared, libraries)
    prepared, law_found = answer.prepared, answer.law
    ranked = answer.candidates[:MOST]
    wide = widened(answer, libraries)
    place = places(answer.best.plain_field, wide)
    tiles = answer.best.setting.tiles
    weights = np.zeros(wide.n_coefficients)
    weights[place] = law_found.weights
    # On data without noise the floor of the criterion stands in for it.
    noise = law_found.noise * np.sqrt(law_found.variance + law_found.criterion.floor)
    loose = prepared.looseness(wide.order) * law_found.slack
    rows = [
        white_rows(tile, wide, weights, states, noise, loose)
        for tile, states in zip(tiles, law_found.latent, strict=True)
    ]
    factor = triangular_factor((row.matrix, row.target) for row in rows)
    models = [(solve_support(factor, _support(c, wide)), c.delta) for c in ranked]
    n_near = 1
    if len(ranked) > 1:
        more = surprises(factor, models, prepared.n_samples, len(wide.library))
        shares = probabilities(np.array([delta for _, delta in (*models, *more)]))[len(models) :]
        n_near = len(models) + int(np.sum(shares >= LIKELY))  # the likeliest come first
        near = sorted((*models[1:], *more)[: n_near - 1], key=lambda model: model[1])
        models = [models[0], *near, *more[n_near - len(models) :]]
    field, columns = smaller(wide, [solution for solution, _ in models])
    beliefs = []
    for solution, delta in models:
        root = np.zeros((factor.n_columns, len(solution.support)))
        root[solution.support] = solution.inverse / factor.scale[solution.support, None]
        beliefs.append(Belief(unscaled(factor, solution)[columns], root[columns], delta))
    low, high = _range(tiles, law_found.latent)
    return Hypotheses(
        prepared,
        field,
        np.flatnonzero(np.isin(places(field, wide), columns)),
        beliefs,
        np.array([np.isin(solution.support, place).all() for solution, _ in models]),
        tuple(_difference(law, wide, models[0][0], solution) for solution, _ in models[:n_near]),
        noise,
        round(1.0 / float(np.median(np.diff(tiles[0].time)))),
        low,
        high,
        prepared.n_samples,
    )


def _support(candidate: Candidate, wide: TermField) -> NDArray[np.intp]:
    """Columns of a wide field that a candidate from any library uses."""
    field, index = candidate.plain_field, wide.library.terms.index
    used = [divmod(column, len(field.library)) for column in candidate.law.key]
    columns = [e * len(wide.library) + index(field.library.terms[k]) for e, k in used]
    return np.sort(np.array(columns, dtype=np.intp))


def _range(tiles: Sequence[Tile], latent: list[Array]) -> tuple[Array, Array]:
    """Smallest and largest estimated states, and velocities where the order asks for them."""
    seen = []
    for tile, states in zip(tiles, latent, strict=True):
        points = tile.points(states)
        speeds = [] if points.velocities is None else [points.velocities]
        seen.append(np.column_stack([points.states, *speeds]))
    values = np.concatenate(seen)
    return values.min(axis=0), values.max(axis=0)


def _difference(law: Result, field: TermField, winner: Solution, other: Solution) -> str:
    """Terms that a rival has and the winner has not, and the reverse."""
    library, states = field.library, law.problem.states
    parts = []
    for sign, one, two in (("+", other, winner), ("-", winner, other)):
        for column in np.setdiff1d(one.support, two.support):
            state, term = states[column // len(library)], library.terms[column % len(library)]
            if state in law.problem.positive:  # per-capita terms, see `outcome`
                term = ordered(product(variable(state), term), library.variables)
            parts.append(f"{sign}{term} in {state}")
    return ", ".join(parts)
