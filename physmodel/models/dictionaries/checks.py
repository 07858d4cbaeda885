"""What a dictionary takes: numbers of its shape, however large or small they are."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from physmodel.errors import ProblemError
from physmodel.optimizers.reading import finite_numbers

Array = NDArray[np.float64]

#: Sizes up to this, and down to its inverse, may be squared and summed as they are.
SAFE = 1e100


def of_shape(values: ArrayLike, shape: tuple[int, ...], what: str, name: str) -> Array:
    """Read finite numbers of one shape.

    Raises ProblemError if they have another shape, or a number is missing, masked or infinite.
    """
    array = finite_numbers(values, f"the {what}")
    if array.shape != shape:
        raise ProblemError(
            f"The {what} have the shape {array.shape}, not {shape}.",
            where=name,
            why="A dictionary holds atoms for signals of one shape and takes a number for each.",
            fix="Build the dictionary for the shape of your signal, or flatten the bands.",
        )
    return array


def in_range(linear: Callable[[Array], Array], array: Array, name: str) -> Array:
    """Apply a linear map in a unit near the largest number, a power of two, which changes no digit.

    `array`: finite. `name`: whose map it is. Raises ProblemError if a number of the image is larger
    than any float.
    """
    largest = float(np.abs(array).max(initial=0.0))
    if largest == 0.0 or 1.0 / SAFE <= largest <= SAFE:
        return linear(array)
    power = int(np.frexp(largest)[1])
    with np.errstate(over="ignore"):
        image = np.asarray(np.ldexp(linear(np.ldexp(array, -power)), power))
    if not np.isfinite(image).all():
        raise ProblemError(
            f"numbers up to {largest:.3g} are too large",
            where=name,
            why="their sums are larger than any number",
            fix="choose a larger unit",
        )
    return image
