"""Quantities that a vector field conserves, followed along the data.

For a field ``f`` and candidate functions ``g_k``, ``I = sum c_k g_k`` is conserved when
``sum c_k grad g_k . f`` vanishes everywhere: the null space of one matrix.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from physmodel.data.segments import segments
from physmodel.discovery.velocities import shooting_velocities, smooth_motion
from physmodel.models.central_force import CentralForce
from physmodel.models.sparse_field import SparseField, velocity_name
from physmodel.models.terms import TermLibrary, function_terms, polynomial_terms
from physmodel.problem.calculus import names_in
from physmodel.problem.expression import Expression, add, constant, product

Array = NDArray[np.float64]

#: Relative size of a singular value that counts as zero: the field's coefficients are float64.
NULL = 1e-9

#: Coefficients of a unit-norm invariant below this size are rounding.
SMALL = 1e-7

#: Samples at which the conserved quantities of bodies are followed.
FOLLOWED = 300

#: Points at which the null space is computed, and highest degree tried by number of states.
POINTS = 2000
DEGREES = {1: 4, 2: 4, 3: 3, 4: 3}


@dataclass(frozen=True)
class Invariant:
    """A conserved quantity along the data.

    Attributes
    ----------
    name : str
        An expression, or the name of a known law.
    drift : float
        Largest deviation from the mean, relative to `size`.
    size : float
        What the drift is relative to: the mean size of the quantity where that is meaningful,
        the size of the motion of its parts otherwise.
    time, values : ndarray (n,)
        The quantity along the first trajectory.
    """

    name: str
    drift: float
    size: float
    time: Array
    values: Array


def invariants_of(
    model: SparseField | CentralForce, data: xr.Dataset, noise_std: Mapping[str, float]
) -> tuple[Invariant, ...]:
    """Find what a model conserves and follow it along the data.

    Parameters
    ----------
    model : SparseField or CentralForce
    data : xarray.Dataset
    noise_std : mapping
        Noise of each state, which velocities must not amplify.

    Returns
    -------
    tuple of Invariant
        Energy, momentum and angular momentum for central forces; for a term library, sparse
        combinations of polynomials (and of the functions in the model) that its field conserves
        exactly. Empty when there are none.
    """
    if isinstance(model, CentralForce):
        return _mechanical(model, data)
    if model.inputs or any("t" in names_in(term) for term in model.terms):
        return ()
    found = segments(data, model.states)
    noise = np.array([noise_std.get(name, 0.0) for name in model.states])
    time = np.concatenate([segment.time for segment in found])
    states, velocities = np.concatenate([segment.values for segment in found]), None
    if model.order == 2:
        moves = [smooth_motion(segment.time, segment.values, noise) for segment in found]
        states = np.concatenate([move[0] for move in moves])
        velocities = np.concatenate([move[1] for move in moves])
    return _algebraic(model, time, states, velocities, len(found[0].time))


def _mechanical(model: CentralForce, data: xr.Dataset) -> tuple[Invariant, ...]:
    segment = segments(data, model.states)[0]
    n = len(segment.time)
    pick = np.unique(np.linspace(0, n - 1, min(FOLLOWED, n)).astype(int))
    time, states = segment.time[pick], segment.values[pick]
    velocities = shooting_velocities(model, segment.time, segment.values, pick)
    found = []
    masses = np.abs(model.strengths)
    speed = np.linalg.norm(model.positions(velocities), axis=2)
    for name, values in model.conserved(states, velocities).items():
        table = values if values.ndim == 2 else values[:, None]
        mean = table.mean(axis=0)
        size = float(np.linalg.norm(mean))
        if name == "momentum":
            # It may well be zero, so it is measured against the momenta that cancel in it.
            size = float((speed @ masses).mean())
        deviation = np.linalg.norm(table - mean, axis=1)
        signed = table[:, 0] - mean[0] if table.shape[1] == 1 else deviation
        found.append(Invariant(name, float(deviation.max() / size), size, time, signed))
    return tuple(found)


def _algebraic(
    model: SparseField,
    time: Array,
    states: Array,
    velocities: Array | None,
    first: int,
) -> tuple[Invariant, ...]:
    order_two = velocities is not None
    phase = states if velocities is None else np.column_stack([states, velocities])
    names = model.states
    if order_two:
        names = (*names, *(velocity_name(state) for state in model.states))
    rate = model.rate(time, states, velocities, np.empty((len(time), 0)))
    flow = rate if velocities is None else np.column_stack([velocities, rate])
    pick = np.linspace(0, len(time) - 1, min(POINTS, len(time))).astype(int)
    used = {name for term in model.terms for name in ("sin", "cos") if f"{name}(" in str(term)}
    functions = ("sin", "cos") if used else ()
    positive = np.all(states > 0.0, axis=0)
    logs = [s for s, p in zip(model.states, positive, strict=True) if p] if not order_two else []
    for degree in range(1, DEGREES.get(len(names), 2) + 1):
        terms = (
            *polynomial_terms(names, degree)[1:],
            *function_terms(functions, model.states),
            *function_terms(("log",), logs),
        )
        if 2 * len(terms) > len(pick):
            break
        library = TermLibrary(names, terms)
        combinations = _null_space(library, phase[pick], flow[pick])
        if combinations:
            return tuple(
                _followed(library, weights, time, phase, first) for weights in combinations
            )
    return ()


def _null_space(library: TermLibrary, points: Array, flow: Array) -> list[Array]:
    """Sparse coefficient vectors of the conserved combinations."""
    slopes = library.derivatives(points, points.shape[1])
    change = np.einsum("npj,nj->np", slopes, flow)
    # Scale by what each term's slope could at most contribute, so that a term which is nearly
    # constant by itself does not count as conserved.
    size = np.sqrt(np.mean(np.einsum("npj,nj->np", np.abs(slopes), np.abs(flow)) ** 2, axis=0))
    size = np.where(size > 0.0, size, 1.0)
    _, singular, right = np.linalg.svd(change / size, full_matrices=False)
    null = right[singular <= NULL * singular[0]]
    if not len(null) or len(null) > points.shape[1]:
        return []
    return [weights / size for weights in _sparse_basis(null)]


def _sparse_basis(null: Array) -> list[Array]:
    """Reduced row echelon form: every vector has a pivot that the others lack."""
    rows = null.copy()
    pivots: list[int] = []
    for k in range(len(rows)):
        free = np.abs(rows[k:])
        free[:, pivots] = 0.0
        row, column = divmod(int(np.argmax(free)), free.shape[1])
        rows[[k, k + row]] = rows[[k + row, k]]
        rows[k] /= rows[k, column]
        others = np.arange(len(rows)) != k
        rows[others] -= np.outer(rows[others, column], rows[k])
        pivots.append(column)
    rows[np.abs(rows) < SMALL * np.abs(rows).max(axis=1, keepdims=True)] = 0.0
    return list(rows)


def _followed(
    library: TermLibrary, weights: Array, time: Array, phase: Array, first: int
) -> Invariant:
    weights = weights / np.abs(weights).max()
    values = library.evaluate(phase[:first])
    size = float(np.sum(np.abs(weights) * values.std(axis=0)))
    followed = values @ weights
    deviation = followed - followed.mean()
    drift = float(np.abs(deviation).max() / size) if size else 0.0
    return Invariant(_name(library.terms, weights), drift, size, time[:first], deviation)


def _name(terms: Sequence[Expression], weights: Array) -> str:
    parts = [
        product(constant(float(f"{weight:.6g}")), term)
        for term, weight in zip(terms, weights, strict=True)
        if weight
    ]
    return str(add(*parts))
