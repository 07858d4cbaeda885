"""The benchmark's call of our own engine: the public one, with nothing set but the library."""

from __future__ import annotations

import time

from physmodel.bench.answers import Answer
from physmodel.bench.chaotic import Equations
from physmodel.bench.draws import Draw
from physmodel.data.arrays import from_arrays
from physmodel.discovery.discover import discover
from physmodel.discovery.result import Result
from physmodel.errors import PhysmodelError


def physmodel(draw: Draw) -> Answer:
    """Discover the equations of a draw.

    Parameters
    ----------
    draw : Draw

    Returns
    -------
    Answer
    """
    begin = time.perf_counter()
    data = from_arrays(draw.times, draw.records, names=draw.system.states)
    try:
        result = discover(data, order=1, degree=draw.system.library_degree)
    except PhysmodelError as error:
        return Answer({}, time.perf_counter() - begin, status=f"error: {error}")
    seconds = time.perf_counter() - begin
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
