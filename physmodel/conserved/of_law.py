"""Conserved quantities and symmetries of a discovered law."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from physmodel.conserved.central import central_invariants, central_symmetries
from physmodel.conserved.fitted import Fitted, fitted, uncertain
from physmodel.conserved.kept import kept_quantities
from physmodel.conserved.of_field import autonomous
from physmodel.conserved.quantity import Conserved
from physmodel.conserved.search.search import Found
from physmodel.conserved.symmetries import FoundSymmetry
from physmodel.constants import ENGINE
from physmodel.errors import ProblemError
from physmodel.models.central_force import CentralForce
from physmodel.models.sparse_field import SparseField

if TYPE_CHECKING:
    from physmodel.laws.result import Result


def law_invariants(law: Result) -> tuple[Conserved, ...]:
    """What a law conserves with the coefficients that it prints.

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
    if isinstance(law.model, CentralForce) and law.status != "no-law":
        return central_invariants(law)
    if not isinstance(_opened(law), Fitted) or law.data is None:
        return ()
    return tuple(item.quantity.public() for item in kept_quantities(law, law.data))


def law_quantities(law: Result) -> list[Found]:
    """What a law of terms conserves to within the errors of its coefficients."""
    opened = _opened(law)
    return opened.invariants() if isinstance(opened, Fitted) else []


def law_symmetries(law: Result) -> tuple[FoundSymmetry, ...]:
    """Symmetries of a law to within the errors of its coefficients.

    Parameters
    ----------
    law : Result
        With the data of the fit.

    Returns
    -------
    tuple of FoundSymmetry
        Empty without a law, and for laws with inputs or time in them. Where the data cannot tell
        some terms from others, only what all these laws share.

    Raises
    ------
    ProblemError
        If the result has no data.
    """
    opened = _opened(law)
    if isinstance(opened, CentralForce):
        return central_symmetries(opened)
    if opened is None:
        return ()
    shared = opened.symmetries()
    for rival in law.rivals if law.status == "not-identifiable" else ():
        if rival.delta < ENGINE.tie and isinstance(rival.model, SparseField):
            field = uncertain(rival.model, rival.std_errors.values)
            names = {item.name for item in replace(opened, field=field).symmetries()}
            shared = tuple(item for item in shared if item.name in names)
    return shared


def _opened(law: Result) -> CentralForce | Fitted | None:
    """A law with what its form or its data say; None where it has nothing to say."""
    if law.status == "no-law":
        return None
    if isinstance(law.model, CentralForce):
        return law.model
    if not autonomous(law.model):
        return None
    if law.data is None:
        raise ProblemError(
            "this law has no data",
            why="what it conserves is judged where the data are",
            fix="use `dataclasses.replace(law, data=physmodel.open(...))`",
        )
    return fitted(law.model, law.std_errors.values, law.data)
