"""Hidden terms with a number inside: saturation, drag by the square, thresholds.

A sum of several terms may be the series of one function that no library holds. So where an
equation takes two terms or more, functions with one number inside are held against what the
network says, and those that follow it best are fitted to the data in place of the sum.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from physmodel.hybrids.distil import Distilled, Heard, ranked
from physmodel.hybrids.names import INNER, factor_name
from physmodel.hybrids.weak.joined import Tangent
from physmodel.hybrids.weak.least_squares_step import least_sizes
from physmodel.hybrids.weak.rounds import Settled, fit_terms
from physmodel.hybrids.weak.weak_fit import State, Weak
from physmodel.models.fields.expression_field import ExpressionField
from physmodel.models.fields.linear_field import Points
from physmodel.models.fields.sparse_field import term_variables
from physmodel.problem.algebra.calculus import evaluate
from physmodel.problem.algebra.expression import add, product, variable
from physmodel.problem.algebra.parser import parse

Array = NDArray[np.float64]

#: Shapes that are fitted to the data, those that follow the network best.
FITTED = 3

#: Numbers inside that are tried on the network, in units of the typical size of the variable.
SIZES = np.geomspace(0.03, 30.0, 13)


#: Part of its largest value by which a variable may fall below zero, through noise, and still be
#: taken for one that is positive.
BELOW = 0.05


@dataclass(frozen=True)
class Form:
    """A function that may be tried.

    Attributes
    ----------
    text : str
        With `INNER` in it where there is a number inside.
    variable : str
        The one whose typical size the number inside is compared with.
    power : int
        Of the variable that the number inside is as large as; zero where there is none.
    """

    text: str
    variable: str
    power: int


@dataclass(frozen=True, eq=False)
class Shape:
    """One function in place of the terms of one or several equations.

    Attributes
    ----------
    equations : tuple of int
        With a factor for each, and one number inside.
    text : str
        With `INNER` in it where there is a number inside.
    fit : Settled
        With the shape in the known part: its parameters are the last ones.
    evidence : float
        Its numbers priced as terms.
    """

    equations: tuple[int, ...]
    text: str
    fit: Settled
    evidence: float


def shaped(
    terms: Weak,
    fit: Settled,
    net_fit: State,
    output: Array,
    points: Points,
    equations: tuple[int, ...],
) -> list[Shape]:
    """Fit functions in place of the terms of some equations.

    Parameters
    ----------
    terms : Weak
        With a library behind the known part.
    fit : Settled
        Known part and terms.
    net_fit : State
        Known part and network.
    output : ndarray (n, d)
        Of the network, in computing units.
    points : Points
        Where.
    equations : tuple of int
        All of them take the same function.

    Returns
    -------
    list of Shape
        Best first.
    """
    field, net = fit.state.known.field, net_fit.known
    if not isinstance(field, ExpressionField) or INNER in field.names:
        return []
    target = _Target.of(net, output, points, equations)
    screened = [(*target.nearest(form), form) for form in _forms(field, target.values)]
    library = terms.parts[0]
    others = [k for k in fit.free if np.all(library.placement[list(equations), k] < 0)]
    found = []
    for _, numbers, form in sorted(screened, key=lambda one: one[0])[:FITTED]:
        changed = _with_shape(field, form, numbers, equations)
        state = replace(fit.state, known=Tangent(changed, net.coordinates), latent=net_fit.latent)
        free = np.array(others, dtype=np.intp)
        one = fit_terms(terms, state, free, least_sizes(changed))
        extra = len(changed.names) - len(field.names)
        price = one.now.step.criterion.penalty
        found.append(Shape(equations, form.text, one, one.evidence + extra * price))
    return sorted(found, key=lambda shape: shape.evidence)


def contested(found: Distilled, shapes: Sequence[Shape]) -> Distilled:
    """Let functions compete with sums of terms.

    Parameters
    ----------
    found : Distilled
        Sums of terms.
    shapes : sequence of Shape

    Returns
    -------
    Distilled
        The winner may be a shape.
    """
    if not shapes:
        return found
    base = found.fit.evidence
    others = [
        Heard(
            tuple(shape.fit.free.tolist()),
            shape.evidence - base,
            0.0,
            (shape.equations, shape.text),
        )
        for shape in shapes
    ]
    heard = ranked([*found.heard, *others])
    best = min(shapes, key=lambda shape: shape.evidence)
    return Distilled(best.fit if heard[0].shape else found.fit, heard)


def _forms(field: ExpressionField, values: Mapping[str, Array]) -> Iterator[Form]:
    """Functions of one variable, alone or times another."""
    names = term_variables(field.states, field.inputs, field.order)[:-1]
    for name in names:
        if values[name].min() <= -BELOW * values[name].max():  # of either sign
            yield Form(f"{name}*abs({name})", name, 0)
            yield Form(f"tanh({name}/{INNER})", name, 1)
            yield Form(f"{name}/({INNER} + abs({name}))", name, 1)
            continue
        yield Form(f"{name}/({INNER} + {name})", name, 1)
        yield Form(f"{name}^2/({INNER} + {name}^2)", name, 2)
        yield Form(f"exp(-{name}/{INNER})", name, 1)
        for other in names:
            if other != name:
                first = names.index(other) < names.index(name)
                plain = f"{other}*{name}" if first else f"{name}*{other}"
                square = f"{other}*{name}^2" if first else f"{name}^2*{other}"
                yield Form(f"{plain}/({INNER} + {name})", name, 1)
                yield Form(f"{square}/({INNER} + {name}^2)", name, 2)
                yield Form(f"{other}*exp(-{name}/{INNER})", name, 1)


def _values(points: Points, known: Tangent) -> dict[str, Array]:
    """Values ``(n,)`` of all variables of terms, in user units."""
    field = known.field
    time, states, velocities, inputs = known.arguments(points)
    blocks = [states, *([] if velocities is None else [velocities]), inputs, time[:, None]]
    names = term_variables(field.states, field.inputs, field.order)
    return dict(zip(names, np.concatenate(blocks, axis=1).T, strict=True))


@dataclass(frozen=True, eq=False)
class _Target:
    """What ``e`` equations have to give, and the columns ``(e, n, q)`` of the known part."""

    known: Tangent
    values: Mapping[str, Array]
    base: Array
    rate: Array
    unit: Array

    @classmethod
    def of(
        cls, known: Tangent, output: Array, points: Points, equations: tuple[int, ...]
    ) -> _Target:
        """Known part and network, in computing units."""
        slopes = known.features(points).reshape(len(output), -1, known.n_coefficients)
        chosen = list(equations)
        base = slopes[:, chosen, 1:].swapaxes(0, 1)
        rate = output[:, chosen].T + base @ known.field.parameters
        unit = known.coordinates.rate_scale(known.field.order)[chosen]
        return cls(known, _values(points, known), base, rate, unit)

    def nearest(self, form: Form) -> tuple[float, Array]:
        """Least misfit of a form, and parameters, factors and number inside that give it."""
        field, (e, n) = self.known.field, self.rate.shape
        expression = parse(form.text, (*self.values, INNER))
        typical = float(np.median(np.abs(self.values[form.variable]))) ** form.power
        base, rate = self.base.reshape(e * n, -1), self.rate.ravel()
        used = np.flatnonzero(base.any(axis=0))
        best = (np.inf, np.concatenate([field.parameters, np.zeros(e), [1.0]]))
        for inner in typical * SIZES if form.power else np.ones(1):
            with np.errstate(all="ignore"):
                value = evaluate(expression, {**self.values, INNER: inner})
            column = np.broadcast_to(value, n)[:, None]
            if not np.all(np.isfinite(column)):
                continue
            matrix = np.hstack([base[:, used], np.kron(np.diag(1.0 / self.unit), column)])
            norm = np.linalg.norm(matrix, axis=0)
            norm = np.where(norm > 0.0, norm, 1.0)
            solution = np.linalg.lstsq(matrix / norm, rate, rcond=None)[0] / norm
            left = rate - matrix @ solution
            if left @ left < best[0]:
                numbers = field.parameters.copy()
                numbers[used] = solution[:-e]
                best = (float(left @ left), np.concatenate([numbers, solution[-e:], [inner]]))
        return best


def _with_shape(
    field: ExpressionField, form: Form, numbers: Array, equations: tuple[int, ...]
) -> ExpressionField:
    variables = (*term_variables(field.states, field.inputs, field.order), INNER)
    expressions, shape = list(field.expressions), parse(form.text, variables)
    factors = tuple(factor_name(equation) for equation in equations)
    for equation, name in zip(equations, factors, strict=True):
        expressions[equation] = add(expressions[equation], product(variable(name), shape))
    extra = (*factors, INNER) if form.power else factors
    return ExpressionField(
        field.states,
        field.inputs,
        field.order,
        tuple(expressions),
        (*field.names, *extra),
        numbers[: len(field.names) + len(extra)],
    )
