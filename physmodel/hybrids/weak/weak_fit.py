"""Fit known physics, terms and a network to data with noise in the states, in the weak form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from physmodel.discovery.linearisation import Errors, Linearisation, Setting
from physmodel.hybrids.bounds import OutOfBoundsError, within_bounds
from physmodel.hybrids.weak.joined import Joined, Tangent
from physmodel.hybrids.weak.restricted import Columns
from physmodel.losses.weak_form.tile import Tile, quadrature_error
from physmodel.models.fields.linear_field import LinearField, Points
from physmodel.optimizers.subset.triangular import TriangularFactor, triangular_factor

Array = NDArray[np.float64]

#: Part of its column that has to be left by the known part for a term to be a term of its own.
OWN = 1e-6


@dataclass(frozen=True, eq=False)
class State:
    """Where a fit stands.

    Attributes
    ----------
    known : Tangent
        The known part at the present parameters.
    weights : ndarray (K,)
        Of everything behind the known part.
    latent : list of ndarray (n, d)
        Estimated clean trajectories.
    noise : ndarray (d,)
        In computing units.
    """

    known: Tangent
    weights: Array
    latent: list[Array]
    noise: Array

    @property
    def parameters(self) -> Array:
        """Of the known part, ``(q,)``."""
        return self.known.field.parameters

    @property
    def coefficients(self) -> Array:
        """Those of the known part, then the weights, ``(1 + q + K,)``: what `Joined` takes."""
        return np.concatenate([self.known.coefficients, self.weights])


@dataclass(frozen=True, eq=False)
class Round:
    """The problem linearised around a state, with the known part taken out.

    Attributes
    ----------
    step : Linearisation
    factor : TriangularFactor
        Of the columns of the parameters and of everything behind them; the target is what the
        offset of the known part leaves.
    q : int
        Parameters of the known part.
    """

    step: Linearisation
    factor: TriangularFactor
    q: int

    @cached_property
    def reduced(self) -> TriangularFactor:
        """Columns behind the parameters, projected on what these leave."""
        q, factor = self.q, self.factor
        return TriangularFactor(
            factor.r[q:, q:], factor.c[q:], factor.residual, factor.scale[q:], factor.n_rows
        )

    @property
    def own(self) -> NDArray[np.intp]:
        """Columns behind the parameters that the known part cannot give."""
        return np.flatnonzero(np.linalg.norm(self.reduced.r, axis=0) > OWN)

    def rows(self, free: NDArray[np.intp], size: float = 0.0) -> Array:
        """Rows of the least-squares problem of some columns.

        Parameters
        ----------
        free : ndarray of int (k,)
            Behind the parameters.
        size : float
            Variance of their weights over that of the noise; zero for weights that may be anything.

        Returns
        -------
        ndarray (r, q + k)
            With ``k`` rows more, which hold the weights near zero, where they have a size.
        """
        chosen = np.concatenate([np.arange(self.q), self.q + free])
        found = (self.factor.r * self.factor.scale)[:, chosen]
        if size > 0.0:
            ridge = np.eye(len(free), len(chosen), k=self.q) / np.sqrt(size)
            found = np.vstack([found, ridge])
        return found

    def distance(self, state: State, parameters: Array, weights: Array) -> float:
        """How far other numbers are from those of a state, in standard errors."""
        shift = np.concatenate([parameters - state.parameters, weights - state.weights])
        return float(np.linalg.norm(self.factor.r @ (self.factor.scale * shift)))

    def penalised(self, columns: NDArray[np.intp], free: NDArray[np.intp]) -> Columns:
        """Some columns as draws of one size, after parameters and columns that are free.

        Parameters
        ----------
        columns, free : ndarray of int
            Behind the parameters.
        """
        rows = self.rows(np.concatenate([free, columns]))
        inner = triangular_factor([(rows, self.factor.c)])
        k = self.q + len(free)
        dof = self.step.criterion.n_rows - k
        matrix = (inner.r * inner.scale)[k:, k:]
        return Columns.of(matrix, inner.c[k:], inner.residual + self.factor.residual, dof)


@dataclass(frozen=True, eq=False)
class Weak:
    """Data in the weak form with the parts of a model; fits go round by round.

    Attributes
    ----------
    tiles : sequence of Tile
    parts : tuple of LinearField
        What stands behind the known part.
    n_terms : int
        Candidate terms per equation, for the price of a term.
    looseness : float
        See `Prepared.looseness`.
    closed : tuple of int
        Equations to which nothing is added.
    """

    tiles: Sequence[Tile]
    parts: tuple[LinearField, ...]
    n_terms: int
    looseness: float
    closed: tuple[int, ...] = ()

    @property
    def columns(self) -> NDArray[np.intp]:
        """Columns behind the known part that touch no closed equation."""
        touched = Joined(self.parts).placement[list(self.closed)] >= 0
        return np.flatnonzero(~touched.any(axis=0))

    def round(self, state: State, slack: float, *, blind: bool = False) -> Round:
        """Linearise around a state.

        Parameters
        ----------
        state : State
        slack : float
            In units of the noise.
        blind : bool
            Nothing is known about the coefficients yet: the noise that enters through them is left
            out, and first values in any units do no harm.

        Raises
        ------
        OutOfBoundsError
            If the model has no finite value at the state.
        """
        field = Joined((state.known, *self.parts))
        setting = Setting(self.tiles, field, self.n_terms, self.looseness, state.noise)
        with within_bounds(field, state.coefficients, self.points(state.latent)):
            weights = None if blind else state.coefficients
            step = setting.at(weights, state.latent, Errors(state.noise, slack))
            whole = step.factor
            raw = np.column_stack([whole.r * whole.scale, whole.c])
            inner = triangular_factor([(raw[:, 1:-1], raw[:, -1] - raw[:, 0])])
        if not (np.isfinite(inner.r).all() and np.isfinite(inner.c).all()):
            raise OutOfBoundsError
        inner = replace(inner, residual=inner.residual + whole.residual, n_rows=whole.n_rows)
        return Round(step, inner, len(state.parameters))

    def moved(self, state: State, now: Round, parameters: Array, weights: Array) -> State:
        """The state with other numbers, and the trajectory that belongs to them.

        Raises
        ------
        OutOfBoundsError
            If there is no such trajectory.
        """
        other = replace(
            state, known=state.known.at(np.concatenate([[1.0], parameters])), weights=weights
        )
        field = Joined((other.known, *self.parts))
        with within_bounds(field, other.coefficients, self.points(state.latent)):
            latent = now.step.latent(other.coefficients)
        if not all(np.isfinite(path).all() for path in latent):
            raise OutOfBoundsError
        return replace(other, latent=latent)

    def points(self, latent: Sequence[Array]) -> Points:
        """All points of all trajectories."""
        found = [tile.points(states) for tile, states in zip(self.tiles, latent, strict=True)]
        return Points(
            np.concatenate([one.time for one in found]),
            np.concatenate([one.states for one in found]),
            None
            if found[0].velocities is None
            else np.concatenate([p.velocities for p in found if p.velocities is not None]),
            np.concatenate([one.inputs for one in found]),
        )

    def quadrature(self, state: State) -> Array:
        """Root mean square quadrature error of each equation, ``(d,)``."""
        field = Joined((state.known, *self.parts))
        errors = [
            quadrature_error(tile, field, state.coefficients, states)
            for tile, states in zip(self.tiles, state.latent, strict=True)
        ]
        return np.asarray(np.sqrt(np.mean(np.concatenate(errors) ** 2, axis=0)))


def begin(known: Tangent, weak: Weak, noise: Array) -> State:
    """Before any fit: the data themselves, and nothing behind the known part."""
    size = sum(part.n_coefficients for part in weak.parts)
    return State(known, np.zeros(size), [tile.measured for tile in weak.tiles], noise)
