"""What a law conserves as it is printed, followed along a free run of it.

Within the errors of its coefficients a law may conserve much: where the errors are large, nearly
anything. What is reported holds for the numbers that are printed. Its rate of change along the law
is next to nothing where the law and its data go, and a run over the record does not change it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from physmodel.conserved.fitted import Fitted, fitted
from physmodel.conserved.of_field import UncertainField, judge_quantity
from physmodel.conserved.search.search import ConservedSum
from physmodel.data.segments import Segment, segments
from physmodel.laws.record import LawRecord
from physmodel.laws.runs.scores import evaluations_for, free_run
from physmodel.laws.runs.windows import Window
from physmodel.models.fields.parametric_field import AsFirstOrder
from physmodel.models.fields.sparse_field import SparseField

Array = NDArray[np.float64]

#: Rate of change of a quantity over the sum of its parts, and its drift along a run over the sizes
#: of the motions of its terms, that a law may leave. What true energies of laws with noisy
#: coefficients leave is 0.01 at most, what sums that only look conserved on short records leave is
#: 0.04 and more.
DEFECT, DRIFT = 0.02, 0.02

#: Points of the data, and of the run, where the rate of change is looked at.
POINTS = 400


@dataclass(frozen=True, eq=False)
class Kept:
    """A quantity that a law conserves.

    Attributes
    ----------
    quantity : ConservedSum
    drift : float
        Largest deviation from its first value along the run, over `size`.
    size : float
        Sum of the standard deviations of its terms along the run.
    time, values : ndarray (n,)
        The quantity along the run, its largest coefficient one.
    """

    quantity: ConservedSum
    drift: float
    size: float
    time: Array
    values: Array


def kept_quantities(law: LawRecord, data: xr.Dataset) -> list[Kept]:
    """What a law of terms conserves.

    Parameters
    ----------
    law : Result
        Without inputs or time, with its `start`.
    data : xarray.Dataset
        Of which one trajectory at least is long enough to be smoothed.
    """
    model = law.model
    if not isinstance(model, SparseField):
        return []
    fit = fitted(model, law.std_errors.values, data)
    unsure = fit.invariants()
    if not unsure:
        return []
    time, motion = run_of(law, segments(data, model.states)[0])
    if len(time) < 2:
        return []
    kept = _holding(fit, unsure, time, motion)
    if kept:
        return kept
    # Errors let a shorter sum pass for the one that the law conserves.
    sure = replace(fit, field=UncertainField(model, np.zeros_like(model.coefficients)))
    return _holding(fit, sure.invariants(), time, motion)


def run_of(law: LawRecord, segment: Segment) -> tuple[Array, Array]:
    """Run a law from its start.

    Parameters
    ----------
    law : Result
        Without inputs, with its `start`.
    segment : Segment
        Whose times are wanted; the first is that of the start.

    Returns
    -------
    time : ndarray (m,)
        Up to where the run blows up.
    motion : ndarray (m, D)
        States and, for second order, velocities.
    """
    start = np.concatenate([law.start["states"], law.start.get("velocities", np.empty(0))])
    window = Window(segment, 0, len(segment.time) - 1)
    most = evaluations_for(len(window))
    motion, _ = free_run(AsFirstOrder(law.model), window, start, most, rtol=1e-11)
    usable = np.logical_and.reduce(np.isfinite(motion), axis=1)
    return segment.time[usable], motion[usable]


def _holding(fit: Fitted, candidates: list[ConservedSum], time: Array, motion: Array) -> list[Kept]:
    points = np.vstack([_some(fit.phase.values), _some(motion)])
    flow, kept = fit.field.at(points), []
    for item in candidates:
        said = judge_quantity(item.library, item.weights, flow)
        if not (said.holds and said.defect < DEFECT):
            continue
        weights = item.weights / np.abs(item.weights).max()
        parts = item.library.evaluate(motion) * weights
        size, course = float(np.sum(parts.std(axis=0))), parts.sum(axis=1)
        drift = float(np.abs(course - course[0]).max() / size) if size else 0.0
        if drift < DRIFT:
            kept.append(Kept(item, drift, size, time, course - course.mean()))
    return kept


def _some(points: Array) -> Array:
    return points[np.unique(np.linspace(0, len(points) - 1, POINTS).astype(int))]
