"""Finite symmetries of a fitted field: reflections, time reversal, exchanges of states."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components

from physmodel.conserved.of_field import Flow, UncertainField
from physmodel.conserved.search.verdict import Verdict, verdict

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Element:
    """A signed permutation of the states, possibly with time running backwards.

    Attributes
    ----------
    name : str
        As `physmodel.problem.known.symmetry_text` reads it.
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
    """The cyclic permutation of all states, where it is more than an exchange."""
    if len(names) < 3:
        return []
    return [Element("cyclic:" + ",".join(names), np.roll(np.eye(len(names)), 1, axis=0), 1.0)]


def judge(field: UncertainField, here: Flow, element: Element) -> Verdict:
    """Compare a field with the transformed field.

    Parameters
    ----------
    field : UncertainField
    here : Flow
        The field at points of phase space ``(m, v)``.
    element : Element

    Returns
    -------
    Verdict
        On their difference.
    """
    points, matrix = here.points, element.matrix
    d = len(field.model.states)
    if points.shape[1] > d:
        zero = np.zeros((d, d))
        matrix = np.block([[matrix, zero], [zero, element.clock * matrix]])
    there = field.at(points @ matrix.T)
    spread = np.sqrt(np.mean(points**2, axis=0))
    spread = np.where(spread > 0.0, spread, 1.0)
    change = ((there.values - element.clock * here.values @ matrix.T) / spread).ravel()
    moves = np.empty((len(here.errors), *points.shape))
    for k, ((variable, after), (_, before)) in enumerate(
        zip(there.errors, here.errors, strict=True)
    ):
        moves[k] = -element.clock * before[:, None] * matrix[:, variable]
        moves[k, :, variable] += after
    size = float(np.sum((here.values / spread) ** 2))
    return verdict(change, (moves / spread).reshape(len(moves), change.size), size)


def independent_of(found: Sequence[Element], new: Element) -> bool:
    """Whether an element is no product of those found before.

    Parameters
    ----------
    found : sequence of Element
        First reflections, then exchanges, then cycles.
    new : Element
        Of the kind of the last of them, or of the next.
    """
    moved = ~np.eye(len(new.matrix), dtype=bool) & (new.matrix != 0.0)
    if not moved.any():
        # Reflections commute and are their own inverses: which states and whether time are
        # reversed adds up modulo two.
        spanned = {0}
        for element in found:
            spanned |= {code ^ _reversed(element) for code in spanned}
        return _reversed(new) not in spanned
    # Exchanges generate all permutations of what they connect.
    links = sum((np.abs(element.matrix) for element in found), np.eye(len(moved)))
    _, island = connected_components(links, directed=False)
    return bool((island[:, None] != island)[moved].any())


def _reversed(element: Element) -> int:
    """Bits of the states that a reflection reverses, and of time."""
    bits = [*(np.diag(element.matrix) < 0.0), element.clock < 0.0]
    return sum(1 << k for k, bit in enumerate(bits) if bit)
