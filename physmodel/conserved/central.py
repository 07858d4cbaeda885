"""Conserved quantities and symmetries of pairwise central forces, which follow from their form."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from physmodel.conserved.kept import run_of
from physmodel.conserved.symmetries import LawSymmetry
from physmodel.data.segments import Segment, segments
from physmodel.laws.invariant import Invariant
from physmodel.laws.record import LawRecord
from physmodel.laws.runs.velocities import SMOOTHED, shooting_velocities
from physmodel.models.fields.central_force import CentralForce
from physmodel.models.kepler_orbits import unseen_of

Array = NDArray[np.float64]

#: What the quantities are sums of; strengths stand for masses.
FORMS = {
    "momentum": "sum of strength * velocity",
    "angular momentum": "sum of strength * position x velocity",
    "energy": "sum of strength * velocity^2 / 2 + pair potentials",
}
#: Samples at which the conserved quantities of bodies are followed.
FOLLOWED = 300


def central_invariants(
    law: LawRecord, model: CentralForce, data: xr.Dataset
) -> tuple[Invariant, ...]:
    """Momentum, energy and angular momentum with the strengths of the law.

    Conserved exactly by the form of the law (action equals reaction), so that `p_value` is one;
    the drift along the data shows the strengths that are missing or wrong. Momentum counts the
    unseen bodies that complete it, see `physmodel.bodies.unseen`.
    """
    unseen = unseen_of(law.laws)
    terms = dict(zip(model.bodies, model.strengths.tolist(), strict=True))
    completing = {f"unseen {k}": body.strength for k, body in enumerate(unseen, 1)}
    time, states, velocities, measured = _course(law, model, data)
    if len(time) < 2:
        return ()
    quantities = []
    masses = np.abs(model.strengths)
    speed = np.linalg.norm(model.positions(velocities), axis=2)
    for name, values in model.conserved(states, velocities).items():
        table = values if values.ndim == 2 else values[:, None]
        momentum = name == "momentum"
        if momentum and measured:
            # Relative to the heaviest body, whose strength covers what goes along with it.
            table = table + sum(body.momentum(time) for body in unseen)
        mean = table.mean(axis=0)
        # Momentum may well be zero: it is measured against the momenta that cancel in it.
        size = float((speed @ masses).mean()) if momentum else float(np.linalg.norm(mean))
        deviation = np.linalg.norm(table - mean, axis=1)
        signed = table[:, 0] - mean[0] if table.shape[1] == 1 else deviation
        drift = float(deviation.max() / size)
        summed = terms | (completing if momentum else {})
        quantities.append(Invariant(FORMS[name], summed, 1.0, drift, name, size, time, signed))
    return tuple(quantities)


def _course(
    law: LawRecord, model: CentralForce, data: xr.Dataset
) -> tuple[Array, Array, Array, bool]:
    """Times, states and velocities, and whether they are those of the data.

    They are where differences of measured positions give velocities; otherwise a run of the law.
    """
    segment = segments(data, model.states)[0]
    n = len(segment.time)
    pick = np.unique(np.linspace(0, n - 1, min(FOLLOWED, n)).astype(int))
    time, states = segment.time[pick], segment.values[pick]
    noise = np.array([law.noise_std[state] for state in model.states])
    if np.median(noise / segment.values.std(axis=0)) <= SMOOTHED:
        velocities = shooting_velocities(model, segment.time, segment.values, pick)
        return time, states, velocities, True
    time, motion = run_of(law, Segment(segment.trajectory, time, states))
    states, velocities = np.split(motion, 2, axis=1)
    return time, states, velocities, False


def central_symmetries(model: CentralForce) -> tuple[LawSymmetry, ...]:
    """Symmetries of every pairwise central force: those of space and time, and one of scale."""
    n = model.n_axes
    bodies = [model.states[k : k + n] for k in range(0, len(model.states), n)]
    groups = ";".join(",".join(body) for body in bodies)
    # x'' ~ x^p under x -> a x, t -> b t asks for b^2 = a^(1 - p).
    time = Fraction((1.0 - model.exponent) / 2.0).limit_denominator(64)
    exponents = {state: time.denominator for state in model.states} | {"t": time.numerator}
    scaling = "scaling:" + ",".join(f"{k}={v}" for k, v in exponents.items() if v)
    named = {
        f"translation:{groups}": {"r": "1 (all bodies alike)"},
        f"rotation:{groups}": {"r": "w x r"},
        f"galilean:{groups}": {"r": "t"},
        scaling: {k: f"{v}*{k}" for k, v in exponents.items() if v},
        "time-reversal": {"t": "-t"},
    }
    return tuple(LawSymmetry(name, change, 0.0, 1.0) for name, change in named.items())
