"""Which filter a record went through, seen in the fast part of its spectrum.

A filter leaves its mark on the noise: fast frequencies, at which a well sampled motion has nothing,
are as strong as its response lets them be, with zeros at places of their own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.signal import windows
from scipy.stats import kstest

from physmodel.constants import ENGINE
from physmodel.data.measurement.filters import (
    FAMILIES,
    UNFILTERED,
    Family,
    NoiseFilter,
    difference,
)
from physmodel.data.measurement.noise import alike, finest_contrasts

Array = NDArray[np.float64]

#: [cycles per sample] Above one of them there is only noise; the lowest is best, if it holds. With
#: the samples that it needs: in short records fast frequencies leak into the slow ones, which
#: differences have made small.
FAST = {0.05: 200, 0.1: 150, 0.2: 60}
#: Multiples of the frequency of a motion below which it has something, however smooth it is.
HARMONICS = 8
#: Impulse responses that a record must be long enough for.
WINDOWS = 4
#: Order of the differences that keep slow motion out of fast frequencies.
ORDER = 8
#: [samples] Of a record that are looked at: a filter is the same everywhere.
LOOKED_AT = 8192
#: Families whose numbers are refined.
REFINED = 2
#: Probability of the scatter about white noise, above which no filter is looked for.
WHITE = 0.1
#: Standard deviation of the logarithms of two neighbouring powers' ratio, half that of noise: the
#: spectrum of a motion is smooth.
ROUGH = 0.5 * np.pi / np.sqrt(3.0)
#: Share of the largest power that the samples have beside the filtered noise: rounding, and what
#: the taper of a short record spreads.
BESIDE = (1e-4, 1e-8)


@dataclass(frozen=True)
class Spectra:
    """Power ``(k, f)`` of the columns of a record of `count` samples at some frequencies."""

    count: int
    frequencies: slice
    power: Array

    @cached_property
    def differences(self) -> Array:
        """Squared response ``(f,)`` of the differences."""
        return self.response(difference(ORDER))

    def above(self, fast: float) -> Spectra:
        """Those of the frequencies above one; a taper joins neighbours, every third is kept."""
        kept = slice(int(np.ceil(fast * self.count)), None, 3)
        return Spectra(self.count, kept, self.power[:, kept])

    def response(self, weights: Array) -> Array:
        """Squared response ``(f,)`` of a filter."""
        # Frequencies of a record are those of a circle of its length, short as it may be.
        circle = np.bincount(np.arange(len(weights)) % self.count, weights, self.count)
        return np.asarray(np.abs(np.fft.rfft(circle)) ** 2, dtype=float)[self.frequencies]


def seen_filter(pieces: Sequence[tuple[Array, Array]], memory: float = np.inf) -> NoiseFilter:
    """The filter that the fast part of some records shows.

    Parameters
    ----------
    pieces : sequence of (time, values)
        Arrays ``(n,)`` and ``(n, d)``.
    memory : float
        Samples in one characteristic time of the motion, whose first harmonics are no noise.

    Returns
    -------
    NoiseFilter
        The likeliest by Whittle's approximation, if it is much likelier than none, and what the
        records have of each frequency scatters about it as noise does (by Kolmogorov and Smirnov's
        test), and differences of several orders have the size of such noise; else `UNFILTERED`, as
        where samples are unevenly spaced or few.

    References
    ----------
    Whittle (1953), Ark. Mat. 2, 423.
    """
    looked_at = [(time[:LOOKED_AT], values[:LOOKED_AT]) for time, values in pieces]
    columns = range(pieces[0][1].shape[1])
    each = [[(time, values[:, j]) for time, values in looked_at] for j in columns]
    sizes = [finest_contrasts(records) for records in each]
    spread = np.concatenate([values for _, values in looked_at]).std(axis=0)
    # What is left of a motion without noise is the rounding of its numbers.
    if any(
        _rounded(size, limit) for size, limit in zip(sizes, ENGINE.digits * spread, strict=True)
    ):
        return UNFILTERED
    every = [found for record in looked_at for found in _spectra(*record)]
    for fast, fewest in FAST.items():
        if fast * memory < HARMONICS:
            continue
        spectra = [one.above(fast) for one in every if one.count + ORDER >= fewest]
        if not spectra or not _rough(spectra):
            continue
        best, (cost, probability) = UNFILTERED, _judged(UNFILTERED, spectra)
        if probability < WHITE:
            none = best, cost - ENGINE.margin
            best, _ = min((none, *_likeliest(spectra)), key=_second)
            _, probability = _judged(best, spectra)
        noise = probability > ENGINE.filter_doubt
        if noise and all(alike(size, best.share_of) for size in sizes):
            return best
    return UNFILTERED


def _rounded(contrasts: Sequence[Array], limit: float) -> bool:
    return all(bool(np.mean(part**2) < limit**2) for part in contrasts)


@cache
def _known() -> list[tuple[Family, list[tuple[float, NoiseFilter]]]]:
    """Filters of each family by their number, without those that are too long."""
    made = []
    for family in FAMILIES:
        options = [(number, family.of(number)) for number in family.numbers]
        made.append((family, [(n, option) for n, option in options if option is not None]))
    return made


def _likeliest(spectra: Sequence[Spectra]) -> list[tuple[NoiseFilter, float]]:
    """Filters with their costs: the best of each family, those refined that are among the best."""
    longest = min(record.count for record in spectra) // WINDOWS
    rough = [
        [_cost(o, spectra) if len(o.impulse) <= longest else np.inf for _, o in known]
        for _, known in _known()
    ]
    limit = sorted(min(costs) for costs in rough)[REFINED]
    pairs = zip(_known(), rough, strict=True)
    return [_best(*pair, costs, spectra) for pair, costs in pairs if min(costs) <= limit]


def _best(
    family: Family,
    known: Sequence[tuple[float, NoiseFilter]],
    costs: Sequence[float],
    spectra: Sequence[Spectra],
) -> tuple[NoiseFilter, float]:
    """The likeliest filter of a family, and its cost: a number that was adapted has its price."""
    first = int(np.argmin(costs))
    best = known[first][1]
    if not family.continuous:
        return best, costs[first]
    if first in (0, len(known) - 1):  # the likeliest number is beyond those that are looked at
        return best, np.inf

    def cost(number: float) -> float:
        option = family.of(number)
        return np.inf if option is None else _cost(option, spectra)

    low, high = known[first - 1][0], known[first + 1][0]
    refined = minimize_scalar(cost, bounds=(low, high), method="bounded", options={"xatol": 1e-3})
    better = family.of(float(refined.x)) if refined.fun < costs[first] else None
    price = float(np.log(sum(record.power.size for record in spectra)))
    return (best, costs[first] + price) if better is None else (better, refined.fun + price)


def _spectra(time: Array, values: Array) -> list[Spectra]:
    """Power of the differences of an evenly sampled record at all frequencies."""
    steps = np.diff(time)
    n = len(time) - ORDER
    if n < 1 or steps.max() > 1.01 * steps.min():
        return []
    columns = windows.hann(n) ** 2 * np.diff(values, ORDER, axis=0).T
    power = np.asarray(np.abs(np.fft.rfft(columns, axis=1)) ** 2, dtype=float)
    seen = power[np.all(power > 0.0, axis=1)]
    return [Spectra(n, slice(None), seen)] if len(seen) else []


def _second(pair: tuple[NoiseFilter, float]) -> float:
    return pair[1]


def _levels(option: NoiseFilter, spectra: Sequence[Spectra]) -> tuple[float, list[Array]]:
    """Minus twice Whittle's log likelihood, and the power that a filter lets through.

    Its size in each record, and the share beside it, are at their best.
    """
    passed = [record.response(option.weights) for record in spectra]
    choices = []
    for beside in BESIDE:
        levels, cost = [], 0.0
        for record, own in zip(spectra, passed, strict=True):
            shape = (own + beside * own.max()) * record.differences
            level = shape * np.mean(record.power / shape, axis=1, keepdims=True)
            # Motion above white noise looks like a filter that lets little through.
            seen = np.median(own) > beside * own.max()
            cost += 2.0 * float(np.sum(np.log(level))) if seen else np.inf
            levels.append(level)
        choices.append((cost, levels))
    return min(choices, key=lambda choice: choice[0])


def _cost(option: NoiseFilter, spectra: Sequence[Spectra]) -> float:
    return _levels(option, spectra)[0]


def _judged(option: NoiseFilter, spectra: Sequence[Spectra]) -> tuple[float, float]:
    """Cost of a filter, and the probability of the scatter about it, exponential for noise."""
    cost, levels = _levels(option, spectra)
    pairs = zip(spectra, levels, strict=True)
    ratios = np.concatenate([(record.power / level).ravel() for record, level in pairs])
    return cost, float(kstest(ratios, "expon").pvalue)


def _rough(spectra: Sequence[Spectra]) -> bool:
    """Whether neighbouring powers differ as independent ones do."""
    steps = [np.diff(np.log(record.power), axis=1).ravel() for record in spectra]
    return float(np.std(np.concatenate(steps))) > ROUGH
