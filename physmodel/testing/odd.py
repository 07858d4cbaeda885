"""Trajectories that are valid and yet not what anybody expects."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from physmodel.errors import require
from physmodel.testing.strategies import trajectories

if TYPE_CHECKING:
    from hypothesis import strategies as st
else:
    st = require("hypothesis.strategies", "testing")

Array = NDArray[np.float64]


@st.composite
def odd_trajectories(
    draw: st.DrawFn, *, dim: int | None = None, min_size: int = 8, max_size: int = 40
) -> tuple[str, list[Array], list[Array]]:
    """Up to three trajectories with something odd about them: all numbers are finite.

    Parameters
    ----------
    dim : int, optional
        Number of states before a column is added, up to four by default.
    min_size, max_size : int
        Bounds of the number of samples.

    Returns
    -------
    strategy of (str, list of ndarray (n_i,), list of ndarray (n_i, d))
        What is odd, times and states, for ``from_arrays(times, states)``.
    """
    times, states = draw(trajectories(dim=dim, min_size=min_size, max_size=max_size))
    name = draw(st.sampled_from(sorted(_ODD)))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    origin = draw(st.sampled_from((0.0, 1e9)))
    changed = [_ODD[name](k, x, states, rng) for k, x in enumerate(states)]
    return name, [t + origin for t in times], changed


def _with_column(x: Array, column: Array | float) -> Array:
    return np.column_stack([x, np.broadcast_to(column, len(x))])


def _still(x: Array, value: float) -> Array:
    return np.column_stack([np.full(len(x), value), x[:, 1:]])


def _spiked(x: Array) -> Array:
    changed = x.copy()
    changed[len(x) // 2, 0] = 1e50
    return changed


def _is_shortest(k: int, every: list[Array]) -> bool:
    return k == int(np.argmin([len(x) for x in every]))


#: Number of a trajectory, its states, all states, random numbers -> states.
_ODD: dict[str, Callable[[int, Array, list[Array], np.random.Generator], Array]] = {
    "nothing": lambda k, x, every, rng: x,
    "moves in the shortest only": lambda k, x, every, rng: (
        x if _is_shortest(k, every) else _still(x, 1.0)
    ),
    "still in the first": lambda k, x, every, rng: _still(x, 3.0) if k == 0 else x,
    "zero in the first": lambda k, x, every, rng: 0.0 * x if k == 0 else x,
    "copies": lambda k, x, every, rng: every[0][: len(x)],
    "nearly a copied column": lambda k, x, every, rng: _with_column(x, (1.0 + 1e-9) * x[:, 0]),
    "a number per trajectory": lambda k, x, every, rng: _with_column(x, float(k)),
    "rounded": lambda k, x, every, rng: np.round(x),
    "signs": lambda k, x, every, rng: np.sign(x),
    "a spike": lambda k, x, every, rng: _spiked(x),
    "tiny": lambda k, x, every, rng: 1e-55 * x,
    "huge": lambda k, x, every, rng: 1e55 * x,
    "far from zero": lambda k, x, every, rng: x + 1e12,
    "noise": lambda k, x, every, rng: rng.standard_normal(x.shape),
    "many decades": lambda k, x, every, rng: np.exp(np.clip(5.0 * x, -100.0, 100.0)),
    "straight lines": lambda k, x, every, rng: np.outer(
        np.arange(float(len(x))), rng.standard_normal(x.shape[1])
    ),
}
