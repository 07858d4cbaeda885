"""A sparse vector field: a few named terms with coefficients, in user units."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from physmodel.models.terms import TermLibrary
from physmodel.problem.algebra.calculus import names_in
from physmodel.problem.algebra.expression import Expression

Array = NDArray[np.float64]


def velocity_name(state: str) -> str:
    """Name of the time derivative of a state in terms: ``x_t``."""
    return f"{state}_t"


def term_variables(states: tuple[str, ...], inputs: tuple[str, ...], order: int) -> tuple[str, ...]:
    """Variables that terms may use, in canonical order."""
    velocities = tuple(velocity_name(state) for state in states) if order == 2 else ()
    return (*states, *velocities, *inputs, "t")


@dataclass(frozen=True, eq=False)
class SparseField:
    """``d^order x_e / dt^order = sum_k coefficients[e, k] term_k``.

    `order`: 1 or 2. `terms`: over the states, their velocities (order 2), the inputs and ``t``.
    `coefficients` ``(d, p)``.
    """

    states: tuple[str, ...]
    inputs: tuple[str, ...]
    order: int
    terms: tuple[Expression, ...]
    coefficients: Array

    @cached_property
    def library(self) -> TermLibrary:
        """The terms, ready for evaluation."""
        return TermLibrary(term_variables(self.states, self.inputs, self.order), self.terms)

    def rate(self, time: Array, states: Array, velocities: Array | None, inputs: Array) -> Array:
        """Highest time derivative, ``(n, d)``; see `VectorField.rate`."""
        library, coefficients = self._used
        if not self._states_suffice:
            moving = [] if velocities is None else [velocities]
            states = np.concatenate([states, *moving, inputs, time[:, None]], axis=1)
        return library.evaluate(states) @ coefficients

    @cached_property
    def _used(self) -> tuple[TermLibrary, Array]:
        """Terms with a coefficient, and their coefficients ``(p, d)``."""
        used = np.flatnonzero(self.coefficients.any(axis=0))
        terms = tuple(self.terms[k] for k in used)
        variables = self.states if self._states_suffice else self.library.variables
        return TermLibrary(variables, terms), self.coefficients[:, used].T.copy()

    @cached_property
    def _states_suffice(self) -> bool:
        """Whether the terms with a coefficient hold no velocity, no input and no time."""
        used = np.flatnonzero(self.coefficients.any(axis=0))
        own = all(names_in(self.terms[k]) <= set(self.states) for k in used)
        return own and self.order == 1

    def equation(self, state: str) -> dict[str, float]:
        """Terms and coefficients of one equation."""
        row = self.coefficients[self.states.index(state)]
        return {str(term): float(w) for term, w in zip(self.terms, row, strict=True) if w != 0.0}
