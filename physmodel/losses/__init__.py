"""Step 4, the loss: vectors of whitened residuals of a model on data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from physmodel.lazy import lazy_names

if TYPE_CHECKING:
    from physmodel.losses.field_residuals import law_residuals as law_residuals
    from physmodel.losses.field_residuals import rate_residuals as rate_residuals
    from physmodel.losses.field_residuals import symmetry_residuals as symmetry_residuals
    from physmodel.losses.penalty import group_penalty as group_penalty
    from physmodel.losses.penalty import l1_penalty as l1_penalty
    from physmodel.losses.penalty import l2_penalty as l2_penalty
    from physmodel.losses.shooting import MultipleShooting as MultipleShooting
    from physmodel.losses.shooting import Record as Record
    from physmodel.losses.slopes import KnownStates as KnownStates
    from physmodel.losses.slopes import ShiftedPaths as ShiftedPaths

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "KnownStates": "physmodel.losses.slopes",
        "MultipleShooting": "physmodel.losses.shooting",
        "Record": "physmodel.losses.shooting",
        "ShiftedPaths": "physmodel.losses.slopes",
        "group_penalty": "physmodel.losses.penalty",
        "l1_penalty": "physmodel.losses.penalty",
        "l2_penalty": "physmodel.losses.penalty",
        "law_residuals": "physmodel.losses.field_residuals",
        "rate_residuals": "physmodel.losses.field_residuals",
        "symmetry_residuals": "physmodel.losses.field_residuals",
    },
)
