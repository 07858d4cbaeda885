"""Shrinking noisy coefficients in a tight frame, with an unbiased estimate of what it costs.

References
----------
Stein, Annals of Statistics 9 (1981) 1135; Donoho and Johnstone, J. American Statistical
Association 90 (1995) 1200 (thresholds by Stein's estimate, band by band); Gao, J. Computational
and Graphical Statistics 7 (1998) 469 (the garrote); Blu and Luisier, IEEE Trans. Image Processing
16 (2007) 2778 (the estimate in the domain of the signal).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from physmodel.errors import ProblemError
from physmodel.models.dictionaries import Dictionary

Array = NDArray[np.float64]
Index = NDArray[np.intp] | slice

#: Thresholds tried in each band, in standard deviations, up to the universal one.
TRIED = 40
#: Shells per octave into which a dictionary with a single band is split.
SHELLS = 2


@dataclass(frozen=True)
class Shrunk:
    """A signal after shrinkage.

    `risk`: Stein's unbiased estimate of the squared error, summed over samples; may be negative.
    `kept`: coefficients that are not zero. `thresholds`: of each band, in standard deviations of a
    coefficient.
    """

    signal: Array
    risk: float
    kept: int
    thresholds: tuple[float, ...]


def shrink(
    dictionary: Dictionary,
    noisy: Array,
    noise_std: float,
    thresholds: Sequence[float] | None = None,
) -> Shrunk:
    """Shrink every coefficient by the garrote, with one threshold per band.

    `dictionary`: tight: orthonormal wavelets and cosines, stationary wavelets, curvelets, ...
    `noisy`: signal plus white noise. `noise_std`: in the units of the signal; positive.
    `thresholds`: of each band, in standard deviations; by default those of least estimated risk,
    which makes the estimate of the risk a little low. Raises ProblemError if the dictionary is not
    tight.

    Notes
    -----
    With ``D D' = b`` and the garrote ``g(c) = c max(0, 1 - t^2 / c^2)`` the answer is
    ``D g(D' y) / b``. Its divergence is ``sum |d_i|^2 g'(c_i) / b``, so Stein's estimate
    ``|y - x|^2 + 2 s^2 div - n s^2`` is exact for redundant frames too. Thresholds minimise the
    same estimate among the coefficients of a band, which bounds the one of the signal.
    """
    if not dictionary.is_tight or dictionary.bounds is None:
        raise ProblemError(
            f"{dictionary.name} is not a tight frame",
            where="dictionary",
            why="white noise keeps its level in the coefficients of a tight frame only, "
            "and the thresholds are derived from this level",
            fix="use stationary_wavelet, curvelet, dct or an orthogonal wavelet",
        )
    bound = dictionary.bounds[1]
    coefficients = dictionary.adjoint(noisy)
    norms = dictionary.norms()
    deviations = noise_std * norms
    shrunk = np.zeros_like(coefficients)
    divergence = 0.0
    used = []
    for number, index in enumerate(_bands(dictionary)):
        c, s = coefficients[index], deviations[index]
        # Next to nothing of an atom: no coefficient, and nothing to divide by.
        seen = s > 1e-9 * noise_std
        level = _threshold(c[seen], s[seen]) if thresholds is None else thresholds[number]
        used.append(float(level))
        limit = np.where(seen, s * level, np.inf)
        above = np.abs(c) > limit
        part = np.divide(limit**2, c**2, out=np.ones_like(c), where=above)
        shrunk[index] = c * (1.0 - part)
        divergence += float(np.sum(norms[index] ** 2 * above * (1.0 + np.where(above, part, 0.0))))
    signal = dictionary.synthesise(shrunk) / bound
    misfit = float(np.sum((noisy - signal) ** 2))
    risk = misfit + noise_std**2 * (2.0 * divergence / bound - noisy.size)
    return Shrunk(signal, risk, int(np.count_nonzero(shrunk)), tuple(used))


def _bands(dictionary: Dictionary) -> list[Index]:
    """Coefficients that share a threshold."""
    if len(dictionary.bands) > 1:
        return [band.slice for band in dictionary.bands]
    shape = dictionary.bands[0].shape
    # Frequencies and modes stand in order: low and high ones differ in what they hold.
    order = np.max([1.0 + index for index in np.indices(shape)], axis=0).ravel()
    shells = np.floor(SHELLS * np.log2(order)).astype(int)
    return [np.flatnonzero(shells == shell) for shell in np.unique(shells)]


def _threshold(coefficients: Array, deviations: Array) -> float:
    """Threshold in standard deviations that minimises Stein's estimate over a band."""
    if not len(coefficients):
        return 0.0
    ratios = np.abs(coefficients) / deviations
    universal = float(np.sqrt(2.0 * np.log(max(len(ratios), 2))))
    # Where nothing but noise can be seen, the best threshold of the sample is chance.
    excess = float(np.mean(ratios**2)) - 1.0
    if excess <= np.log2(max(len(ratios), 2)) ** 1.5 / np.sqrt(len(ratios)):
        return universal
    order = np.argsort(ratios)
    ratios, weights = ratios[order], deviations[order] ** 2
    below = np.concatenate([[0.0], np.cumsum(weights * ratios**2)])
    inverse = np.divide(weights, ratios**2, out=np.zeros_like(ratios), where=ratios > 0.0)
    above = np.concatenate([np.cumsum(inverse[::-1])[::-1], [0.0]])
    count = np.concatenate([np.cumsum(weights[::-1])[::-1], [0.0]])
    tried = np.linspace(0.0, universal, TRIED)
    place = np.searchsorted(ratios, tried, side="right")
    t2 = tried**2
    risk = below[place] + (t2**2 + 2.0 * t2) * above[place] + 2.0 * count[place]
    return float(tried[np.argmin(risk)])
