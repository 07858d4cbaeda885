"""Conserved quantities and symmetries of a discovered law."""

from __future__ import annotations

from dataclasses import replace

from threadpoolctl import threadpool_limits

from physmodel.conserved.central import central_invariants, central_symmetries
from physmodel.conserved.fitted import Fitted, fitted, uncertain
from physmodel.conserved.kept import kept_quantities
from physmodel.conserved.of_field import autonomous
from physmodel.conserved.search.search import ConservedSum
from physmodel.conserved.search.smoothing import SHORTEST
from physmodel.conserved.symmetries import LawSymmetry
from physmodel.constants import ENGINE
from physmodel.data.segments import segments
from physmodel.laws.invariant import Invariant
from physmodel.laws.record import LawRecord, data_of
from physmodel.models.fields.central_force import CentralForce
from physmodel.models.fields.sparse_field import SparseField


def law_invariants(law: LawRecord) -> tuple[Invariant, ...]:
    """What a law conserves with the coefficients that it prints, followed along it.

    Energy, momentum and angular momentum for central forces; for a library of terms, sparse
    combinations of terms. Empty without a law, and for laws with inputs or time in them.

    Raises
    ------
    ProblemError
        If the result has no data.
    """
    if law.status == "no-law":
        return ()
    data = data_of(law)
    if isinstance(law.model, CentralForce):
        return central_invariants(law, law.model, data)
    long = any(len(piece.time) >= SHORTEST for piece in segments(data, law.model.states))
    if not long or not autonomous(law.model):
        return ()
    with threadpool_limits(1, "blas"):  # asked for after `discover`, whose limit has ended
        quantities = kept_quantities(law, data)
    return tuple(
        replace(
            kept.quantity.public(),
            drift=kept.drift,
            size=kept.size,
            time=kept.time,
            values=kept.values,
        )
        for kept in quantities
    )


def law_quantities(law: LawRecord) -> list[ConservedSum]:
    """What a law of terms conserves to within the errors of its coefficients."""
    opened = _opened(law)
    return opened.invariants() if isinstance(opened, Fitted) else []


def law_symmetries(law: LawRecord) -> tuple[LawSymmetry, ...]:
    """Symmetries of a law to within the errors of its coefficients.

    Parameters
    ----------
    law : Result
        With the data of the fit.

    Returns
    -------
    tuple of LawSymmetry
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


def _opened(law: LawRecord) -> CentralForce | Fitted | None:
    """A law with what its form or its data say; None where it has nothing to say."""
    if law.status == "no-law":
        return None
    if isinstance(law.model, CentralForce):
        return law.model
    if not autonomous(law.model):
        return None
    return fitted(law.model, law.std_errors.values, data_of(law))
