"""All numbers once more, by multiple shooting from where the weak form ended."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from physmodel.errors import PhysmodelError
from physmodel.findings import Finding
from physmodel.fitting.attempts import Attempt
from physmodel.fitting.stage import Stage
from physmodel.fitting.staged import staged
from physmodel.hybrids.assembled import Assembled
from physmodel.hybrids.search import Search, Steps
from physmodel.hybrids.weak.rounds import Settled
from physmodel.losses.records import records_of
from physmodel.models.fields.parametric_field import ParametricField

Array = NDArray[np.float64]

#: Standard errors of the weak fit by which the fit by shooting may differ: farther away it has
#: found another minimum; and part of a number that both fits leave to rounding.
AGREE, ROUNDING = 5.0, 1e-6


@dataclass(frozen=True, eq=False)
class Refit:
    """All numbers of an equation, and where the motion starts.

    Attributes
    ----------
    values : ndarray (p,)
    covariance : ndarray (p, p)
    start : ndarray (order d,)
        States, then velocities, at the first sample, in user units.
    stages : tuple of Stage
        Of multiple shooting; none where the numbers are those of the weak form.
    findings : tuple of Finding
        Why they are.
    attempt : Attempt or None
        The fit by shooting.
    """

    values: Array
    covariance: Array
    start: Array
    stages: tuple[Stage, ...] = ()
    findings: tuple[Finding, ...] = ()
    attempt: Attempt | None = None

    @classmethod
    def of(cls, attempt: Attempt) -> Refit:
        """From a fit by shooting."""
        found = attempt.found
        start = found.local[: found.problem.width].copy()
        return cls(attempt.parameters, attempt.covariance, start, found.stages, attempt=attempt)

    @property
    def std_errors(self) -> Array:
        """Standard errors, ``(p,)``."""
        return np.sqrt(np.diag(self.covariance))


def refitted(
    data: xr.Dataset, steps: Steps, best: Search, whole: Assembled, *, hopeless: bool = False
) -> Refit:
    """Fit the numbers of the whole equation by shooting.

    Parameters
    ----------
    data : xarray.Dataset
    steps : Steps
    best : Search
    whole : Assembled
    hopeless : bool
        The equation is no better than random motion: shooting may take minutes to say so again.
    """
    weak = Refit(whole.field.parameters, whole.covariance, motions(steps, best.found.fit)[0])
    if not len(weak.values):
        return weak
    if hopeless:
        return _weak_only(weak, "the equations are no better than random motion", "info")
    try:
        attempt = shot(data, steps, best.found.fit, whole.field)
    except PhysmodelError as error:
        return _weak_only(weak, error.what)
    if attempt is None:
        return _weak_only(weak, "the record is long, or has short pieces", "info")
    allowed = AGREE * weak.std_errors + ROUNDING * np.abs(weak.values)
    near = np.all(np.abs(attempt.parameters - weak.values) <= allowed)  # false for no number
    if attempt.found.last is None or not near:
        return _weak_only(weak, "shooting ended elsewhere")
    return Refit.of(attempt)


def shot(data: xr.Dataset, steps: Steps, fit: Settled, field: ParametricField) -> Attempt | None:
    """Equations fitted by shooting from a fit in the weak form.

    Returns
    -------
    Attempt or None
        None where the weak form saw only some of the samples.

    Raises
    ------
    PhysmodelError
        If the data are too few, or no step can be made.
    """
    course = motions(steps, fit)
    records = records_of(data, field)
    if len(course) != sum(len(record.time) for record in records):
        return None
    return Attempt(staged(field, records, start=course.ravel()), 0.0)


def _weak_only(weak: Refit, reason: str, severity: Literal["info", "warning"] = "warning") -> Refit:
    message = f"numbers are those of the weak form: {reason}"
    finding = Finding(f"{severity[0].upper()}-WEAK-ONLY", severity, "", message)
    return replace(weak, findings=(finding,))


def motions(steps: Steps, fit: Settled) -> Array:
    """Estimated states, then velocities, at all samples ``(n, order d)``, in user units."""
    where, found = steps.prepared.coordinates, []
    for tile, latent in zip(steps.searches[0].terms.tiles, fit.state.latent, strict=True):
        points = tile.points(latent)
        blocks = [where.to_physical(points.states)]
        if points.velocities is not None:
            blocks.append(points.velocities * where.scale / where.step)
        rows = np.searchsorted(tile.weak.nodes, np.flatnonzero(tile.observed))
        found.append(np.concatenate(blocks, axis=1)[rows])
    return np.concatenate(found)
