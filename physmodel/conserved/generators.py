"""Continuous symmetries of a fitted field: the null space of one linear condition.

A motion ``x' = f(x)`` goes over into another under ``x -> x + e (L x + b)``, ``t -> t (1 + e s)``
when ``Df (L x + b) - L f + s f = 0`` everywhere (Olver (1993), Applications of Lie Groups to
Differential Equations, chapter 2). It is linear in ``L, b, s`` and in the coefficients of ``f``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from physmodel.conserved.of_field import UncertainField
from physmodel.conserved.search.phase import FLOOR
from physmodel.conserved.search.spectrum import DECIDES, Spectrum
from physmodel.conserved.search.verdict import Verdict, verdict

Array = NDArray[np.float64]
#: One unknown: ``("b", i, 0)``, ``("L", i, j)`` or ``("s", 0, 0)``.
Place = tuple[str, int, int]
#: A generator in user units; unknowns that are left out are zero.
Generator = Mapping[Place, float]

#: Numbers in a table of errors, for which points are left out; rows per unknown that stay.
LARGEST, ROWS = 2**24, 3


@dataclass(frozen=True)
class Posed:
    """The condition for some unknowns, in units of the spread of each variable.

    Attributes
    ----------
    places : tuple of Place (k,)
        The unknowns.
    columns : ndarray (n, k)
        What each unknown adds to the condition.
    errors : ndarray (c, n, k)
        What one standard error of each uncertain coefficient adds to that.
    size : float
        Sum of squares that an unknown of one adds typically.
    units : ndarray (k,)
        Multiply unknowns by them to get those in user units.
    """

    places: tuple[Place, ...]
    columns: Array
    errors: Array
    size: float
    units: Array

    @property
    def spectrum(self) -> Spectrum:
        """Second moments of the unknowns."""
        k = len(self.places)
        noise = FLOOR**2 * self.size * np.eye(k)
        for error in self.errors:
            noise += error.T @ error
        freedom = float(max(len(self.errors), 1))
        within, size = self.columns.T @ self.columns, self.size * np.eye(k)
        return Spectrum.of(within, noise, size, freedom, DECIDES)


@dataclass(frozen=True)
class Condition:
    """A field and its derivatives at points of phase space.

    Attributes
    ----------
    field : UncertainField
    points : ndarray (m, v)
    """

    field: UncertainField
    points: Array

    def judge(self, generator: Generator) -> Verdict:
        """Compare what a generator leaves of the condition with the errors of the coefficients."""
        posed = self.pose(tuple(generator))
        scaled = np.array(list(generator.values())) / posed.units
        size = posed.size * float(scaled @ scaled)
        return verdict(posed.columns @ scaled, posed.errors @ scaled, size)

    def pose(self, places: Sequence[Place]) -> Posed:
        """Write the condition down for some unknowns.

        Parameters
        ----------
        places : sequence of Place (k,)
        """
        shift, d = self.field.shift, len(self.field.model.states)
        spread, tables = self._spread, self._tables
        rows = self._rows(len(places))
        scaled, rates, jacobian, values, slopes = (table[rows] for table in tables)
        m, v = scaled.shape
        changed = np.array([equation + shift for equation, _ in self.field.uncertain], dtype=int)
        columns = np.empty((m * v, len(places)))
        errors = np.empty((len(changed), m * v, len(places)))
        for place, (kind, i, j) in enumerate(places):
            matrix, offset = _action(kind, i, j, d, v, spread)
            moved = scaled @ matrix.T + offset
            clock = 1.0 if kind == "s" else 0.0
            column = np.einsum("mij,mj->mi", jacobian, moved) - rates @ matrix.T + clock * rates
            columns[:, place] = column.ravel()
            added = -values.T[:, :, None] * matrix[:, changed].T[:, None, :]
            along = np.einsum("mcv,mv->cm", slopes, moved) + clock * values.T
            added[np.arange(len(changed)), :, changed] += along
            errors[:, :, place] = added.reshape(len(changed), m * v)
        units = [
            1.0 if kind == "s" else spread[i] / (spread[j] if kind == "L" else 1.0)
            for kind, i, j in places
        ]
        return Posed(tuple(places), columns, errors, float(np.sum(rates**2)), np.array(units))

    @cached_property
    def _spread(self) -> Array:
        size = np.sqrt(np.mean(self.points**2, axis=0))
        return np.where(size > 0.0, size, 1.0)

    @cached_property
    def _tables(self) -> tuple[Array, ...]:
        """Points and rates ``(m, v)``, the Jacobian ``(m, v, v)``, and the errors of both.

        These are what one standard error of each coefficient adds to the rate that it is in,
        ``(m, c)``, and to its slopes, ``(m, c, v)``. All are in units of spread.
        """
        field, points, spread = self.field, self.points, self._spread
        library, shift, d = field.model.library, field.shift, len(field.model.states)
        m, v = points.shape
        padded = np.column_stack([points, np.zeros(m)])
        slopes = library.derivatives(padded, v) * spread
        jacobian = np.zeros((m, v, v))
        jacobian[:, shift:] = np.einsum("mpv,ep->mev", slopes, field.model.coefficients)
        if shift:
            jacobian[:, np.arange(d), d + np.arange(d)] = spread[d:]
        equations, terms = np.array(field.uncertain, dtype=int).reshape(-1, 2).T
        errors = field.std_errors[equations, terms] / spread[equations + shift]
        return (
            points / spread,
            field.at(points).values / spread,
            jacobian / spread[:, None],
            library.evaluate(padded)[:, terms] * errors,
            slopes[:, terms] * errors[:, None],
        )

    def _rows(self, n_unknowns: int) -> NDArray[np.intp]:
        """As many of the points as tables hold, evenly taken, and as unknowns need."""
        m, v = self.points.shape
        most = LARGEST // (max(len(self.field.uncertain), 1) * v * n_unknowns)
        kept = min(m, max(most, -(-ROWS * n_unknowns // v)))
        return np.linspace(0, m - 1, kept).astype(int)


def everything(n_states: int) -> tuple[Place, ...]:
    """All unknowns: ``b``, the diagonal of ``L``, ``s``, then the rest of ``L`` row by row."""
    d = range(n_states)
    others = [("L", i, j) for i in d for j in d if i != j]
    return (*(("b", i, 0) for i in d), *scales(n_states), *others)


def scales(n_states: int) -> tuple[Place, ...]:
    """Unknowns of rescalings: the diagonal of ``L`` and ``s``."""
    return (*(("L", i, i) for i in range(n_states)), ("s", 0, 0))


def _action(kind: str, i: int, j: int, d: int, v: int, spread: Array) -> tuple[Array, Array]:
    """Matrix and offset by which a unit of one unknown moves phase space, in units of spread."""
    matrix, offset = np.zeros((v, v)), np.zeros(v)
    if kind == "b":
        offset[i] = 1.0
    elif kind == "L":
        matrix[i, j] = 1.0
        if v > d:  # velocities are moved along with their states
            matrix[d + i, d + j] = spread[d + j] / spread[d + i] * spread[i] / spread[j]
    elif v > d:
        matrix[d:, d:] = -np.eye(d)  # a slower clock: smaller velocities
    return matrix, offset
