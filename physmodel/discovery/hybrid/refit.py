"""All numbers once more, by multiple shooting from where the weak form ended."""

from __future__ import annotations

from typing import Literal

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from physmodel.data.findings import Finding
from physmodel.discovery.fitting.records import records_of
from physmodel.discovery.fitting.staged import staged
from physmodel.discovery.hybrid.assembled import Assembled
from physmodel.discovery.hybrid.search import Search, Steps
from physmodel.errors import PhysmodelError

Array = NDArray[np.float64]

#: Standard errors of the weak fit by which the fit by shooting may differ: farther away it has
#: found another minimum.
AGREE = 5.0


def refitted(
    data: xr.Dataset, steps: Steps, best: Search, whole: Assembled
) -> tuple[Array, Array, list[Finding]]:
    """Numbers of the whole equation with their covariance.

    Parameters
    ----------
    data : xarray.Dataset
    steps : Steps
    best : Search
    whole : Assembled

    Returns
    -------
    values : ndarray (p,)
    covariance : ndarray (p, p)
    findings : list of Finding
        Where they are those of the weak form, the reason.
    """
    values, covariance = whole.field.parameters, whole.covariance
    if not len(values):
        return values, covariance, []
    try:
        records = records_of(data, whole.field)
        start = _motions(steps, best)
        if len(start) != sum(len(record.time) for record in records):
            return (
                values,
                covariance,
                [_weak_only("the record is long, or has short pieces", "info")],
            )
        found = staged(whole.field, records, start=start.ravel())
    except PhysmodelError as error:
        return values, covariance, [_weak_only(str(error))]
    shot = found.found.parameters
    allowed = AGREE * np.sqrt(np.diag(covariance)) + 1e-6 * np.abs(values)
    near = np.all(np.abs(shot - values) <= allowed)  # false for what is no number
    if found.last is None or not near:
        return values, covariance, [_weak_only("shooting ended elsewhere")]
    return shot, found.last.covariance, []


def _weak_only(reason: str, severity: Literal["info", "warning"] = "warning") -> Finding:
    message = f"numbers are those of the weak form: {reason}"
    return Finding(f"{severity[0].upper()}-WEAK-ONLY", severity, "", message)


def _motions(steps: Steps, best: Search) -> Array:
    """Estimated states, then velocities, at all samples, in user units."""
    where, found = steps.prepared.coordinates, []
    for tile, latent in zip(best.terms.tiles, best.found.fit.state.latent, strict=True):
        points = tile.points(latent)
        blocks = [where.to_physical(points.states)]
        if points.velocities is not None:
            blocks.append(points.velocities * where.scale / where.step)
        found.append(np.concatenate(blocks, axis=1)[tile.observed])
    return np.concatenate(found)
