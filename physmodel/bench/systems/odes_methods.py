"""The methods of the suite `odes`."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from physmodel.bench.systems import peers
from physmodel.bench.systems.ours import as_answer
from physmodel.bench.systems.symmetry_peers import parted
from physmodel.data.arrays import from_arrays
from physmodel.discovery.discover import discover
from physmodel.errors import PhysmodelError
from physmodel.interop.pysindy import load
from physmodel.models.fields.vector_field import VectorField
from physmodel.systems.answers import Answer
from physmodel.systems.chaotic import LIBRARY_DEGREE
from physmodel.systems.equations import field_of
from physmodel.systems.odes import OdeSystem

Array = NDArray[np.float64]
#: An answer, and its model where there is one.
Solved = tuple[Answer, VectorField | None]


def physmodel(system: OdeSystem, moments: Array, record: Array) -> Solved:
    """`discover` with nothing set; its order and its terms are its own choice."""
    begin = time.perf_counter()
    try:
        law = discover(from_arrays(moments, record, names=list(system.states)))
    except PhysmodelError as error:
        return Answer({}, time.perf_counter() - begin, status=f"error: {error}"), None
    answer = as_answer(law, time.perf_counter() - begin)
    if law.model.order != 1:  # its terms are those of accelerations
        answer = replace(answer, equations={}, deviations={}, rivals=[])
    return answer, law.model


def pysindy(system: OdeSystem, moments: Array, record: Array) -> Solved:
    """`SINDy` with nothing set: degree 2, central differences, a threshold of 0.1."""
    return _with_field(system, peers.defaults(moments, record, system.states))


def pysindy_differences(system: OdeSystem, moments: Array, record: Array) -> Solved:
    """Threshold by the corrected Akaike criterion, degree 3, central differences."""
    return _scanned(system, moments, record, load().FiniteDifference())


def pysindy_smoothed(system: OdeSystem, moments: Array, record: Array) -> Solved:
    """Threshold by the corrected Akaike criterion, degree 3, differences after smoothing."""
    return _scanned(system, moments, record, peers.smoothing(load()))


#: Methods by the name in the table, ours first.
METHODS: dict[str, Callable[[OdeSystem, Array, Array], Solved]] = {
    "physmodel": physmodel,
    "pysindy, defaults": pysindy,
    "pysindy-fd, AICc": pysindy_differences,
    "pysindy-smoothed, AICc": pysindy_smoothed,
}


def _scanned(system: OdeSystem, moments: Array, record: Array, method: object) -> Solved:
    ps = load()
    train, test = parted(([moments], [record]))
    chosen, _ = peers.scan(
        train,
        test,
        system.equations,
        ps.PolynomialLibrary(degree=LIBRARY_DEGREE),
        peers.strong_rows(method),
        lambda threshold: ps.STLSQ(threshold=threshold),
    )
    return _with_field(system, chosen)


def _with_field(system: OdeSystem, answer: Answer) -> Solved:
    return answer, field_of(system.states, answer.equations)
