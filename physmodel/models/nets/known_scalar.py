"""A known formula as a scalar without parameters: quantities that a field shall keep or lose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from physmodel.errors import ProblemError
from physmodel.models.nets.form import like
from physmodel.problem.algebra.calculus import derivative, names_in
from physmodel.problem.algebra.expression import Call, Expression, Variable
from physmodel.problem.algebra.parser import parse

_FUNCTIONS = {
    "sin": torch.sin,
    "cos": torch.cos,
    "tan": torch.tan,
    "exp": torch.exp,
    "log": torch.log,
    "abs": torch.abs,
    "tanh": torch.tanh,
    "sinh": torch.sinh,
    "cosh": torch.cosh,
    "sign": torch.sign,
}


@dataclass(frozen=True)
class KnownScalar:
    """``C(centre + scale x)`` with a formula ``C``.

    Attributes
    ----------
    names : tuple of str
        Variables, in the order of the point.
    formula : str
    centre, scale : tuple of float or None
        Where the point is in scaled coordinates.
    unit : float
        Values are divided by it.
    """

    names: tuple[str, ...]
    formula: str
    centre: tuple[float, ...] | None = None
    scale: tuple[float, ...] | None = None
    unit: float = 1.0

    def __post_init__(self) -> None:
        unknown = names_in(self.expression) - set(self.names)
        if unknown:
            raise ProblemError(
                f"the formula {self.formula} holds {', '.join(sorted(unknown))}",
                fix="use the variables " + ", ".join(self.names),
            )

    @cached_property
    def expression(self) -> Expression:
        """The formula, read."""
        return parse(self.formula, self.names)

    @cached_property
    def slopes(self) -> tuple[Expression, ...]:
        """Derivatives by each variable."""
        return tuple(derivative(self.expression, name) for name in self.names)

    @property
    def n_variables(self) -> int:
        """Number of variables ``D``."""
        return len(self.names)

    @property
    def n_parameters(self) -> int:
        """Length of the parameter vector: zero."""
        return 0

    def initial(self, seed: int) -> NDArray[np.float64]:
        """No parameters."""
        return np.empty(0)

    def value(self, parameters: Tensor, point: Tensor) -> Tensor:
        """Values ``(...)`` at points ``(..., D)``."""
        return _evaluate(self.expression, self._columns(point), point[..., 0]) / self.unit

    def gradient(self, parameters: Tensor, point: Tensor) -> Tensor:
        """Derivatives ``(..., D)`` by the point."""
        columns = self._columns(point)
        parts = [_evaluate(slope, columns, point[..., 0]) for slope in self.slopes]
        found = torch.stack(parts, dim=-1) / self.unit
        return found if self.scale is None else found * like(self.scale, point)

    def _columns(self, point: Tensor) -> dict[str, Tensor]:
        if self.scale is not None:
            point = point * like(self.scale, point)
        if self.centre is not None:
            point = point + like(self.centre, point)
        return dict(zip(self.names, point.unbind(-1), strict=True))


def _evaluate(expression: Expression, columns: Mapping[str, Tensor], like: Tensor) -> Tensor:
    """Value with the shape of `like`, which may be that of a constant."""
    total = torch.zeros_like(like)
    for inner, coefficient in expression.summands:
        term = torch.full_like(like, coefficient)
        for base, exponent in inner.factors:
            if isinstance(base, Variable):
                value = columns[base.name]
            elif isinstance(base, Call):
                value = _FUNCTIONS[base.function](_evaluate(base.argument, columns, like))
            else:
                value = _evaluate(base, columns, like)
            term = term * _raised(value, exponent)
        total = total + term
    return total


def _raised(value: Tensor, exponent: Fraction) -> Tensor:
    whole = exponent.denominator == 1
    return value if exponent == 1 else value ** (int(exponent) if whole else float(exponent))
