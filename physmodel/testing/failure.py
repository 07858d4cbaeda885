"""One way to fail: a sentence that says what, where and by how much."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from physmodel.errors import PhysmodelError

Array = NDArray[np.float64]


def require(holds: object, sentence: str) -> None:
    """Raise an ``AssertionError`` with this sentence unless `holds` is true."""
    if not holds:
        raise AssertionError(sentence)


def require_close(found: ArrayLike, expected: ArrayLike, bound: float, what: str) -> None:
    """Require that two arrays differ nowhere by more than a bound.

    `found`, `expected`: of one shape. `what`: names the comparison; the place and the size of the
    largest difference are added. Raises AssertionError if they differ by more, in shape, or if a
    number is not finite.
    """
    left, right = np.asarray(found), np.asarray(expected)
    require(
        left.shape == right.shape, f"{what}: the shape is {left.shape} and should be {right.shape}"
    )
    if not left.size:
        return
    with np.errstate(all="ignore"):
        difference = np.abs(left - right)
    difference = np.where(np.isnan(difference), np.inf, difference)
    place = np.unravel_index(int(np.argmax(difference)), difference.shape)
    require(
        difference[place] <= bound,
        f"{what}: {left[place]:.6g} instead of {right[place]:.6g} at {tuple(map(int, place))}, "
        f"a difference of {difference[place]:.2g} where {bound:.2g} is allowed",
    )


def require_refusal(call: Callable[[], object], what: str) -> None:
    """Require that a request is refused by a `PhysmodelError` or a ``ValueError``."""
    try:
        call()
    except (PhysmodelError, ValueError):
        return
    except Exception as error:
        raise AssertionError(
            f"{what}: it ends in a {type(error).__name__} instead of an error that says what is "
            f"wrong ({error})"
        ) from error
    raise AssertionError(f"{what}: it is answered instead of refused")
