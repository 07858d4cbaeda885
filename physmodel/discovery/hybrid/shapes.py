"""Hidden terms with a number inside: saturation, drag by the square, thresholds.

A sum of several terms may be the series of one function that no library holds. So where an
equation takes two terms or more, functions with one number inside are held against what the
network says, and those that follow it best are fitted to the data in place of the sum.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from physmodel.discovery.hybrid.distil import Distilled, Heard, ranked
from physmodel.discovery.hybrid.joined import Tangent
from physmodel.discovery.hybrid.least_squares_step import least_sizes
from physmodel.discovery.hybrid.rounds import Settled, fit_terms
from physmodel.discovery.hybrid.weak_fit import State, Weak
from physmodel.models.expression_field import ExpressionField
from physmodel.models.linear_field import Points
from physmodel.models.sparse_field import term_variables
from physmodel.problem.calculus import evaluate
from physmodel.problem.expression import add, product, variable
from physmodel.problem.parser import parse

Array = NDArray[np.float64]

#: Names of the two numbers of a shape.
FACTOR, INNER = "hidden_factor", "hidden_constant"

#: Shapes that are fitted to the data, those that follow the network best.
FITTED = 3

#: Numbers inside that are tried on the network, in units of the typical size of the variable.
SIZES = np.geomspace(0.03, 30.0, 13)


@dataclass(frozen=True, eq=False)
class Shape:
    """One function in place of the terms of one equation.

    Attributes
    ----------
    equation : int
    text : str
        With `INNER` in it where there is a number inside.
    fit : Settled
        With the shape in the known part: its parameters are the last ones.
    evidence : float
        Its numbers priced as terms.
    """

    equation: int
    text: str
    fit: Settled
    evidence: float


def shaped(
    terms: Weak, fit: Settled, net_fit: State, output: Array, points: Points, equation: int
) -> list[Shape]:
    """Fit functions in place of the terms of one equation.

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
    equation : int

    Returns
    -------
    list of Shape
        Best first.
    """
    field, net = fit.state.known.field, net_fit.known
    if not isinstance(field, ExpressionField) or {FACTOR, INNER} & {*field.names}:
        return []
    screened = []
    for text in _texts(field, points, net):
        misfit, numbers = _on_network(net, text, output, points, equation)
        screened.append((misfit, text, numbers))
    library = terms.parts[0]
    others = [k for k in fit.free if library.placement[equation, k] < 0]
    found = []
    for _, text, numbers in sorted(screened, key=lambda one: one[0])[:FITTED]:
        changed = _with_shape(field, text, numbers, equation)
        state = replace(fit.state, known=Tangent(changed, net.coordinates), latent=net_fit.latent)
        free = np.array(others, dtype=np.intp)
        one = fit_terms(terms, state, free, least_sizes(changed))
        extra = len(changed.names) - len(field.names)
        price = one.now.step.criterion.penalty
        found.append(Shape(equation, text, one, one.evidence + extra * price))
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
            tuple(shape.fit.free.tolist()), shape.evidence - base, 0.0, (shape.equation, shape.text)
        )
        for shape in shapes
    ]
    heard = ranked([*found.heard, *others])
    best = min(shapes, key=lambda shape: shape.evidence)
    return Distilled(best.fit if heard[0].shape else found.fit, heard)


def _texts(field: ExpressionField, points: Points, known: Tangent) -> Iterator[str]:
    """Functions of one variable, alone or times another."""
    names = term_variables(field.states, field.inputs, field.order)[:-1]
    columns = dict(zip(names, _physical(points, known).T, strict=True))
    for name in names:
        positive = bool(columns[name].min() > -0.05 * columns[name].max())
        if not positive:
            yield f"{name}*abs({name})"
            yield f"tanh({name}/{INNER})"
            yield f"{name}/({INNER} + abs({name}))"
            continue
        for head in ("", *(f"{other}*" for other in names if other != name)):
            yield f"{head}{name}/({INNER} + {name})"
            yield f"{head}{name}^2/({INNER} + {name}^2)"
            yield f"{head}exp(-{name}/{INNER})"


def _physical(points: Points, known: Tangent) -> Array:
    _, states, velocities, inputs = known.arguments(points)
    blocks = [states, *([] if velocities is None else [velocities]), inputs]
    return np.concatenate(blocks, axis=1)


def _on_network(
    known: Tangent, text: str, output: Array, points: Points, equation: int
) -> tuple[float, Array]:
    """Misfit of a shape to known part and network, and all numbers with which it is least."""
    field = known.field
    variables = term_variables(field.states, field.inputs, field.order)
    expression = parse(text, (*variables, INNER))
    values = dict(zip(variables, _physical(points, known).T, strict=False))
    slopes = known.features(points).reshape(len(output), -1, known.n_coefficients)
    base = slopes[:, equation, 1:]
    used = np.flatnonzero(base.any(axis=0))
    target = output[:, equation] + base @ field.parameters
    name = next(v for v in variables if f"({v}" in text or f"+ {v}" in text or f"{v}/" in text)
    typical = float(np.median(np.abs(values[name]))) ** (2.0 if "^2" in text else 1.0)
    sizes = typical * SIZES if INNER in text else np.ones(1)
    scale = float(known.coordinates.rate_scale(field.order)[equation])
    best = (np.inf, np.concatenate([field.parameters, [0.0, 1.0]]))
    for inner in sizes:
        with np.errstate(all="ignore"):
            column = np.broadcast_to(evaluate(expression, {**values, INNER: inner}), target.shape)
        if not np.all(np.isfinite(column)):
            continue
        matrix = np.column_stack([base[:, used], column / scale])
        norm = np.linalg.norm(matrix, axis=0)
        norm = np.where(norm > 0.0, norm, 1.0)
        solution = np.linalg.lstsq(matrix / norm, target, rcond=None)[0] / norm
        left = target - matrix @ solution
        misfit = float(left @ left)
        if misfit < best[0]:
            numbers = field.parameters.copy()
            numbers[used] = solution[:-1]
            best = (misfit, np.concatenate([numbers, [solution[-1], inner]]))
    return best


def _with_shape(
    field: ExpressionField, text: str, numbers: Array, equation: int
) -> ExpressionField:
    variables = (*term_variables(field.states, field.inputs, field.order), INNER)
    shape = product(variable(FACTOR), parse(text, variables))
    expressions = list(field.expressions)
    expressions[equation] = add(expressions[equation], shape)
    extra = (FACTOR, INNER) if INNER in text else (FACTOR,)
    return ExpressionField(
        field.states,
        field.inputs,
        field.order,
        tuple(expressions),
        (*field.names, *extra),
        numbers[: len(field.names) + len(extra)],
    )
