"""Known part and hidden terms as one field of equations with unknown numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from physmodel.hybrids.names import INNER, combination_name
from physmodel.hybrids.search import Search
from physmodel.hybrids.weak.least_squares_step import covariance_of
from physmodel.models.constrain import ConstrainedField
from physmodel.models.fields.expression_field import ExpressionField
from physmodel.models.fields.term_field import TermField
from physmodel.problem.algebra.expression import add, constant, product, variable

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Assembled:
    """An equation with all its unknown numbers.

    Attributes
    ----------
    field : ExpressionField
        Parameters of the known part, those of a shape, then one for each free combination of terms.
    q, n_shape : int
        Parameters before those of the combinations, and how many of them belong to a shape.
    basis : ndarray (d p, k)
        Coefficients of the terms, in user units, for each of the latter.
    covariance : ndarray (q + k, q + k)
        By the weak form.
    """

    field: ExpressionField
    q: int
    n_shape: int
    basis: Array
    covariance: Array


def assembled(best: Search) -> Assembled:
    """Write the winner of a search as equations."""
    fit, field = best.found.fit, best.terms.parts[0]
    known = fit.state.known.field
    if not isinstance(field, TermField | ConstrainedField) or not isinstance(
        known, ExpressionField
    ):
        raise TypeError(f"no equations with a library of terms: {known!r}, {field!r}")
    terms, d = best.library.terms.terms, len(known.states)
    q, free = len(known.parameters), fit.free
    columns = []
    for column in free:
        unit = np.zeros(field.n_coefficients)
        unit[column] = 1.0
        columns.append(field.physical(unit).ravel())
    basis = np.array(columns).T.reshape(d * len(terms), len(free))
    size = np.abs(basis).max(axis=0, initial=0.0)
    names = [combination_name(k) for k in range(len(free))]
    expressions = []
    for e, expression in enumerate(known.expressions):
        parts = [expression]
        for k, name in enumerate(names):
            row = basis[:, k].reshape(d, -1)[e] / size[k]
            combined = [product(constant(c), term) for c, term in zip(row, terms, strict=True) if c]
            if combined:
                parts.append(product(variable(name), add(*combined)))
        expressions.append(add(*parts))
    spread = covariance_of(fit.now.rows(free)) * fit.variance
    units = np.concatenate([np.ones(q), size])
    values = np.concatenate([fit.state.parameters, fit.state.weights[free] * size])
    whole = ExpressionField(
        known.states,
        known.inputs,
        known.order,
        tuple(expressions),
        (*known.names, *names),
        values,
    )
    shape = best.found.heard[0].shape
    n_shape = 0 if shape is None else len(shape[0]) + (INNER in known.names)
    per_size = basis / np.where(size > 0.0, size, 1.0)
    return Assembled(whole, q, n_shape, per_size, spread * np.outer(units, units))
