"""Libraries of candidate terms, evaluated with their derivatives on many points at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations_with_replacement
from itertools import product as product_pairs

import numpy as np
from numpy.typing import NDArray

from physmodel.problem.algebra.calculus import derivative, evaluate, ordered, powers
from physmodel.problem.algebra.expression import Expression, call, monomial, product, variable

Array = NDArray[np.float64]

#: Samples that are multiplied at a time, so that they stay in the processor's cache.
CACHED = 512


@dataclass(frozen=True)
class TermLibrary:
    """Candidate terms over named variables.

    `variables`: names in the order of the value columns.
    """

    variables: tuple[str, ...]
    terms: tuple[Expression, ...]

    def __len__(self) -> int:
        return len(self.terms)

    @cached_property
    def _exponents(self) -> dict[int, list[int]]:
        """Exponents of the terms that are plain monomials, by position: the fast path."""
        table = {}
        for position, term in enumerate(self.terms):
            factors = powers(term)
            if factors is not None and all(p == int(p) and p >= 0 for p in factors.values()):
                table[position] = [int(factors.get(name, 0)) for name in self.variables]
        return table

    @cached_property
    def _monomials(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Positions of the monomials, and their factors, see `_products`."""
        return np.array([*self._exponents], dtype=np.intp), _factors([*self._exponents.values()])

    @cached_property
    def _lowered(self) -> list[tuple[NDArray[np.intp], Array, NDArray[np.intp]]]:
        """For each variable: positions, exponents and remaining factors of its monomials."""
        found = []
        for j in range(len(self.variables)):
            own = {position: row for position, row in self._exponents.items() if row[j]}
            lower = [[p - (k == j) for k, p in enumerate(row)] for row in own.values()]
            power = np.array([float(row[j]) for row in own.values()])
            found.append((np.array([*own], dtype=np.intp), power, _factors(lower)))
        return found

    @cached_property
    def _others(self) -> tuple[int, ...]:
        return tuple(k for k in range(len(self.terms)) if k not in self._exponents)

    def evaluate(self, values: Array) -> Array:
        """Evaluate every term.

        `values` ``(n, v)``: columns in the order of `variables`. Returns ``(n, p)``.
        """
        columns = _with_ones(values)
        positions, factors = self._monomials
        if len(positions) == len(self.terms):
            return _products(columns, factors).T
        out = np.empty((len(values), len(self.terms)))
        out[:, positions] = _products(columns, factors).T
        named = dict(zip(self.variables, values.T, strict=True))
        for position in self._others:
            out[:, position] = evaluate(self.terms[position], named)
        return out

    def derivatives(self, values: Array, n_leading: int) -> Array:
        """Differentiate every term by the first variables.

        `values` ``(n, v)``. `n_leading`: number of leading variables to differentiate by. Returns
        ``(n, p, n_leading)``.
        """
        out = np.zeros((len(values), len(self.terms), n_leading))
        columns = _with_ones(values)
        for j, (positions, power, factors) in enumerate(self._lowered[:n_leading]):
            out[:, positions, j] = (power[:, None] * _products(columns, factors)).T
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


def _factors(exponents: Sequence[Sequence[int]]) -> NDArray[np.intp]:
    """Factors ``(g, p)`` of monomials of degree ``g`` at most: variables from 1, 0 for none."""
    lists = [[j + 1 for j, power in enumerate(row) for _ in range(power)] for row in exponents]
    most = max([1, *map(len, lists)])
    rows = [[*factors, *[0] * (most - len(factors))] for factors in lists]
    return np.array(rows, dtype=np.intp).reshape(len(rows), most).T


def _with_ones(values: Array) -> Array:
    """One, then the variables: ``(1 + v, n)``."""
    columns = np.empty((1 + values.shape[1], len(values)))
    columns[0] = 1.0
    columns[1:] = values.T
    return columns


def _products(columns: Array, factors: NDArray[np.intp]) -> Array:
    """Monomials ``(p, n)`` of variables ``(1 + v, n)``, the first of which is one."""
    if columns.shape[1] <= CACHED:
        return _product(columns, factors)
    result = np.empty((factors.shape[1], columns.shape[1]))
    for first in range(0, columns.shape[1], CACHED):
        cached = slice(first, first + CACHED)
        result[:, cached] = _product(columns[:, cached], factors)
    return result


def _product(columns: Array, factors: NDArray[np.intp]) -> Array:
    result = columns.take(factors[0], axis=0)
    for more in factors[1:]:
        result *= columns.take(more, axis=0)
    return result


def polynomial_terms(names: Sequence[str], degree: int) -> tuple[Expression, ...]:
    """All monomials up to a degree, by degree, the constant first."""
    return tuple(
        ordered(monomial({name: factors.count(name) for name in factors}), tuple(names))
        for total in range(degree + 1)
        for factors in combinations_with_replacement(names, total)
    )


def function_terms(
    functions: Sequence[str], arguments: Sequence[str], factors: Sequence[str] = ()
) -> tuple[Expression, ...]:
    """Functions of single variables, alone and times one further variable.

    `functions`: names such as ``"sin"``. `arguments`: variables to take the function of. `factors`:
    variables that may multiply it.
    """
    calls = [call(function, variable(name)) for name in arguments for function in functions]
    return (*calls, *(product(variable(factor), base) for base in calls for factor in factors))


def circular_products(arguments: Sequence[str], others: Sequence[str]) -> tuple[Expression, ...]:
    """Products of two of: variables, sines and cosines of `arguments`.

    The square of a cosine is left out: it is one less that of the sine. `others`: variables that
    may be factors only.
    """
    sines = {name: call("sin", variable(name)) for name in arguments}
    cosines = {name: call("cos", variable(name)) for name in arguments}
    plain = [variable(name) for name in (*arguments, *others)]
    circular = [*sines.values(), *cosines.values()]
    pairs = [*product_pairs(plain, circular), *combinations_with_replacement(circular, 2)]
    squares = [(one, one) for one in cosines.values()]
    found = [product(*pair) for pair in pairs if pair not in squares]
    return tuple(ordered(one, (*arguments, *others)) for one in found)


def shift_closed(terms: Sequence[Expression]) -> bool:
    """Whether monomials are all that a shift of their variables makes of them.

    Returns: True for ``1, x, x^2``; False for ``x, x^2``, of which a shift makes a constant too,
    and where a term is no monomial.
    """
    tables = [powers(term) for term in terms]
    if any(table is None for table in tables):
        return False
    present = [{n: p for n, p in table.items() if p} for table in tables if table is not None]
    lower = [{**one, name: one[name] - 1} for one in present for name in one]
    needed = [{n: p for n, p in one.items() if p} for one in lower]
    return {} in present and all(one in present for one in needed)
