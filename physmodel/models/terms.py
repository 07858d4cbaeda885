"""Libraries of candidate terms, evaluated with their derivatives on many points at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations_with_replacement

import numpy as np
from numpy.typing import NDArray

from physmodel.problem.calculus import derivative, evaluate, ordered, powers
from physmodel.problem.expression import Expression, call, monomial, product, variable

Array = NDArray[np.float64]


@dataclass(frozen=True)
class TermLibrary:
    """Candidate terms over named variables.

    Attributes
    ----------
    variables : tuple of str
        Names in the order of the value columns.
    terms : tuple of Expression
    """

    variables: tuple[str, ...]
    terms: tuple[Expression, ...]

    def __len__(self) -> int:
        return len(self.terms)

    @cached_property
    def _monomials(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Positions and exponents of the terms that are plain monomials: the fast path."""
        positions, exponents = [], []
        for position, term in enumerate(self.terms):
            factors = powers(term)
            if factors is not None and all(p == int(p) and p >= 0 for p in factors.values()):
                positions.append(position)
                exponents.append([int(factors.get(name, 0)) for name in self.variables])
        table = np.array(exponents, dtype=np.intp).reshape(len(positions), len(self.variables))
        return np.array(positions, dtype=np.intp), table

    @cached_property
    def _others(self) -> tuple[int, ...]:
        return tuple(sorted(set(range(len(self.terms))) - set(self._monomials[0].tolist())))

    def evaluate(self, values: Array) -> Array:
        """Evaluate every term.

        Parameters
        ----------
        values : ndarray (n, v)
            Columns in the order of `variables`.

        Returns
        -------
        ndarray (n, p)
        """
        out = np.empty((len(values), len(self.terms)))
        positions, exponents = self._monomials
        out[:, positions] = _monomial_values(_power_table(values, exponents), exponents)
        named = dict(zip(self.variables, values.T, strict=True))
        for position in self._others:
            out[:, position] = evaluate(self.terms[position], named)
        return out

    def derivatives(self, values: Array, n_leading: int) -> Array:
        """Differentiate every term by the first variables.

        Parameters
        ----------
        values : ndarray (n, v)
        n_leading : int
            Number of leading variables to differentiate by.

        Returns
        -------
        ndarray (n, p, n_leading)
        """
        out = np.zeros((len(values), len(self.terms), n_leading))
        positions, exponents = self._monomials
        table = _power_table(values, exponents)
        for j in range(n_leading):
            lowered = exponents.copy()
            lowered[:, j] = np.maximum(lowered[:, j] - 1, 0)
            out[:, positions, j] = exponents[:, j] * _monomial_values(table, lowered)
        named = dict(zip(self.variables, values.T, strict=True))
        for position in self._others:
            for j, slope in enumerate(self._slopes[position][:n_leading]):
                out[:, position, j] = evaluate(slope, named)
        return out

    @cached_property
    def _slopes(self) -> dict[int, list[Expression]]:
        return {
            position: [derivative(self.terms[position], name) for name in self.variables]
            for position in self._others
        }


def _power_table(values: Array, exponents: NDArray[np.intp]) -> Array:
    """Powers ``(v, max + 1, n)`` of every variable."""
    highest = int(exponents.max(initial=0))
    table = np.ones((values.shape[1], highest + 1, len(values)))
    for power in range(1, highest + 1):
        table[:, power] = table[:, power - 1] * values.T
    return table


def _monomial_values(table: Array, exponents: NDArray[np.intp]) -> Array:
    result = np.ones((table.shape[2], len(exponents)))
    for j, column in enumerate(exponents.T):
        if column.any():
            result *= table[j, column].T
    return result


def polynomial_terms(names: Sequence[str], degree: int) -> tuple[Expression, ...]:
    """All monomials up to a degree, by degree, the constant first.

    Parameters
    ----------
    names : sequence of str
    degree : int

    Returns
    -------
    tuple of Expression
    """
    return tuple(
        ordered(monomial({name: factors.count(name) for name in factors}), tuple(names))
        for total in range(degree + 1)
        for factors in combinations_with_replacement(names, total)
    )


def function_terms(
    functions: Sequence[str], arguments: Sequence[str], factors: Sequence[str] = ()
) -> tuple[Expression, ...]:
    """Functions of single variables, alone and times one further variable.

    Parameters
    ----------
    functions : sequence of str
        Names such as ``"sin"``.
    arguments : sequence of str
        Variables to take the function of.
    factors : sequence of str
        Variables that may multiply it.

    Returns
    -------
    tuple of Expression
    """
    calls = [call(function, variable(name)) for name in arguments for function in functions]
    return (*calls, *(product(variable(factor), base) for base in calls for factor in factors))
