"""Fill the gaps of a field: few atoms, or a curve, that agree with what was measured."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.interpolate import make_interp_spline

from physmodel.data.segments import runs
from physmodel.errors import DataError, ProblemError
from physmodel.models.dictionaries import Dictionary
from physmodel.signals import fields
from physmodel.signals.candidates import Choice, chosen, redundant

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
#: ``(values, seen, steps) -> values without gaps``.
Filler = Callable[[Array, Mask, tuple[int, int]], Array]

#: Steps while the threshold falls, then at its end; fewer where dictionaries are compared only.
STEPS, TRIAL_STEPS = (60, 20), (25, 5)
#: Last threshold over the first where there is no noise ...
EXACT = 1e-6
#: ... and in standard deviations of a coefficient where there is.
NOISE = 3.0
#: Part of the measured values that is hidden to compare dictionaries.
HIDDEN = 0.15
#: Values up to which that is done several times: one draw of a short record is chance.
DRAWS, SMALL = 3, 10_000


@dataclass(frozen=True)
class Filled:
    """A field without gaps.

    Attributes
    ----------
    data : xarray.DataArray
        Measured values as they were; what was missing is filled.
    missing : xarray.DataArray of bool
        Where values were filled.
    dictionary : str
        Or the interpolation that did better.
    error : float
        Root mean square error on measured values that were hidden, in a pattern like that of the
        gaps where possible, in the units of the field: what to expect in the gaps, rather on the
        high side, because less was left to go by.
    tried : mapping of str to float
        The same for every dictionary after fewer steps: what the choice went by.
    """

    data: xr.DataArray
    missing: xr.DataArray
    dictionary: str
    error: float
    tried: Mapping[str, float]

    def __str__(self) -> str:
        """What was filled and how well."""
        count, size = int(self.missing.sum()), self.missing.size
        return (
            f"{count} of {size} values filled, {self.dictionary}, expected error {self.error:.3g}"
        )


def inpaint(field: xr.DataArray, dictionary: Choice | None = None, *, seed: int = 0) -> Filled:
    """Fill missing values by the field that is sparse in a dictionary and fits the others.

    Parameters
    ----------
    field : DataArray
        One to three dimensions, evenly sampled, NaN where nothing was measured.
    dictionary : Dictionary or callable, optional
        A tight frame, or a function from the shape to one. By default cosines, stationary
        wavelets and, in two dimensions, curvelets are compared on measured values that are hidden;
        in one dimension linear and cubic interpolation too, which long gaps may leave as the best.
    seed : int
        Of the values that are hidden.

    Raises
    ------
    DataError
        If fewer than two values were measured, or some are infinite.
    ProblemError
        If the dictionary is not tight.

    References
    ----------
    Elad, Starck, Querre and Donoho, Applied and Computational Harmonic Analysis 19 (2005) 340.
    """
    if not isinstance(field, xr.DataArray):
        raise DataError(
            f"{type(field).__name__} is no field",
            why="gaps cut trajectories into pieces, so that there are none left to fill",
            fix="give an evenly sampled xarray.DataArray with NaN in its gaps, or the table with "
            "its empty cells to fill_table before it is opened",
        )
    values = fields.field(field, gaps=True)
    seen = np.isfinite(values)
    if np.count_nonzero(seen) < 2:
        raise DataError(
            "one value was measured" if seen.any() else "every value is missing",
            why="there is nothing to go by",
            fix="leave it out",
        )
    fillers = _fillers(values.shape, dictionary, fields.field_noise(values))
    rng = np.random.default_rng(seed)
    draws = [_hidden(seen, rng) for _ in range(DRAWS if seen.size <= SMALL else 1)]

    def tested(label: str, steps: tuple[int, int]) -> float:
        guesses = [fillers[label](values, seen & ~hidden, steps) for hidden in draws]
        off = [(guess - values)[hidden] for guess, hidden in zip(guesses, draws, strict=True)]
        return float(np.sqrt(np.mean(np.concatenate(off) ** 2)))

    tried = {label: tested(label, TRIAL_STEPS) for label in fillers}
    best = min(tried, key=tried.__getitem__)
    full = values if seen.all() else fillers[best](values, seen, STEPS)
    return Filled(
        field.copy(data=np.where(seen, values, full)),
        field.copy(data=~seen).rename("missing").assign_attrs({}),
        best,
        tested(best, STEPS),
        tried,
    )


def _fillers(shape: tuple[int, ...], dictionary: Choice | None, noise: float) -> dict[str, Filler]:
    """Ways to fill, by label."""

    def sparse(made: Dictionary) -> Filler:
        return lambda values, seen, steps: _fill(made, values, seen, noise, steps)

    makers = chosen(dictionary, redundant(shape))
    fillers = {label: sparse(make(shape)) for label, make in makers.items()}
    if dictionary is None and len(shape) == 1:
        fillers["linear interpolation"] = lambda values, seen, _: _interpolate(values, seen, 1)
        fillers["cubic interpolation"] = lambda values, seen, _: _interpolate(values, seen, 3)
    return fillers


def _interpolate(values: Array, seen: Mask, degree: int) -> Array:
    """A spline through what was measured, constant beyond its ends."""
    places = np.flatnonzero(seen)
    inside = np.clip(np.arange(len(values)), places[0], places[-1])
    if len(places) < 2:
        return np.full(values.shape, values[places[0]])
    spline = make_interp_spline(places, values[places], k=min(degree, len(places) - 1))
    return np.asarray(spline(inside))


def _fill(
    dictionary: Dictionary, values: Array, seen: Mask, noise: float, steps: tuple[int, int]
) -> Array:
    """Hard thresholding with a falling threshold, measured values put back at each step."""
    if not dictionary.is_tight or dictionary.bounds is None:
        raise ProblemError(
            f"{dictionary.name} is not a tight frame",
            where="dictionary",
            why="one threshold for all coefficients needs a frame that keeps energies",
            fix="use stationary_wavelet, curvelet, dct or an orthogonal wavelet",
        )
    bound, norms = dictionary.bounds[1], dictionary.norms()
    middle = float(values[seen].mean())
    known = np.where(seen, values - middle, 0.0)
    guess = known
    scaled = norms > 1e-9 * norms.max()
    weight = np.where(scaled, norms, np.inf)
    top = float(np.max(np.abs(dictionary.adjoint(known)) / weight))
    last = max(NOISE * noise, EXACT * top)
    if last >= top:
        return np.full(values.shape, middle)
    limits = [*np.geomspace(top, last, steps[0]), *[last] * steps[1]]
    for limit in limits:
        coefficients = dictionary.adjoint(guess)
        coefficients[np.abs(coefficients) < limit * weight] = 0.0
        smooth = dictionary.synthesise(coefficients) / bound
        guess = np.where(seen, known, smooth)
    return np.asarray(smooth + middle)


def _hidden(seen: Mask, rng: np.random.Generator) -> Mask:
    """Measured values to hide, in gaps of the form of those that are there."""
    hidden = _runs_like(seen, rng) if seen.ndim == 1 else _moved(seen, rng)
    if not hidden.any():
        hidden = seen & (rng.random(seen.shape) < HIDDEN)
    if not hidden.any():
        hidden.flat[np.flatnonzero(seen)[np.count_nonzero(seen) // 2]] = True
    return hidden


def _runs_like(seen: Mask, rng: np.random.Generator) -> Mask:
    """Gaps of the lengths that occur, elsewhere, until they hide a share of what was measured."""
    lengths = [b - a for a, b in runs(~seen)] or [1]
    hidden = np.zeros_like(seen)
    ends = np.flatnonzero(seen)[[0, -1]]
    for _ in range(10 * len(seen)):
        if hidden.sum() >= HIDDEN * seen.sum():
            break
        length = int(rng.choice(lengths))
        first = int(rng.integers(len(seen) - length + 1))
        more = hidden.copy()
        more[first : first + length] = True
        more &= seen
        # What lies beyond all that was measured is another question than a gap.
        more[ends] = False
        if 2 * more.sum() <= seen.sum():
            hidden = more
    return hidden


def _moved(seen: Mask, rng: np.random.Generator) -> Mask:
    """The gaps of a field, moved."""
    for _ in range(20):
        shift = [int(rng.integers(n)) for n in seen.shape]
        moved = np.roll(~seen, shift, tuple(range(seen.ndim))) & seen
        if 0.25 * (~seen).sum() < moved.sum() <= 0.5 * seen.sum():
            return moved
    return np.zeros_like(seen)
