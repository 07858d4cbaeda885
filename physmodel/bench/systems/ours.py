"""The answers of `discover`."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from physmodel.data.arrays import from_arrays
from physmodel.discovery.discover import discover
from physmodel.errors import PhysmodelError
from physmodel.laws.result import Result
from physmodel.systems.answers import Answer
from physmodel.systems.draws import Draw
from physmodel.systems.equations import Equations

Array = NDArray[np.float64]


def ours(draw: Draw) -> Answer:
    """Discover the equations of a draw."""
    system = draw.system
    return our_answer(draw.times, draw.records, system.states, {"degree": system.library_degree})


def our_answer(
    times: Sequence[Array],
    records: Sequence[Array],
    states: Sequence[str],
    known: Mapping[str, Any],
) -> Answer:
    """Discover first-order equations.

    `times` ``(n_i,)``, `records` ``(n_i, d)``. `known`: as `discover` takes it: the library, and
    what is known beforehand.
    """
    begin = time.perf_counter()
    data = from_arrays(list(times), list(records), names=list(states))
    try:
        result = discover(data, order=1, **known)
    except PhysmodelError as error:
        return Answer({}, time.perf_counter() - begin, status=f"error: {error}")
    return as_answer(result, time.perf_counter() - begin)


def as_answer(result: Result, seconds: float) -> Answer:
    """What the benchmark keeps of a result.

    `result`: of first order.
    """
    return Answer(
        _table(result, "coefficient"),
        seconds,
        _table(result, "std"),
        [_table(rival, "coefficient") for rival in result.rivals],
        result.status,
        result.fit_scores.get("probability", 0.0),
    )


def _table(result: Result, value: str) -> Equations:
    return {
        state: {row["term"]: row[value] for row in result.terms(state)}
        for state in result.model.states
    }
