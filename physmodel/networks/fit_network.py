"""Networks fitted to measured states and slopes: width from the evidence, noise in the states.

The hidden units are drawn and the weights behind them solved for: a linear problem. With noise in
the states, a few Gauss-Newton steps solve it together with the places of the trajectories.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from physmodel.data.open import opened
from physmodel.errors import DataError
from physmodel.findings import converted, recorded
from physmodel.losses.shooting import Record
from physmodel.networks.canonical import canonical_records, paths_of, slopes_of
from physmodel.networks.kept import Kept
from physmodel.networks.width import FittedWidth, fit_width

if TYPE_CHECKING:
    from physmodel.models.nets.net_field import NetField
    from physmodel.models.nets.structure.hamiltonian import Hamiltonian

Array = NDArray[np.float64]

#: Widths of the hidden layer that are tried, smallest first, and how many in a row may be no better
#: before the search ends.
WIDTHS, PATIENCE = (8, 16, 32, 64, 128, 256), 2
#: States whose noise is not this much above the error of the integrals are taken as they are.
VISIBLE = 3.0


@dataclass(frozen=True, eq=False)
class NetworkFit(Kept):
    """A network and what was found out on the way.

    Attributes
    ----------
    field : NetField
        In the units of the data.
    width : int
        Units of the hidden layer.
    scores : dict of int to float
        Schwarz's criterion of each width tried.
    state_noise, slope_noise : ndarray (d,)
        Standard deviations, in the units of the data; zeros for states taken as they are.
    units : tuple of str
        What was converted before the fit: angles in degrees.
    """

    field: NetField
    width: int
    scores: dict[int, float]
    state_noise: Array
    slope_noise: Array
    units: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Width, weights and noise."""
        pairs = zip(self.field.states, self.state_noise, strict=True)
        noise = ", ".join(f"{name} {value:.2g}" for name, value in pairs)
        size = f"{self.width} hidden units, {len(self.field.parameters)} weights"
        return "\n".join([size, f"noise: {noise}", *(f"units: {text}" for text in self.units)])

    def __repr__(self) -> str:
        from physmodel.laws.texts.render import compact

        return compact("NetworkFit", "network", str(self).splitlines())

    def _repr_html_(self) -> str:
        from physmodel.laws.texts.html import text_card

        return text_card("Fitted network", str(self))


def fit_network(
    family: Callable[[int], Hamiltonian],
    data: xr.Dataset | Sequence[Record],
    names: Sequence[str] = (),
    *,
    seed: int = 0,
) -> NetworkFit:
    """Fit a family of canonical networks to measured states and slopes.

    Parameters
    ----------
    family : callable
        The form with so many hidden units; coordinates first, then their momenta.
    data : xarray.Dataset or sequence of Record
        As of `physmodel.open` or `physmodel.from_arrays`, with the slope of each state ``q`` in a
        column ``q_t``; or trajectories with ``motion`` and ``rates`` ``(n_j, d)``.
    names : sequence of str
        The states, coordinates first, then their momenta. Of a dataset by default all columns that
        have a slope, in their order.
    seed : int
        Of the first weights.

    Raises
    ------
    DataError
        If a slope is missing, or the record is empty, not finite, or nothing moves.
    ProblemError
        If the names are not coordinates and as many momenta.

    Notes
    -----
    Coordinates have one unit and momenta another, so that canonical equations stay canonical and
    symmetries stay linear. The noise of the slopes, which holds what the network cannot follow, is
    estimated from the residuals, and the fit repeated, until it settles.
    """
    from physmodel.models.nets.scaled import ScaledForm
    from physmodel.models.nets.scaling import Scaling
    from physmodel.models.nets.weights.random_units import with_random_units

    data = opened(data) if isinstance(data, xr.Dataset) else data
    names, records = canonical_records(data, names)
    states, slopes = [one.motion for one in records], [slopes_of(one) for one in records]
    scale, clock = _units(states, slopes)
    x, v = [one / scale for one in states], [one * (clock / scale) for one in slopes]
    moments = [one.time / clock for one in records]
    paths, motion = paths_of(moments, x, v), np.vstack(v)
    noisy = bool(np.any(paths.noise > VISIBLE * paths.error))
    if not noisy:
        paths = replace(paths, states=np.vstack(x), noise=np.zeros_like(paths.noise))
    shifts = np.zeros(len(paths.rows) * motion.shape[1])
    found: dict[int, FittedWidth] = {}
    best = WIDTHS[0]
    for place, width in enumerate(WIDTHS):
        form = with_random_units(family(width), seed)
        fit = fit_width(form, names, paths, motion, shifts if noisy else None, seed)
        found[width] = fit
        if fit.score <= found[best].score:
            best, shifts = width, fit.shifts
        elif place - WIDTHS.index(best) == PATIENCE:
            break
    chosen = found[best]
    scaling = Scaling((0.0,) * len(scale), tuple(scale.tolist()), clock)
    return NetworkFit(
        replace(chosen.field, form=ScaledForm(chosen.field.form, scaling)),
        best,
        {width: fit.score for width, fit in found.items()},
        paths.noise * scale,
        chosen.noise * scale / clock,
        tuple(converted(recorded(data))) if isinstance(data, xr.Dataset) else (),
    )


def _units(states: Sequence[Array], slopes: Sequence[Array]) -> tuple[Array, float]:
    """Units of the states and of time in which everything is of unit size."""
    if not len(states):
        raise DataError("there is no trajectory to fit", fix="give at least one record")
    x, v = np.vstack(states), np.vstack(slopes)
    if not (np.isfinite(x).all() and np.isfinite(v).all()):
        raise DataError(
            "states or slopes are not finite", fix="leave rows out, and split records at gaps"
        )
    half = x.shape[1] // 2
    sizes = [float(np.sqrt((part**2).mean())) for part in (x[:, :half], x[:, half:])]
    scale = np.repeat(sizes, half)
    if not all(sizes) or not v.any():
        raise DataError("nothing moves in this record", fix="record a motion")
    return scale, 1.0 / float(np.sqrt(((v / scale) ** 2).mean()))
