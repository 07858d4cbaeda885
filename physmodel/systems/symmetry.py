"""Flows of the discovery benchmark whose symmetries are known beforehand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import null_space

from physmodel.conserved import finite
from physmodel.models.fields.sparse_field import SparseField, term_variables
from physmodel.models.libraries.constraints import free_coefficients
from physmodel.models.terms import TermLibrary
from physmodel.problem.algebra.calculus import powers
from physmodel.problem.algebra.parser import parse
from physmodel.problem.problem import Problem
from physmodel.systems.chaotic import load_systems
from physmodel.systems.draws import Cell, draw
from physmodel.systems.equations import Equations, field_of

Array = NDArray[np.float64]
#: Times and states of every trajectory.
Records = tuple[list[Array], list[Array]]

#: Defect of the true coefficients up to which a symmetry holds: rounding of a few sums.
HOLDS = 1e-12


@dataclass(frozen=True)
class SymmetryCase:
    """Equations, what every fit is told about them, and what only some fits are told.

    `degree`: of the library that every method gets. `functions`: further terms of that library.
    `symmetries`, `laws`: what holds for the equations.
    """

    name: str
    states: tuple[str, ...]
    equations: Equations
    degree: int
    functions: tuple[str, ...] = ()
    symmetries: tuple[str, ...] = ()
    laws: tuple[str, ...] = ()

    @cached_property
    def field(self) -> SparseField:
        """The true vector field."""
        return field_of(self.states, self.equations)


def constraints(case: SymmetryCase, names: Sequence[str]) -> Array:
    """Independent rows that vanish on the coefficients that obey what is stated.

    `names`: canonical terms of each equation. Returns ``(m, d p)``: equation by equation.
    """
    variables = term_variables(case.states, (), 1)
    library = TermLibrary(variables, tuple(parse(name, variables) for name in names))
    problem = Problem(case.states, symmetries=case.symmetries, laws=case.laws)
    basis = free_coefficients(problem, 1, library)
    if basis is None:
        return np.zeros((0, len(case.states) * len(names)))
    return np.asarray(null_space(basis.T).T)


def finite_symmetries(case: SymmetryCase) -> tuple[str, ...]:
    """Reflections, exchanges, cycles and reversals of time that the true terms allow.

    Returns: names that generate the group, none of them a product of those before.
    """
    particles = [[k] for k in range(len(case.states))]
    tried = [
        *finite.reflections(case.states),
        *finite.exchanges(case.states, particles),
        *finite.cycles(case.states),
    ]
    found: list[finite.Element] = []
    for element in tried:
        if _holds(case.field, element) and finite.independent_of(found, element):
            found.append(element)
    return tuple(element.name for element in found)


def _holds(field: SparseField, element: finite.Element) -> bool:
    """Whether ``f(M x)`` and ``M f(x)``, with the sign of the clock, have the same coefficients."""
    exponents = [powers(term) or {} for term in field.terms]
    table = np.array([[int(row.get(name, 0)) for name in field.states] for row in exponents])
    signs = element.matrix.sum(axis=1)
    # (M x)_j = sign_j x_{from_j}: a monomial becomes another one with a sign.
    moved = table @ np.abs(element.matrix).astype(int)
    factor = np.prod(signs**table, axis=1)
    there = {tuple(row): factor[k] * field.coefficients[:, k] for k, row in enumerate(moved)}
    here = element.clock * element.matrix @ field.coefficients
    kept = {tuple(row): here[:, k] for k, row in enumerate(table)}
    nothing = np.zeros(len(field.states))
    differences = [
        np.abs(there.get(key, nothing) - kept.get(key, nothing)).max() for key in {*there, *kept}
    ]
    return bool(max(differences) <= HOLDS * np.abs(field.coefficients).max())


@cache
def flows() -> dict[str, SymmetryCase]:
    """The flows of the discovery benchmark that have a finite symmetry, by name."""
    found = {}
    for system in load_systems():
        plain = SymmetryCase(system.name, system.states, system.equations, system.library_degree)
        symmetries = finite_symmetries(plain)
        if symmetries:
            found[system.name] = SymmetryCase(
                plain.name, plain.states, plain.equations, plain.degree, symmetries=symmetries
            )
    return found


def flow_records(name: str, *, noise: float, periods: int, seed: int) -> Records:
    """Noisy record of a flow, as in the discovery benchmark.

    `noise`: share of the spread of each state. Returns `times, states`: one trajectory.
    """
    system = next(item for item in load_systems() if item.name == name)
    clean = system.trajectories([seed], periods=periods)
    made = draw(system, clean, Cell(noise), seed)
    return made.times, made.records
