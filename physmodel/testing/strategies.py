"""Hypothesis strategies for time axes, trajectories, hostile arrays and changes of units.

They say what is valid, not how it is distributed; draw from them in tests of your own models.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from physmodel.errors import require

if TYPE_CHECKING:
    from hypothesis import strategies as st
else:
    st = require("hypothesis.strategies", "testing")

Array = NDArray[np.float64]
Kind = Literal["uniform", "jitter", "gaps"]


@dataclass(frozen=True)
class BadArrays:
    """Arrays that a user might hand over by mistake.

    Attributes
    ----------
    label : str
        What is wrong with them, if anything.
    t, x : Any
        To be passed on as ``from_arrays(t, x)``.
    """

    label: str
    t: Any
    x: Any


@st.composite
def times(
    draw: st.DrawFn,
    *,
    min_size: int = 8,
    max_size: int = 60,
    kind: Kind | None = None,
) -> Array:
    """Strictly increasing time axes.

    Parameters
    ----------
    min_size, max_size : int
        Bounds of the number of samples.
    kind : {"uniform", "jitter", "gaps"}, optional
        Equal steps, steps that vary by up to half, or equal steps with samples left out; any of
        them by default.

    Returns
    -------
    strategy of ndarray (n,)
        With steps between 1e-6 and 1e6 and a start within a thousand steps of zero.
    """
    shape = draw(st.sampled_from(("uniform", "jitter", "gaps"))) if kind is None else kind
    n = draw(st.integers(min_size, max_size))
    step = 10.0 ** draw(st.floats(-6.0, 6.0))
    start = draw(st.integers(-1000, 1000))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    ticks = np.arange(n, dtype=float)
    if shape == "jitter":
        ticks = ticks + rng.uniform(-0.25, 0.25, n)
    if shape == "gaps":
        ticks = np.cumsum(rng.choice([1.0, 2.0, 9.0], size=n, p=[0.8, 0.15, 0.05]))
    return np.asarray(step * (start + ticks))


@st.composite
def trajectories(
    draw: st.DrawFn,
    *,
    dim: int | None = None,
    n_traj: int | None = None,
    unequal: bool = True,
    min_size: int = 8,
    max_size: int = 60,
) -> tuple[list[Array], list[Array]]:
    """Smooth trajectories: sums of a few slow oscillations and a trend.

    Parameters
    ----------
    dim, n_traj : int, optional
        Number of states (up to four by default) and of trajectories (up to three).
    unequal : bool
        Whether trajectories may differ in length.
    min_size, max_size : int
        Bounds of the number of samples.

    Returns
    -------
    strategy of (list of ndarray (n_i,), list of ndarray (n_i, dim))
        Times and states.
    """
    d = draw(st.integers(1, 4)) if dim is None else dim
    count = draw(st.integers(1, 3)) if n_traj is None else n_traj
    sizes = [draw(st.integers(min_size, max_size))] * count
    if unequal:
        sizes = [draw(st.integers(min_size, max_size)) for _ in range(count)]
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    step = 10.0 ** draw(st.floats(-3.0, 3.0))
    t_list, x_list = [], []
    for n in sizes:
        phase = np.arange(n)[:, None] / 10.0
        waves = [
            rng.normal(size=d) * np.sin(rng.uniform(0.2, 1.0, d) * phase + rng.uniform(0, 6.0, d))
            for _ in range(3)
        ]
        t_list.append(step * np.arange(n))
        x_list.append(np.asarray(np.sum(waves, axis=0) + rng.normal(size=d) * (1.0 + 0.1 * phase)))
    return t_list, x_list


def unit_scalings(n: int, *, decades: float = 6.0) -> st.SearchStrategy[Array]:
    """Factors for a change of units of `n` quantities.

    Parameters
    ----------
    n : int
    decades : float
        Factors lie between ``10**-decades`` and ``10**decades``.

    Returns
    -------
    strategy of ndarray (n,)
    """
    exponents = st.lists(st.floats(-decades, decades), min_size=n, max_size=n)
    return exponents.map(lambda values: np.asarray(10.0 ** np.array(values)))


@st.composite
def bad_arrays(draw: st.DrawFn, *, dim: int | None = None, max_size: int = 40) -> BadArrays:
    """Arrays with one or two things wrong, and now and then nothing.

    Parameters
    ----------
    dim : int, optional
        Number of states before anything goes wrong, up to four by default.
    max_size : int
        Largest number of samples.

    Returns
    -------
    strategy of BadArrays
    """
    t_list, x_list = draw(trajectories(dim=dim, n_traj=1, min_size=1, max_size=max_size))
    spoiled = BadArrays("nothing", t_list[0], x_list[0])
    for name in draw(st.lists(st.sampled_from(sorted(_SPOILERS)), max_size=2)):
        try:
            with np.errstate(all="ignore"), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                t, x = _SPOILERS[name](draw, spoiled.t, spoiled.x)
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
            continue  # the second fault does not fit what the first has left
        spoiled = BadArrays(f"{spoiled.label}, {name}", t, x)
    return spoiled


def _with(values: Any, row: int, new: Any) -> Any:
    changed = np.array(values)
    changed[row % len(changed)] = new
    return changed


def _row(draw: st.DrawFn) -> int:
    return draw(st.integers(0, 10_000))


def _bad_value(draw: st.DrawFn) -> float:
    return draw(st.sampled_from((np.nan, np.inf, -np.inf, 1e300, -1e200)))


def _masked(draw: st.DrawFn, t: Any, x: Any) -> tuple[Any, Any]:
    hidden = np.zeros(np.shape(x), dtype=bool)
    hidden[_row(draw) % len(hidden)] = True
    return t, np.ma.MaskedArray(_with(x, _row(draw), 1e9), mask=hidden)


def _structured(draw: st.DrawFn, t: Any, x: Any) -> tuple[Any, Any]:
    table = np.zeros(len(x), dtype=[("x", float), ("label", "U3")])
    table["x"] = np.asarray(x)[:, 0]
    return t, table


_SPOILERS: dict[str, Any] = {
    "bad value": lambda draw, t, x: (t, _with(x, _row(draw), _bad_value(draw))),
    "bad time": lambda draw, t, x: (_with(t, _row(draw), _bad_value(draw)), x),
    "repeated time": lambda draw, t, x: (_with(t, _row(draw), t[_row(draw) % len(t)]), x),
    "reversed time": lambda draw, t, x: (t[::-1], x),
    "shuffled time": lambda draw, t, x: (np.random.default_rng(_row(draw)).permutation(t), x),
    "scalar step": lambda draw, t, x: (draw(st.sampled_from((0.0, -1.0, np.nan, 0.1, 1e-9))), x),
    "wrong length": lambda draw, t, x: (t[:-1], x),
    "transposed": lambda draw, t, x: (t, np.transpose(x)),
    "one-dimensional": lambda draw, t, x: (t, np.asarray(x)[:, 0]),
    "three-dimensional": lambda draw, t, x: (t, np.asarray(x)[:, :, None]),
    "no rows": lambda draw, t, x: (t[:0], x[:0]),
    "one row": lambda draw, t, x: (t[:1], x[:1]),
    "two rows": lambda draw, t, x: (t[:2], x[:2]),
    "zeros": lambda draw, t, x: (t, np.zeros_like(x)),
    "constant column": lambda draw, t, x: (t, np.column_stack([x, np.full(len(x), 3.0)])),
    "repeated column": lambda draw, t, x: (t, np.column_stack([x, 2.0 * x[:, 0] + 1.0])),
    "integers": lambda draw, t, x: (t, np.round(10.0 * x).astype(int)),
    "booleans": lambda draw, t, x: (t, x > 0.0),
    "single precision": lambda draw, t, x: (t, x.astype(np.float32)),
    "half precision": lambda draw, t, x: (t, x.astype(np.float16)),
    "strided": lambda draw, t, x: (np.repeat(t, 2)[::2], np.repeat(x, 3, axis=1)[::-1, ::3][::-1]),
    "complex": lambda draw, t, x: (t, x + 1j),
    "objects": lambda draw, t, x: (t, x.astype(object)),
    "text": lambda draw, t, x: (t, x.astype(str)),
    "nested lists": lambda draw, t, x: (list(t), [list(row) for row in x]),
    "ragged lists": lambda draw, t, x: (
        list(t),
        [list(row)[: k % 2 + 1] for k, row in enumerate(x)],
    ),
    "dates": lambda draw, t, x: (np.datetime64("2000-01-01") + np.arange(len(x)), x),
    "dates with a hole": lambda draw, t, x: (
        _with(np.datetime64("2000-01-01", "s") + np.arange(len(x)), _row(draw), "NaT"),
        x,
    ),
    "durations": lambda draw, t, x: (np.arange(len(x)) * np.timedelta64(90, "m"), x),
    "far time": lambda draw, t, x: (t + draw(st.sampled_from((1e9, 1e18, 1e300))), x),
    "masked": _masked,
    "masked time": lambda draw, t, x: (np.ma.masked_less(t, t[_row(draw) % len(t)]), x),
    "scales": lambda draw, t, x: (
        t,
        x * draw(st.sampled_from((5e-324, 1e-300, 1e-12, 1e12, 1e100, 1e300))),
    ),
    "read only": lambda draw, t, x: (t, np.broadcast_to(x[:1], x.shape)),
    "rounded": lambda draw, t, x: (t, np.round(x)),
    "scalar": lambda draw, t, x: (t, float(x[0, 0])),
    "structured": _structured,
    "unequal widths": lambda draw, t, x: ([t, t], [x, np.column_stack([x, x])]),
    "list of arrays": lambda draw, t, x: ([t, t], [x, x[: len(x) // 2]]),
    "nothing at all": lambda draw, t, x: (t, None),
}
