"""Which starts and inputs of a next experiment the user allows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.stats import qmc

from physmodel.errors import ProblemError
from physmodel.experiments.hypotheses import Hypotheses
from physmodel.laws.result import Result
from physmodel.models.coordinates import Coordinates
from physmodel.models.fields.sparse_field import velocity_name

Array = NDArray[np.float64]
Bounds = Mapping[str, tuple[float, float]]

#: The default box is that of the estimated states, widened by this share of its width each way.
WIDENED = 0.25

#: A state that never changed its sign keeps it: starts stay this share of its smallest size
#: away from zero.
NEAREST = 0.5


def start_names(law: Result) -> tuple[str, ...]:
    """States, and for second order their velocities (``x_t``)."""
    states = law.model.states
    return (*states, *(velocity_name(s) for s in states)) if law.model.order == 2 else states


def to_computing(where: Coordinates, starts: Array) -> Array:
    """Starts ``(c, D)`` of user units in computing units."""
    unit = np.resize(where.scale / where.step, starts.shape[1] - len(where.scale))
    states = where.to_computing(starts[:, : len(where.scale)])
    return np.hstack([states, starts[:, len(where.scale) :] / unit])


def to_physical(where: Coordinates, starts: Array) -> Array:
    """Starts ``(c, D)`` of computing units in user units."""
    unit = np.resize(where.scale / where.step, starts.shape[1] - len(where.scale))
    states = where.to_physical(starts[:, : len(where.scale)])
    return np.hstack([states, starts[:, len(where.scale) :] * unit])


def start_box(law: Result, models: Hypotheses, bounds: Bounds | None) -> Array:
    """Box of allowed starts in computing units.

    Parameters
    ----------
    law : Result
    models : Hypotheses
    bounds : mapping of str to (low, high), optional
        In user units; what it does not name keeps its default.

    Returns
    -------
    ndarray (2, D)

    Raises
    ------
    ProblemError
        If a name is unknown or a range is empty or infinite.
    """
    where, names = models.prepared.coordinates, start_names(law)
    margin = WIDENED * (models.high - models.low)
    box = to_physical(where, np.stack([models.low - margin, models.high + margin]))
    measured = np.concatenate([states for _, states, _ in models.prepared.pieces])
    seen = where.to_physical(np.stack([measured.min(axis=0), measured.max(axis=0)]))
    for j, (least, most) in enumerate(seen.T):
        if least > 0.0:
            box[0, j] = max(box[0, j], NEAREST * least)
        elif most < 0.0:
            box[1, j] = min(box[1, j], NEAREST * most)
    for name, given in (bounds or {}).items():
        if name not in names:
            raise ProblemError(
                f"no start value is called {name!r}",
                where="bounds",
                fix="start values: " + ", ".join(names),
            )
        low, high = (float(value) for value in given)
        if not (np.isfinite([low, high]).all() and low <= high):
            raise ProblemError(f"{low:g} to {high:g} is no range", where=f"bounds of {name}")
        _require_positive(law, name, low)
        box[:, names.index(name)] = low, high
    return to_computing(where, box)


def start_table(law: Result, models: Hypotheses, starts: Sequence[Mapping[str, float]]) -> Array:
    """Starts that the user lists, in computing units.

    Parameters
    ----------
    law : Result
    models : Hypotheses
    starts : sequence of mapping of str to float
        Each names every start value, in user units.

    Returns
    -------
    ndarray (c, D)

    Raises
    ------
    ProblemError
        If the list is empty, or a value is missing or not finite.
    """
    names = start_names(law)
    if not len(starts):
        raise ProblemError("the list of starts is empty", fix="leave it out, or give one or more")
    rows = []
    for number, start in enumerate(starts):
        missing = [name for name in names if name not in start]
        unknown = [name for name in start if name not in names]
        if missing or unknown:
            raise ProblemError(
                f"start values {', '.join(missing or unknown)} are "
                f"{'missing' if missing else 'unknown'}",
                where=f"start {number}",
                fix="start values: " + ", ".join(names),
            )
        row = [float(start[name]) for name in names]
        for name, value in zip(names, row, strict=True):
            if not np.isfinite(value):
                raise ProblemError(f"{name} is {value}", where=f"start {number}")
            _require_positive(law, name, value)
        rows.append(row)
    return to_computing(models.prepared.coordinates, np.array(rows))


def spread(box: Array, count: int, seed: int) -> Array:
    """Points ``(c, D)`` that fill a box evenly, ``c`` the power of two nearest to `count`.

    References
    ----------
    Sobol (1967), USSR Comput. Math. Math. Phys. 7, 86; Owen (1998), J. Complexity 14, 466.
    """
    sampler = qmc.Sobol(box.shape[1], scramble=True, seed=seed)
    unit = sampler.random_base2(max(round(np.log2(count)), 0))
    return np.asarray(box[0] + (box[1] - box[0]) * unit)


def around(box: Array, centre: Array, size: float, count: int, seed: int) -> Array:
    """Points ``(c, D)`` of a box within `size` of its width from a centre."""
    width = size * (box[1] - box[0])
    near = np.clip(np.stack([centre - width, centre + width]), box[0], box[1])
    return spread(near, count, seed)


def _require_positive(law: Result, name: str, value: float) -> None:
    if name in law.problem.positive and not value > 0.0:
        raise ProblemError(f"{name} starts at {value:g}", why="it was declared positive")
