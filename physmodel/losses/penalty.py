"""Penalties on parameters as residuals, so that least squares and Gauss-Newton can use them.

Half the squared norm of a block is minus the logarithm of a prior density: the only number that it
needs is how large a parameter is expected to be, in the units of the parameter.

References
----------
Yuan, Lin (2006), J. R. Stat. Soc. B 68, 49 (groups); Ochs, Dosovitskiy, Brox, Pock (2015), SIAM J.
Imaging Sci. 8, 331 (penalties with a rounded tip in least squares).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from physmodel.errors import ProblemError

Array = NDArray[np.float64]

#: Where the tip of a penalty is rounded, as a part of the size expected.
TIP = 1e-3


@dataclass(frozen=True, eq=False)
class Ridge:
    """``(w - centre) / size``: a normal prior; a block of `Residuals`.

    Attributes
    ----------
    size : ndarray (p,)
        Standard deviation expected; infinite for parameters that are free.
    centre : ndarray (p,)
    """

    size: Array
    centre: Array

    def values(self, parameters: Array) -> Array:
        """Residuals ``(p,)``."""
        return np.asarray((parameters - self.centre) / self.size)

    def linearised(self, parameters: Array) -> tuple[Array, Array]:
        """Residuals ``(p,)`` and their derivatives ``(p, p)``."""
        return self.values(parameters), np.diag(1.0 / self.size)


@dataclass(frozen=True, eq=False)
class Sparsity:
    """Groups of parameters that are zero together, or not; a block of `Residuals`.

    Half the squared norm is ``sum_g sqrt(k_g) (sqrt(|u_g|^2 + tip^2) - tip)`` with ``u = w / size``
    and ``k_g`` the parameters of group ``g``; groups of one make it the sum of ``|u|``.

    Attributes
    ----------
    size : ndarray (p,)
        Mean absolute value expected, the scale of a Laplace prior.
    groups : ndarray of int (p,)
        Number of the group of each parameter, from zero on; -1 for parameters that are free.
    """

    size: Array
    groups: NDArray[np.intp]

    def values(self, parameters: Array) -> Array:
        """Residuals, one per parameter in a group."""
        return self._parts(parameters)[0]

    def linearised(self, parameters: Array) -> tuple[Array, Array]:
        """Residuals with their derivatives by all parameters."""
        values, bound, u, factor, length = self._parts(parameters)
        group = self.groups[bound]
        # factor^2 is a constant over length + tip, and the slope of length is u / length.
        slope = -factor / (2.0 * (length + TIP)) / length
        same = group[:, None] == group[None, :]
        by_own = np.where(same, (u * slope)[:, None] * u[None, :], 0.0) + np.diag(factor)
        jacobian = np.zeros((len(values), len(parameters)))
        jacobian[:, bound] = by_own / self.size[bound]
        return values, jacobian

    def _parts(self, parameters: Array) -> tuple[Array, NDArray[np.intp], Array, Array, Array]:
        bound = np.flatnonzero(self.groups >= 0)
        group = self.groups[bound]
        u = parameters[bound] / self.size[bound]
        count = np.bincount(group)
        length = np.sqrt(np.bincount(group, weights=u**2) + TIP**2)
        factor = np.sqrt(2.0 * np.sqrt(count) / (length + TIP))[group]
        # |u|^2 = (length - tip) (length + tip): the squares add up to what is wanted.
        return u * factor, bound, u, factor, length[group]


def l2_penalty(size: ArrayLike, *, centre: ArrayLike | None = None) -> Ridge:
    """Parameters are near a centre, zero by default.

    Parameters
    ----------
    size : array_like (p,)
        Standard deviations expected, positive; infinite for parameters that are free.
    centre : array_like (p,), optional

    Raises
    ------
    ProblemError
        If a size is not positive, or the lengths differ.
    """
    sizes = _sizes(size)
    middle = np.zeros(len(sizes)) if centre is None else np.array(centre, dtype=float)
    if middle.shape != sizes.shape or not np.isfinite(middle).all():
        raise ProblemError(
            f"a centre of shape {middle.shape} for {len(sizes)} parameters, or not finite",
            fix="one finite number per parameter",
        )
    return Ridge(sizes, middle)


def l1_penalty(size: ArrayLike) -> Sparsity:
    """Many parameters are zero.

    Parameters
    ----------
    size : array_like (p,)
        Mean absolute values expected, positive; infinite for parameters that are free.

    Raises
    ------
    ProblemError
        If a size is not positive.
    """
    sizes = _sizes(size)
    free = np.isinf(sizes)
    groups = np.where(free, -1, np.cumsum(~free) - 1)
    return Sparsity(sizes, groups.astype(np.intp))


def group_penalty(size: ArrayLike, groups: Sequence[Sequence[int]]) -> Sparsity:
    """Some parameters are zero together.

    Parameters
    ----------
    size : array_like (p,)
        Mean absolute values expected, positive and finite in groups.
    groups : sequence of sequence of int
        Positions of the parameters of each group; those in none are free.

    Raises
    ------
    ProblemError
        If a size is not positive, or a parameter does not exist or stands in two groups.
    """
    sizes = _sizes(size)
    place = np.full(len(sizes), -1, dtype=np.intp)
    for number, group in enumerate(groups):
        for k in group:
            if not 0 <= k < len(sizes) or place[k] >= 0 or np.isinf(sizes[k]):
                raise ProblemError(
                    f"parameter {k} of group {number} does not exist, has no size or stands twice",
                    fix=f"positions 0 to {len(sizes) - 1}, each once, of finite size",
                )
            place[k] = number
    used = np.unique(place[place >= 0])  # groups without members leave no number behind
    place[place >= 0] = np.searchsorted(used, place[place >= 0])
    return Sparsity(sizes, place)


def _sizes(size: ArrayLike) -> Array:
    sizes = np.atleast_1d(np.array(size, dtype=float))
    if sizes.ndim != 1 or not np.all(sizes > 0.0):
        raise ProblemError(
            "the sizes of a penalty are not all positive",
            why="a size is how large a parameter is expected to be",
            fix="one positive number per parameter; infinite for a free one",
        )
    return sizes
