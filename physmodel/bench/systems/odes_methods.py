"""The methods of the suite `odes`, and how far their models follow the true trajectories."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from physmodel.bench.systems import peers
from physmodel.bench.systems.answers import Answer, as_answer
from physmodel.bench.systems.chaotic import LIBRARY_DEGREE
from physmodel.bench.systems.odes_cases import OdeSystem
from physmodel.bench.systems.symmetry_cases import Case
from physmodel.bench.systems.symmetry_peers import parted
from physmodel.data.arrays import from_arrays
from physmodel.discovery.discover import discover
from physmodel.errors import PhysmodelError
from physmodel.interop.pysindy import load
from physmodel.models.fields.vector_field import VectorField, simulate

Array = NDArray[np.float64]
#: An answer, and its model where there is one.
Solved = tuple[Answer, VectorField | None]

#: Evaluations of a model in one simulation, by each of two integrators; the most that a true
#: system takes is a quarter of this. The bound is on evaluations and not on seconds, so that
#: scores do not depend on the machine: both starts take at most some 15 seconds.
EVALUATIONS = 50_000


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
    return answer, Case(system.title, system.states, answer.equations, LIBRARY_DEGREE).field


def scores(system: OdeSystem, field: VectorField | None) -> tuple[float, float]:
    """Determination coefficients of the model from the true starts, and the true trajectories.

    Returns `reconstruction, generalisation`: from the start of the record, and from the other one;
    zero for what cannot be integrated.
    """
    first, second = (_score(system, field, truth) for truth in system.exact)
    return first, second


def determination(truth: Array, simulated: Array) -> float:
    """Share of the variance of all states together that a simulation explains.

    `truth`, `simulated` ``(n, d)``. Returns: at most one; scikit-learn's ``r2_score(...,
    multioutput="variance_weighted")``.
    """
    missed = float(np.sum((simulated - truth) ** 2))
    spread = float(np.sum((truth - truth.mean(axis=0)) ** 2))
    return 1.0 - missed / spread if spread > 0.0 else float(missed == 0.0)


def _score(system: OdeSystem, field: VectorField | None, truth: Array) -> float:
    if field is None:
        return 0.0
    start = truth[0]
    kept = [system.states.index(name) for name in field.states]
    # A law of second order needs a velocity, which is the true one.
    velocity = None if field.order == 1 else system.rate(start)[kept]
    # A state that the method holds constant stays where it starts.
    simulated = np.tile(start, (len(truth), 1))
    try:
        simulated[:, kept] = simulate(
            field,
            system.time,
            start[kept],
            start_velocity=velocity,
            max_evaluations=EVALUATIONS,
        )
    except PhysmodelError:
        return 0.0
    with np.errstate(over="ignore"):
        value = determination(truth, simulated)
    return value if np.isfinite(value) else 0.0
