"""What every vector field must do, whatever its equations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields

import numpy as np
from numpy.typing import NDArray

from physmodel.models.fields.linear_field import Points
from physmodel.models.fields.vector_field import VectorField
from physmodel.testing.failure import require, require_close

Array = NDArray[np.float64]

#: Relative size of rounding: vectorised sums of some thousand terms may be ordered differently.
ROUNDING = 1e-12


def points_for(field: VectorField, seed: int = 0, count: int = 30) -> Points:
    """Points at which a field can be tried when nothing is known about it.

    Returns: states and inputs between 0.5 and 1.5, where logarithms and inverses are defined;
    velocities and times of both signs.
    """
    rng = np.random.default_rng(seed)
    d, m = len(field.states), len(field.inputs)
    return Points(
        rng.uniform(-1.0, 1.0, count),
        rng.uniform(0.5, 1.5, (count, d)),
        rng.uniform(-1.0, 1.0, (count, d)) if field.order == 2 else None,
        rng.uniform(0.5, 1.5, (count, m)),
    )


def rate_at(field: VectorField, points: Points) -> Array:
    """The field at points, ``(n, d)``."""
    return field.rate(points.time, points.states, points.velocities, points.inputs)


def rows_of(points: Points, rows: NDArray[np.intp]) -> Points:
    """Some of the points."""
    velocities = None if points.velocities is None else points.velocities[rows]
    return Points(points.time[rows], points.states[rows], velocities, points.inputs[rows])


def place(field: VectorField, points: Points, row: int) -> str:
    """States and inputs of one point in words."""
    names = (*field.states, *field.inputs)
    values = (*points.states[row], *points.inputs[row])
    return ", ".join(f"{name} = {value:.4g}" for name, value in zip(names, values, strict=True))


def worst(field: VectorField, points: Points, defect: Callable[[Points], float]) -> str:
    """The point at which something fails most, in words."""
    single = [defect(rows_of(points, np.array([k]))) for k in range(len(points.time))]
    return place(field, points, int(np.argmax(single)))


def check_field(field: VectorField, points: Points | None = None) -> None:
    """Check that an object is a vector field: names, shapes, and one answer for one point.

    Parameters
    ----------
    field : VectorField
    points : Points, optional
        Where its values are finite; see `points_for`.

    Raises
    ------
    AssertionError
        If names repeat, the order is neither 1 nor 2, the rate has another shape or type than
        ``(n, d)`` float64, is not finite, differs from call to call or with the other rows of the
        table, or if an argument is changed.
    """
    name = type(field).__name__
    names = (*field.states, *field.inputs)
    require(field.states, f"{name}: it has no states")
    require(len(set(names)) == len(names), f"{name}: states and inputs {names} share a name")
    require(field.order in (1, 2), f"{name}: the order is {field.order}, neither 1 nor 2")
    where = points_for(field) if points is None else points
    count, d = where.states.shape
    require(
        d == len(field.states),
        f"{name}: the points have {d} states and the field has {len(field.states)}",
    )
    frozen = rows_of(where, np.arange(count))
    for one in fields(frozen):
        array = getattr(frozen, one.name)
        if array is not None:
            array.flags.writeable = False
    try:
        found = rate_at(field, frozen)
    except ValueError as error:
        require("read-only" not in str(error), f"{name}: rate changes its arguments")
        raise
    require(isinstance(found, np.ndarray), f"{name}: rate returns a {type(found).__name__}")
    require(found.dtype == np.float64, f"{name}: rate returns {found.dtype} and not float64")
    require(found.shape == (count, d), f"{name}: rate has the shape {found.shape}, not {count, d}")
    bad = np.argwhere(~np.isfinite(found))
    require(
        not len(bad),
        f"{name}: the rate of {field.states[bad[0][1]] if len(bad) else ''} is not finite at "
        f"point {bad[0][0] if len(bad) else ''}",
    )
    bound = ROUNDING * np.abs(found).max(initial=1.0)
    require(np.array_equal(rate_at(field, frozen), found), f"{name}: two equal calls differ")
    shuffled = np.random.default_rng(1).permutation(count)
    again = rate_at(field, rows_of(where, shuffled))
    require_close(again, found[shuffled], bound, f"{name}: rate depends on the order of the rows")
    single = np.concatenate([rate_at(field, rows_of(where, np.array([k]))) for k in range(count)])
    require_close(single, found, bound, f"{name}: rate of a row depends on the other rows")
    empty = rate_at(field, rows_of(where, np.arange(0)))
    require(empty.shape == (0, d), f"{name}: no points give the shape {empty.shape}, not {0, d}")
