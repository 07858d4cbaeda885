"""Terms with numbers inside: a shape of an argument times a factor.

The weight of such a term is linear in an equation, its numbers are not: their columns in a
regression are those of the linearised term, so that weight and numbers come out of the same least
squares.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from physmodel.constants import ENGINE
from physmodel.models.libraries.shapes import (
    MOST_EXPONENT,
    Inner,
    Shape,
    digits,
    formulas,
    positive,
)
from physmodel.problem.algebra.calculus import evaluate, substituted
from physmodel.problem.algebra.expression import Expression, add, constant, product
from physmodel.problem.algebra.parser import parse
from physmodel.problem.measures.units import Unit, unit_of

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Term:
    """A shape of an argument times a factor.

    `held`: numbers that are not fitted. `numbers`: the free ones, in the order of the shape.
    """

    shape: Shape
    argument: Expression
    factor: Expression
    held: tuple[tuple[str, float], ...]
    numbers: tuple[float, ...]

    @property
    def free(self) -> tuple[Inner, ...]:
        """The numbers that are fitted."""
        held = dict(self.held)
        return tuple(one for one in self.shape.inner if one.name not in held)

    def at(self, numbers: Sequence[float] | Array) -> Term:
        """The same with other numbers."""
        return replace(self, numbers=tuple(map(float, numbers)))

    def moved(self, step: Sequence[float]) -> Term:
        """The same with its numbers changed; sizes by their logarithms, so that they stay so."""
        found = []
        for one, number, change in zip(self.free, self.numbers, step, strict=True):
            if one.kind == "size":
                grown = float(np.clip(change / number, -ENGINE.form_stride, ENGINE.form_stride))
                found.append(number * float(np.exp(grown)))
            elif one.kind == "exponent":
                found.append(float(np.clip(number + change, -MOST_EXPONENT, MOST_EXPONENT)))
            else:
                found.append(number + float(change))
        return self.at(found)

    def rounded(self) -> Iterator[Term]:
        """The same with one exponent held at the nearest whole or half number."""
        for k, (one, number) in enumerate(zip(self.free, self.numbers, strict=True)):
            whole = round(2.0 * number) / 2.0
            if one.kind == "exponent" and whole:
                rest = (*self.numbers[:k], *self.numbers[k + 1 :])
                yield replace(self, held=(*self.held, (one.name, whole)), numbers=rest)

    def values(self, argument: Array, numbers: tuple[Array, ...]) -> Array:
        """The shape at arguments ``(n, 1)`` and numbers ``(1, G)``; NaN where it is not defined."""
        found = self._evaluated(formulas(self.shape, self.held)[0], argument, numbers)
        needed = positive(self.shape, self.held)
        if needed is None:
            return found
        sound = np.all(self._evaluated(needed, argument, numbers) > 0.0, axis=0)
        return np.where(sound, found, np.nan)

    def slopes(self, argument: Array, numbers: tuple[Array, ...]) -> list[Array]:
        """Derivatives by the free numbers, each like `values`."""
        by_number = formulas(self.shape, self.held)[1:]
        return [self._evaluated(slope, argument, numbers) for slope in by_number]

    def linearised(self) -> list[Expression]:
        """Columns ``f - sum_i z_i df/dz_i`` and ``df/dz_i`` at the present numbers ``z``.

        With weights ``a`` and ``a z_i`` their sum is the term; near it, weights in other ratios
        are the term with other numbers, to first order.
        """
        values = {one.name: constant(z) for one, z in zip(self.free, self.numbers, strict=True)}
        values |= {"u": self.argument}
        whole, *slopes = (
            product(self.factor, substituted(formula, values))
            for formula in formulas(self.shape, self.held)
        )
        moved = [
            product(constant(-z), slope) for z, slope in zip(self.numbers, slopes, strict=True)
        ]
        return [add(whole, *moved), *slopes]

    def expression(self) -> Expression:
        """The term as it is written."""
        numbers = dict(self.held) | dict(zip(self._names, self.numbers, strict=True))
        exponents = {one.name for one in self.shape.inner if one.kind == "exponent"}
        written = {name: digits(numbers[name]) for name in exponents}
        names = ("u", *(one.name for one in self.shape.inner))
        whole = parse(self.shape.text.format(**written), names)
        values = {name: constant(value) for name, value in numbers.items()}
        return product(self.factor, substituted(whole, values | {"u": self.argument}))

    def units(self, argument: Unit | None) -> tuple[Unit | None, list[Unit | None]]:
        """Unit of the shape, and of its free numbers, from that of the argument."""
        if argument is None:
            return None, [None] * len(self.free)
        table = {one.name: _unit(one, argument) for one in self.shape.inner}
        exponents = dict(self.held) | dict(zip(self._names, self.numbers, strict=True))
        text = self.shape.text.format(**{name: digits(n) for name, n in exponents.items()})
        whole = unit_of(parse(text, ("u", *table)), {"u": argument, **table})
        return whole, [table[name] for name in self._names]

    @property
    def _names(self) -> tuple[str, ...]:
        return tuple(one.name for one in self.free)

    def _evaluated(self, formula: Expression, u: Array, numbers: tuple[Array, ...]) -> Array:
        named: Mapping[str, Array] = {"u": u, **dict(zip(self._names, numbers, strict=True))}
        shape = np.broadcast_shapes(*(np.shape(v) for v in named.values()))
        return np.broadcast_to(np.asarray(evaluate(formula, named), dtype=float), shape)


def _unit(one: Inner, argument: Unit) -> Unit:
    if one.kind in {"exponent", "phase"}:
        return Unit()
    return Unit() / argument if one.kind == "rate" else argument


@dataclass(frozen=True)
class Form:
    """One equation: which monomials of the base, which terms with numbers, and its criterion."""

    monomials: tuple[int, ...]
    terms: tuple[Term, ...]
    value: float

    @property
    def numbers(self) -> Array:
        """All free numbers inside the terms."""
        return np.array([number for term in self.terms for number in term.numbers])

    def moved(self, step: Array) -> Form:
        """The same with other numbers inside; sizes stay positive."""
        left = iter(step.tolist())
        moved = tuple(term.moved([next(left) for _ in term.numbers]) for term in self.terms)
        return replace(self, terms=moved)


@dataclass(frozen=True)
class Shaped:
    """A term in a law: the coefficients ``(1 + q,)`` of its columns, see `Term.linearised`."""

    equation: int
    columns: tuple[int, ...]
    term: Term

    def name(self, weights: Array) -> str:
        """The term as it is written, with a few digits: the same for what settles there again."""
        few = [float(f"{number:.3g}") for number in self.numbers(weights)]
        return str(self.term.at(few).expression())

    def stated(self, weights: Array, root: Array) -> tuple[Term, Array]:
        """The term with numbers that end well below their errors, and the errors."""
        numbers, errors = self.numbers(weights), self.errors(weights, root)
        places = [_places(*pair) for pair in zip(numbers, errors, strict=True)]
        stated = [round(z, k) for z, k in zip(numbers.tolist(), places, strict=True)]
        return self.term.at(stated), errors

    def determined(self, weights: Array, root: Array) -> bool:
        """Whether every number but a place or a phase is larger than its standard error."""
        sized = [one.kind not in {"place", "phase"} for one in self.term.free]
        return bool(np.all((np.abs(self.numbers(weights)) > self.errors(weights, root))[sized]))

    def numbers(self, weights: Array) -> Array:
        """The free numbers ``(q,)`` that weights ``(K,)`` state."""
        own = weights[list(self.columns)]
        return np.asarray(own[1:] / own[0])

    def errors(self, weights: Array, root: Array) -> Array:
        """Their standard errors ``(q,)``, to first order (delta method).

        `root` ``(K, k)``: square root of the covariance of the weights.
        """
        first, rest = root[self.columns[0]], root[list(self.columns[1:])]
        numbers = self.numbers(weights)
        spread = (rest - numbers[:, None] * first) / weights[self.columns[0]]
        return np.asarray(np.sqrt(np.sum(spread**2, axis=1)))


def _places(number: float, error: float) -> int:
    """Decimals that hold a number to a thousandth of its error, and fifteen digits at most."""
    smallest = max(1e-3 * error, 1e-15 * abs(number), float(np.finfo(float).tiny))
    return -int(np.floor(np.log10(smallest))) if np.isfinite(smallest) else 0
