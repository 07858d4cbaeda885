"""Known part and hidden terms as one field of equations with unknown numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from physmodel.discovery.hybrid.search import Search
from physmodel.discovery.hybrid.weak_fit import covariance_of
from physmodel.discovery.preparation import Prepared
from physmodel.models.constrain import ConstrainedField
from physmodel.models.expression_field import ExpressionField
from physmodel.models.term_field import TermField
from physmodel.problem.expression import add, constant, product, variable

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Assembled:
    """An equation with all its unknown numbers.

    Attributes
    ----------
    field : ExpressionField
        Parameters of the known part, then one for each free combination of terms.
    basis : ndarray (d p, k)
        Coefficients of the terms, in user units, for each of the latter.
    covariance : ndarray (q + k, q + k)
        By the weak form.
    """

    field: ExpressionField
    basis: Array
    covariance: Array


def assembled(prepared: Prepared, known: ExpressionField, best: Search) -> Assembled:
    """Write the winner of a search as equations.

    Parameters
    ----------
    prepared : Prepared
    known : ExpressionField
    best : Search

    Returns
    -------
    Assembled
    """
    fit, field = best.found.fit, best.terms.parts[0]
    if not isinstance(field, TermField | ConstrainedField):
        raise TypeError(f"no library of terms: {field!r}")
    terms, d = best.library.terms.terms, len(known.states)
    q, free = len(known.parameters), fit.free
    columns = []
    for column in free:
        unit = np.zeros(field.n_coefficients)
        unit[column] = 1.0
        columns.append(field.physical(unit).ravel())
    basis = np.array(columns).T.reshape(d * len(terms), len(free))
    size = np.abs(basis).max(axis=0, initial=0.0)
    names = [f"hidden[{k}]" for k in range(len(free))]
    expressions = []
    for e, expression in enumerate(known.expressions):
        parts = [expression]
        for k, name in enumerate(names):
            row = basis[:, k].reshape(d, -1)[e] / size[k]
            combined = [product(constant(c), term) for c, term in zip(row, terms, strict=True) if c]
            if combined:
                parts.append(product(variable(name), add(*combined)))
        expressions.append(add(*parts))
    chosen = np.concatenate([np.arange(q), q + free])
    factor = fit.now.factor
    spread = covariance_of((factor.r * factor.scale)[:, chosen]) * fit.variance
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
    return Assembled(
        whole, basis / np.where(size > 0.0, size, 1.0), spread * np.outer(units, units)
    )
