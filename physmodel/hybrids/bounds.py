"""Where the fit of known equations overflows, and how that is told from a defect."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray

from physmodel.errors import ProblemError
from physmodel.models.fields.linear_field import LinearField, Points

Array = NDArray[np.float64]

#: Numbers whose squares are sums in floats.
LARGEST = 1e150


class OutOfBoundsError(ProblemError):
    """A fit of known equations came to numbers for which they have no finite value."""

    def __init__(self) -> None:
        super().__init__(
            "the fit of the known equations leaves all bounds",
            where="known",
            why="the search for their numbers came to where they have no finite value",
            fix="give the numbers inside functions a start (start={...}, --start NAME=VALUE)",
        )


@contextmanager
def within_bounds(field: LinearField, weights: Array, points: Points) -> Iterator[None]:
    """Let a model overflow in silence, and tell an error that this makes from any other.

    Parameters
    ----------
    field : LinearField
    weights : ndarray (K,)
    points : Points
        Where the model is evaluated.

    Raises
    ------
    OutOfBoundsError
        Instead of an error of the linear algebra, if the model has no finite value there.
    """
    try:
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            yield
    except (np.linalg.LinAlgError, ValueError) as error:
        if _bounded(field, weights, points):
            raise
        raise OutOfBoundsError from error


def _bounded(field: LinearField, weights: Array, points: Points) -> bool:
    """Whether squares of the model and its derivatives are numbers."""
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        slopes = [part for part in field.jacobian(points, weights) if part is not None]
        tables = [weights, points.states, field.features(points), *slopes]
    return all(bool(np.all(np.abs(table) < LARGEST)) for table in tables)
