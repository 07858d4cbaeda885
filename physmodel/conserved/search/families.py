"""Families of terms among which conserved quantities are looked for, from plain to rich."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations, combinations_with_replacement, permutations

import numpy as np
from numpy.typing import NDArray

from physmodel.conserved.search.phase import Phase, means
from physmodel.models.terms import TermLibrary, function_terms, polynomial_terms
from physmodel.problem.algebra.calculus import ordered
from physmodel.problem.algebra.expression import (
    Expression,
    add,
    call,
    constant,
    power,
    product,
    variable,
)

Array = NDArray[np.float64]

#: Largest families: the search takes time with the cube of their size.
LARGEST = 60
#: Highest degree of plain polynomials.
MOST_DEGREE = 4
#: Correlation of a state with the integral of another from which that is its velocity.
VELOCITY = 0.95
#: Standard deviations of its error by which a variable may be below zero and yet be positive.
CLEAR = 4.0


@dataclass(frozen=True)
class Family:
    """Candidate terms, and expressions that must stay clear of zero for them to be usable.

    Attributes
    ----------
    label : str
    library : TermLibrary
    guards : tuple of Expression
    """

    label: str
    library: TermLibrary
    guards: tuple[Expression, ...] = ()


def motion_pairs(phase: Phase) -> list[tuple[str, str]]:
    """Positions and their velocities: states that are proportional to the integral of another.

    Returns
    -------
    list of (str, str)
        Position and velocity (or momentum); no state plays both parts.
    """
    values, trajectory = phase.values, phase.trajectory
    step = np.diff(phase.time, prepend=phase.time[0])
    step[np.diff(trajectory, prepend=trajectory[0]) > 0] = 0.0
    middle = (values + np.vstack([values[:1], values[:-1]])) / 2.0
    path = np.cumsum(step[:, None] * middle, axis=0)
    moved, path = values - means(values, trajectory), path - means(path, trajectory)
    common = moved.T @ path
    size = np.sqrt(np.outer(np.sum(moved**2, axis=0), np.sum(path**2, axis=0)))
    match = np.divide(common, size, out=np.zeros_like(common), where=size > 0.0)
    np.fill_diagonal(match, 0.0)
    pairs, used = [], set[int]()
    for flat in np.argsort(-match, axis=None):
        i, k = divmod(int(flat), len(match))
        # With a positive factor: x' = v or x' = p / m.
        if match[i, k] < VELOCITY:
            break
        if not used & {i, k}:
            used |= {i, k}
            pairs.append((i, k))
    return [(phase.names[i], phase.names[k]) for i, k in sorted(pairs)]


def families(phase: Phase, pairs: Sequence[tuple[str, str]]) -> list[Family]:
    """All families that suit the states.

    Parameters
    ----------
    phase : Phase
    pairs : sequence of (str, str)
        Positions and velocities among the variables.
    """
    names = phase.names
    plain = [
        Family(f"polynomials of degree {degree}", _library(names, polynomial_terms(names, degree)))
        for degree in range(1, MOST_DEGREE + 1)
    ]
    special = [*_mechanical(names, pairs), *_logarithmic(phase)]
    if not pairs and len(names) <= 2:
        terms = (*polynomial_terms(names, 2), *function_terms(("cos", "sin"), names))
        special.append(Family("sine and cosine", _library(names, terms)))
    found = [*plain[:2], *special, *plain[2:]]
    return [family for family in found if len(family.library) <= LARGEST]


def _logarithmic(phase: Phase) -> list[Family]:
    """Logarithms of the states that are never clearly below zero: of all, and of each."""
    error = np.sqrt(np.mean(phase.errors(0) ** 2, axis=0))
    lowest = phase.values.min(axis=0) + CLEAR * error
    positive = [name for name, low in zip(phase.names, lowest, strict=True) if low > 0.0]
    choices = [tuple(positive), *((name,) for name in positive)] if positive else []
    linear = polynomial_terms(phase.names, 1)
    return [
        Family(
            "logarithms of " + ", ".join(chosen),
            _library(phase.names, (*linear, *function_terms(("log",), chosen))),
            tuple(map(variable, chosen)),
        )
        for chosen in dict.fromkeys(choices)
    ]


def _library(names: Sequence[str], terms: Iterable[Expression]) -> TermLibrary:
    order = tuple(names)
    kept = dict.fromkeys(ordered(term, order) for term in terms)
    kept.pop(constant(1.0), None)
    return TermLibrary(order, tuple(kept))


def _mechanical(names: Sequence[str], pairs: Sequence[tuple[str, str]]) -> list[Family]:
    """Kinetic energy with the potentials of rods, chains of atoms, and attracting centres."""
    if not pairs:
        return []
    q, v = ([variable(pair[k]) for pair in pairs] for k in (0, 1))
    kinetic = [product(a, b) for a, b in combinations_with_replacement(v, 2)]
    both = list(combinations(range(len(q)), 2))
    angles = [call(name, x) for x in q for name in ("cos", "sin")]
    apart = [call("cos", _difference(q[i], q[j])) for i, j in both]
    coupled = [product(v[i], v[j], c) for (i, j), c in zip(both, apart, strict=True)]
    found = [Family("angles", _library(names, (*kinetic, *angles, *apart, *coupled)))]
    if len(q) == 1:
        return found
    springs = [power(_difference(q[i], q[j]), 2) for i, j in both]
    bound = [power(x, 2) for x in q]
    found.insert(0, Family("springs", _library(names, (*kinetic, *bound, *springs))))
    positions = [pair[0] for pair in pairs]
    potential = polynomial_terms(positions, MOST_DEGREE)
    found.append(Family("polynomial potentials", _library(names, (*kinetic, *potential))))
    growing = [call("exp", _difference(a, b)) for a, b in permutations(q, 2)]
    found.append(Family("exponentials", _library(names, (*kinetic, *growing))))
    if len(q) <= 3:
        square = add(*(power(x, 2) for x in q))
        inverse = power(square, -0.5)
        terms = (
            *kinetic,
            *(product(x, w) for x in q for w in v),
            inverse,
            *(product(x, inverse) for x in q),
            *(product(x, k) for x in q for k in kinetic),
        )
        found.append(Family("a centre of force", _library(names, terms), (power(square, 0.5),)))
    return found


def _difference(a: Expression, b: Expression) -> Expression:
    return add(a, product(constant(-1.0), b))
