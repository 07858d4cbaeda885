"""A law of terms and the points of phase space where its data are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from physmodel.conserved.of_field import UncertainField, field_invariants, points_around
from physmodel.conserved.search.families import families, motion_pairs
from physmodel.conserved.search.phase import Phase
from physmodel.conserved.search.search import ConservedSum
from physmodel.conserved.search.smoothing import smooth
from physmodel.conserved.symmetries import LawSymmetry, field_symmetries
from physmodel.data.segments import segments
from physmodel.models.fields.sparse_field import SparseField, velocity_name

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Fitted:
    """A law of terms where its data are.

    Attributes
    ----------
    field : UncertainField
    phase : Phase
        Of its data, with velocities for a law of second order.
    pairs : list of (str, str)
        Positions and their velocities among the variables of `phase`.
    """

    field: UncertainField
    phase: Phase
    pairs: list[tuple[str, str]]

    def invariants(self) -> list[ConservedSum]:
        """What the law conserves to within the errors of its coefficients."""
        flow = self.field.at(points_around(self.phase))
        return field_invariants(flow, self.phase, families(self.phase, self.pairs))

    def symmetries(self) -> tuple[LawSymmetry, ...]:
        """Transformations that the errors of its coefficients allow."""
        own = self.pairs if self.field.model.order == 1 else []
        return field_symmetries(self.field, self.phase, own)


def fitted(model: SparseField, std_errors: Array, data: xr.Dataset) -> Fitted:
    """Smooth the data of a law and find which of its variables are velocities.

    Parameters
    ----------
    model : SparseField
        Without inputs or time.
    std_errors : ndarray (d, p)
        Of its coefficients.
    data : xarray.Dataset
        With its states.

    Raises
    ------
    DataError
        If no trajectory is long enough.
    """
    second = model.order == 2
    phase = smooth(segments(data, model.states), model.states, velocities=second)
    pairs = [(s, velocity_name(s)) for s in model.states] if second else motion_pairs(phase)
    return Fitted(uncertain(model, std_errors), phase, pairs)


def uncertain(model: SparseField, std_errors: Array) -> UncertainField:
    """A model with the errors ``(d, p)`` of the terms that it holds."""
    return UncertainField(model, np.where(model.coefficients != 0.0, std_errors, 0.0))
