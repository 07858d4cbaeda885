"""Laws of a vector field, at points and along its motion, with a sentence on where they fail."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from physmodel.errors import PhysmodelError
from physmodel.models.defect import law_defect
from physmodel.models.fields.linear_field import Points
from physmodel.models.fields.vector_field import VectorField
from physmodel.models.integration.integrate import integrate
from physmodel.problem.algebra.calculus import derivative, evaluate
from physmodel.problem.algebra.expression import Expression
from physmodel.problem.known.conditions import phase_variables
from physmodel.problem.known.law import Law
from physmodel.problem.known.law_text import read_law
from physmodel.testing.failure import require
from physmodel.testing.field import points_for, rate_at, worst

Array = NDArray[np.float64]

#: Relative violation of a field that obeys, with room for fields that are no expressions.
TOLERANCE = 1e-9

#: The motion is followed for this many times in which the states change by their size.
SPAN = 5.0


def check_law(
    law: Law | str,
    field: VectorField,
    points: Points | None = None,
    *,
    tolerance: float = TOLERANCE,
) -> None:
    """Check that a field obeys a law, at points and along its motion.

    Parameters
    ----------
    law : Law or str
        Or its name, as in ``"conserves:x^2 + v^2"``.
    field : VectorField
    points : Points, optional
        Where the field is defined; see `points_for`. The first of them is followed along the
        motion, unless it blows up or the field has inputs.
    tolerance : float
        Largest violation, relative to the parts that should cancel. Fields that are no expressions
        are differentiated numerically and reach about 1e-9.

    Raises
    ------
    AssertionError
        If the law fails at a point, or if a quantity that should stay changes along the motion.
    """
    stated = read_law(law, field.states, field.inputs) if isinstance(law, str) else law
    where = points_for(field) if points is None else points
    defect = law_defect(stated, field, where)
    if not defect <= tolerance:
        most = worst(field, where, lambda some: law_defect(stated, field, some))
        raise AssertionError(
            f"law {stated.text}: it fails by {defect:.2g} of the parts that should cancel where "
            f"{tolerance:.2g} is allowed, most at {most}"
        )
    followed = stated.kind == "dissipation" or (stated.kind == "balance" and not stated.channels)
    if followed and stated.quantity is not None and not field.inputs:
        _follow(stated.text, stated.quantity, stated.kind, field, where, tolerance)


def _follow(
    text: str,
    quantity: Expression,
    kind: str,
    field: VectorField,
    points: Points,
    tolerance: float,
) -> None:
    """Require that a quantity stays, or never grows, along the motion from the first point."""
    rate, d = rate_at(field, points), len(field.states)
    moving = points.states if points.velocities is None else points.velocities
    span = SPAN * (np.abs(moving).max() or 1.0) / (np.abs(rate).max() or 1.0)
    time = points.time[0] + np.linspace(0.0, span, 200)

    def motion(now: float, z: Array) -> Array:
        velocity = z[None, d:] if field.order == 2 else None
        highest = field.rate(np.array([now]), z[None, :d], velocity, np.empty((1, 0)))[0]
        return np.concatenate([z[d:], highest])

    start = points.states[0]
    if points.velocities is not None:
        start = np.concatenate([start, points.velocities[0]])
    try:
        path = integrate(motion, time, start, rtol=1e-12, max_evaluations=20_000)
    except PhysmodelError:
        return  # it blows up or leaves where the field is defined: there is no motion to follow
    names = phase_variables(field.states, (), field.order)
    columns = dict(zip(names, [*path.T, time], strict=True))
    values = np.broadcast_to(np.asarray(evaluate(quantity, dict(columns))), time.shape)
    parts = [np.abs(evaluate(derivative(quantity, n), dict(columns)) * columns[n]) for n in names]
    size = np.max(np.abs(values)) + np.max(np.sum(np.broadcast_arrays(*parts), axis=0))
    change = values - values[0]
    if kind == "dissipation":
        change = np.maximum(values - np.minimum.accumulate(values), 0.0)
    worst = int(np.argmax(np.abs(change)))
    # Local errors of 1e-12 add up to some hundred of them over a few swings.
    bound = max(tolerance, 1e-9) * size
    require(
        np.abs(change[worst]) <= bound,
        f"law {text}: along the motion the quantity changes by {change[worst]:.2g} until "
        f"t = {time[worst]:.4g}, where {bound:.2g} is allowed",
    )
