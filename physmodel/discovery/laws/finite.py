"""Finite symmetries of a fitted field: reflections, time reversal, exchanges of states."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from physmodel.discovery.laws.of_field import UncertainField, probability
from physmodel.discovery.laws.phase import FLOOR

Array = NDArray[np.float64]

#: States up to which all reflections are tried: there are two to that power.
MOST_STATES = 8


@dataclass(frozen=True)
class Element:
    """A signed permutation of the states, possibly with time running backwards.

    Attributes
    ----------
    name : str
        As `physmodel.problem.symmetry_text` reads it.
    matrix : ndarray (d, d)
    clock : {1.0, -1.0}
    """

    name: str
    matrix: Array
    clock: float


def reflections(names: Sequence[str]) -> list[Element]:
    """Changes of sign of some states, forwards and backwards in time, few states first."""
    found = []
    for count in range(len(names) + 1):
        for chosen in combinations(range(len(names)), count):
            flip = np.ones(len(names))
            flip[list(chosen)] = -1.0
            flipped = ",".join(names[k] for k in chosen)
            if count:
                found.append(Element(f"reflection:{flipped}", np.diag(flip), 1.0))
            name = f"time-reversal:{flipped}" if count else "time-reversal"
            found.append(Element(name, np.diag(flip), -1.0))
    return found


def exchanges(names: Sequence[str], particles: Sequence[Sequence[int]]) -> list[Element]:
    """Exchanges of two particles, each a tuple of states."""
    found = []
    for one, other in combinations(particles, 2):
        matrix = np.eye(len(names))
        for a, b in zip(one, other, strict=True):
            matrix[[a, b]] = matrix[[b, a]]
        label = ";".join(",".join(names[k] for k in particle) for particle in (one, other))
        found.append(Element(f"permutation:{label}", matrix, 1.0))
    return found


def cycles(names: Sequence[str]) -> list[Element]:
    """The cyclic permutation of all states, both ways round for three of them."""
    d = len(names)
    if d < 3:
        return []
    return [Element("cyclic:" + ",".join(names), np.roll(np.eye(d), 1, axis=0), 1.0)]


def judge(field: UncertainField, points: Array, element: Element) -> tuple[float, float, float]:
    """Defect of one element, its probability, and how large it could have been.

    Parameters
    ----------
    field : UncertainField
    points : ndarray (m, v)
    element : Element

    Returns
    -------
    defect, p_value, telling : float
        Relative difference between the field and the transformed field; the probability that
        errors of the coefficients make it so large; square size of the field over its error.
    """
    d, v = len(field.model.states), points.shape[1]
    matrix = element.matrix
    if v > d:
        zero = np.zeros((d, d))
        matrix = np.block([[matrix, zero], [zero, element.clock * matrix]])
    here, there = field.at(points), field.at(points @ matrix.T)
    spread = np.sqrt(np.mean(points**2, axis=0))
    change = ((there.values - element.clock * here.values @ matrix.T) / spread).ravel()
    moves = []
    for (variable, after), (_, before) in zip(there.errors, here.errors, strict=True):
        move = -element.clock * before[:, None] * matrix[:, variable]
        move[:, variable] += after
        moves.append((move / spread).ravel())
    size = float(np.sum((here.values / spread) ** 2))
    mean = sum(float(move @ move) for move in moves) + FLOOR**2 * size
    p_value = probability(change, moves, size)
    return float(np.sqrt(change @ change / size)), p_value, size / mean


def independent_of(found: Sequence[Element], new: Element) -> bool:
    """Whether an element is no product of those found before."""
    group = [(np.eye(len(new.matrix)), 1.0)]
    frontier = group
    while frontier and len(group) < 2 ** (MOST_STATES + 1):
        made = [(a @ e.matrix, s * e.clock) for a, s in frontier for e in found]
        frontier = []
        for matrix, clock in made:
            if not any(clock == s and np.array_equal(matrix, a) for a, s in group):
                group = [*group, (matrix, clock)]
                frontier.append((matrix, clock))
    return not any(new.clock == s and np.array_equal(new.matrix, a) for a, s in group)
