"""How large the unknown numbers of equations are, from how large the variables are.

Every term of an equation is taken to be as large as the rate, all terms of a sum inside it to be
alike, and every argument of a function to be of size one. Logarithms of the sizes then obey linear
equations, one per term: of ``v*s/(K + s)``, ``K`` is as large as ``s`` and ``v`` as the rate. The
answer changes with units as the numbers themselves do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from physmodel.models.fields.expression_field import ExpressionField
from physmodel.problem.algebra.expression import Call, Expression, Product, Variable

Array = NDArray[np.float64]
#: The logarithm of a size: a known number, and how often each unknown logarithm is in it.
Size = tuple[float, dict[str, float]]

#: Largest logarithm of a size: its square is a number.
LARGEST = 300.0
#: Functions whose value is as large as their argument, which need not be near one.
HOMOGENEOUS = frozenset({"abs"})


def magnitudes(
    equations: ExpressionField, sizes: Mapping[str, float], rates: Mapping[str, float]
) -> Array:
    """Typical sizes of the parameters, ``(p,)``, all positive.

    Parameters
    ----------
    equations : ExpressionField
    sizes : mapping of str to float
        Of states, velocities, inputs and ``t``; zeros are passed over. Parameters that are named
        here have these sizes.
    rates : mapping of state to float
        Of the highest time derivatives.
    """
    balance = _Balance({name: float(np.log(size)) for name, size in sizes.items() if size > 0.0})
    for state, expression in zip(equations.states, equations.expressions, strict=True):
        if rates[state] > 0.0:
            balance.require(expression, (float(np.log(rates[state])), {}))
    unknown = list(dict.fromkeys(name for _, powers in balance.rows for name in powers))
    table = np.zeros((len(balance.rows), len(unknown)))
    for row, (_, powers) in zip(table, balance.rows, strict=True):
        for name, times in powers.items():
            row[unknown.index(name)] += times
    target = -np.array([number for number, _ in balance.rows])
    # Where only a product is known, the shortest answer shares it out.
    logs = np.linalg.lstsq(table, target, rcond=None)[0] if unknown else np.empty(0)
    solved = dict(zip(unknown, np.clip(logs, -LARGEST, LARGEST), strict=True)) | balance.known
    return np.array([float(np.exp(solved.get(name, 0.0))) for name in equations.names])


@dataclass
class _Balance:
    """Logarithms of sizes that are known, and rows of linear equations for the others."""

    known: dict[str, float]
    rows: list[Size] = field(default_factory=list)
    sums: int = 0

    def require(self, expression: Expression, size: Size) -> None:
        """Every term of a sum has a size."""
        for inner, coefficient in expression.summands:
            own = self._of_product(inner, coefficient)
            powers = dict(own[1])
            for name, times in size[1].items():
                powers[name] = powers.get(name, 0.0) - times
            if any(powers.values()):
                self.rows.append((own[0] - size[0], powers))

    def _of_product(self, inner: Product, coefficient: float) -> Size:
        number, powers = float(np.log(abs(coefficient))), dict[str, float]()
        for base, exponent in inner.factors:
            own, names = self._of_base(base)
            number += float(exponent) * own
            for name, times in names.items():
                powers[name] = powers.get(name, 0.0) + float(exponent) * times
        return number, powers

    def _of_base(self, base: Variable | Call | Expression) -> Size:
        if isinstance(base, Variable):
            value = self.known.get(base.name)
            return (0.0, {base.name: 1.0}) if value is None else (value, {})
        if isinstance(base, Call) and base.function not in HOMOGENEOUS:
            self.require(base.argument, (0.0, {}))
            return 0.0, {}
        # The common size of the terms of a sum is an unknown of its own.
        name = f"sum {self.sums}"
        self.sums += 1
        size: Size = (0.0, {name: 1.0})
        self.require(base.argument if isinstance(base, Call) else base, size)
        return size
