"""Conserved quantities and symmetries of a discovered law."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from physmodel.data.segments import segments
from physmodel.discovery.laws.central import central_invariants, central_symmetries
from physmodel.discovery.laws.evidence import drift_of, without_velocities
from physmodel.discovery.laws.families import families, motion_pairs
from physmodel.discovery.laws.of_field import (
    UncertainField,
    autonomous,
    field_invariants,
    judge_quantity,
    points_around,
)
from physmodel.discovery.laws.phase import Phase
from physmodel.discovery.laws.quantity import Conserved
from physmodel.discovery.laws.search import LEVEL, Found
from physmodel.discovery.laws.smoothing import smooth
from physmodel.discovery.laws.spectrum import DECIDES
from physmodel.discovery.laws.symmetries import FoundSymmetry, field_symmetries
from physmodel.errors import ProblemError
from physmodel.models.central_force import CentralForce
from physmodel.models.sparse_field import SparseField, velocity_name

if TYPE_CHECKING:
    from physmodel.discovery.result import Result


def law_invariants(law: Result) -> tuple[Conserved, ...]:
    """What a law conserves to within the errors of its coefficients.

    Parameters
    ----------
    law : Result
        With the data of the fit.

    Returns
    -------
    tuple of Conserved
        Empty without a law, and for laws with inputs or time in them.

    Raises
    ------
    ProblemError
        If the result has no data.
    """
    if law.status == "no-law":
        return ()
    if isinstance(law.model, CentralForce):
        return central_invariants(law)
    if not autonomous(law.model):
        return ()
    phase, pairs = _phase(law, law.model)
    flow = _field(law, law.model).at(points_around(phase))
    found = field_invariants(flow, phase, families(phase, pairs))
    return tuple(item.public(drift_of(item.library, item.weights, phase)) for item in found)


def law_symmetries(law: Result) -> tuple[FoundSymmetry, ...]:
    """Symmetries of a law to within the errors of its coefficients.

    Parameters
    ----------
    law : Result
        With the data of the fit.

    Returns
    -------
    tuple of FoundSymmetry
        Empty without a law, and for laws with inputs or time in them.

    Raises
    ------
    ProblemError
        If the result has no data.
    """
    if law.status == "no-law":
        return ()
    if isinstance(law.model, CentralForce):
        return central_symmetries(law.model)
    if not autonomous(law.model):
        return ()
    phase, pairs = _phase(law, law.model)
    own = pairs if law.model.order == 1 else []
    return field_symmetries(_field(law, law.model), phase, own)


def confirms(law: Result, phase: Phase, found: Sequence[Found]) -> list[bool] | None:
    """Whether a law conserves quantities that were found in data.

    Parameters
    ----------
    law : Result
    phase : Phase
        Of the data.
    found : sequence of Found

    Returns
    -------
    list of bool or None
        None where the law cannot tell: there is none, or it uses other variables.
    """
    model = law.model
    if law.status == "no-law" or not isinstance(model, SparseField) or not autonomous(model):
        return None
    if phase.with_velocities != (model.order == 2) or phase.states != model.states:
        return None
    flow = _field(law, model).at(points_around(phase))
    judged = [judge_quantity(item.library, item.weights, flow) for item in found]
    return [p_value >= LEVEL and telling >= DECIDES for p_value, telling in judged]


def _field(law: Result, model: SparseField) -> UncertainField:
    return UncertainField(model, np.where(law.coefficients.values != 0.0, law.std_errors.values, 0))


def _phase(law: Result, model: SparseField) -> tuple[Phase, list[tuple[str, str]]]:
    if law.data is None:
        raise ProblemError(
            "this law has no data",
            why="what it conserves is judged where the data are",
            fix="use `dataclasses.replace(law, data=physmodel.open(...))`",
        )
    whole = smooth(segments(law.data, model.states), model.states, velocities=True)
    if model.order == 2:
        return whole, [(state, velocity_name(state)) for state in model.states]
    phase = without_velocities(whole)
    return phase, motion_pairs(phase)
