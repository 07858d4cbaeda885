"""Continuous symmetries of a fitted field: the null space of one linear condition.

A motion ``x' = f(x)`` goes over into another under ``x -> x + e (L x + b)``, ``t -> t (1 + e s)``
when ``Df (L x + b) - L f + s f = 0`` everywhere (Olver (1993), Applications of Lie Groups to
Differential Equations, chapter 2). It is linear in ``L, b, s`` and in the coefficients of ``f``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from physmodel.discovery.laws.of_field import UncertainField, probability
from physmodel.discovery.laws.phase import FLOOR
from physmodel.discovery.laws.spectrum import DECIDES, Spectrum

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Posed:
    """The condition at points around the data, in units of the spread of each variable.

    The unknowns are ``b`` (d), the diagonal of ``L`` (d), ``s``, then the rest of ``L`` row by
    row.

    Attributes
    ----------
    columns : ndarray (n, k)
        What each unknown adds to the condition.
    errors : ndarray (c, n, k)
        What one standard error of each uncertain coefficient adds to that.
    size : float
        Sum of squares that an unknown of one adds typically.
    units : ndarray (k,)
        Multiply unknowns by them to get those in user units.
    places : list of (str, int, int)
        ``("b", i, 0)``, ``("L", i, j)`` or ``("s", 0, 0)``.
    """

    columns: Array
    errors: Array
    size: float
    units: Array
    places: list[tuple[str, int, int]]

    def spectrum(self, chosen: list[int]) -> Spectrum:
        """Second moments of some unknowns."""
        part = self.columns[:, chosen]
        noise = FLOOR**2 * self.size * np.eye(len(chosen))
        noise += np.einsum("cni,cnj->ij", self.errors[:, :, chosen], self.errors[:, :, chosen])
        freedom = float(max(len(self.errors), 1))
        size = self.size * np.eye(len(chosen))
        return Spectrum.of(part.T @ part, noise, size, freedom, DECIDES)

    def judge(self, unknowns: Array) -> tuple[float, float, float]:
        """Defect, its probability, and how large it could have been next to its error."""
        scaled = unknowns / self.units
        change = self.columns @ scaled
        moves = [error @ scaled for error in self.errors]
        size = self.size * float(scaled @ scaled)
        mean = sum(float(move @ move) for move in moves) + FLOOR**2 * size
        defect = float(np.sqrt(change @ change / size))
        return defect, probability(change, moves, size), size / mean


def pose(field: UncertainField, points: Array) -> Posed:
    """Write the condition down.

    Parameters
    ----------
    field : UncertainField
    points : ndarray (m, v)

    Returns
    -------
    Posed
    """
    model, shift = field.model, field.shift
    d, v = len(model.states), points.shape[1]
    spread = np.sqrt(np.mean(points**2, axis=0))
    padded = np.column_stack([points, np.zeros(len(points))])
    terms, slopes = model.library.evaluate(padded), model.library.derivatives(padded, v)
    rates = field.at(points).values / spread
    jacobian = np.zeros((len(points), v, v))
    jacobian[:, shift:] = np.einsum("mpv,ep->mev", slopes, model.coefficients)
    if shift:
        jacobian[:, np.arange(d), d + np.arange(d)] = 1.0
    jacobian = jacobian * spread / spread[:, None]
    places = [("b", i, 0) for i in range(d)] + [("L", i, i) for i in range(d)] + [("s", 0, 0)]
    places += [("L", i, j) for i in range(d) for j in range(d) if i != j]
    scaled = points / spread
    columns, errors, units = [], [], []
    for kind, i, j in places:
        matrix, offset = _action(kind, i, j, d, v, spread)
        moved = scaled @ matrix.T + offset
        clock = 1.0 if kind == "s" else 0.0
        column = np.einsum("mij,mj->mi", jacobian, moved) - rates @ matrix.T + clock * rates
        columns.append(column.ravel())
        made = []
        for e, k in field.uncertain:
            size = field.std_errors[e, k] / spread[e + shift]
            along = np.einsum("mv,mv->m", slopes[:, k], moved * spread)
            added = -size * terms[:, k, None] * matrix[:, e + shift]
            added[:, e + shift] += size * (along + clock * terms[:, k])
            made.append(added.ravel())
        errors.append(np.array(made).reshape(len(made), column.size))
        units.append(1.0 if kind == "s" else spread[i] / (spread[j] if kind == "L" else 1.0))
    return Posed(
        np.array(columns).T,
        np.transpose(np.array(errors), (1, 2, 0)),
        float(np.sum(rates**2)),
        np.array(units),
        places,
    )


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
