"""Sparse combinations of terms that change no more than noise makes them.

``within`` is what a combination changes along trajectories, ``noise`` what it would change if it
were conserved and only measured with noise, ``between`` what it tells one motion from another by.
The smallest generalised eigenvalues of the first two are near one for conserved quantities
(errors in variables: Fuller (1987), Measurement Error Models, chapter 2), whatever the units.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh

Array = NDArray[np.float64]

#: What is not known about the noise level and the smoothing, as a share of the noise variance.
SLACK = 1.1
#: Standard deviations of the smallest eigenvalue that are allowed on top.
DEVIATIONS = 4.0
#: Variance between motions over the noise variance of a point, below which a quantity that
#: does not change says nothing, because it hardly could have.
TELLING = 1.0
#: The same where nothing is known but that the terms of a quantity move and their sum does not.
CANCELS = 25.0
#: The same for a condition on a field: the errors of its coefficients are only known one by one,
#: so they must be small, five per cent, for anything to follow from them.
DECIDES = 400.0
#: Price of a term in units of twice the log likelihood.
PRICE = 12.0
#: Rounding in a normalised Gram matrix.
RIDGE = 1e-13


@dataclass(frozen=True)
class Spectrum:
    """Second moments of the terms of one family, normalised to unit diagonal of their sum.

    Attributes
    ----------
    within, noise, between : ndarray (p, p)
    scale : ndarray (p,)
        Multiply coefficients of the normalised terms by it to get those of the terms.
    freedom : float
        Independent numbers behind `within`.
    least : float
        Smallest `telling` of a quantity that says anything.
    """

    within: Array
    noise: Array
    between: Array
    scale: Array
    freedom: float
    least: float

    @classmethod
    def of(
        cls,
        within: Array,
        noise: Array,
        between: Array,
        freedom: float,
        least: float = TELLING,
        unit: Array | float = 1.0,
    ) -> Spectrum:
        """Normalise second moments of terms divided by `unit`."""
        size = np.diag(within) + np.diag(between) + np.diag(noise)
        scale = 1.0 / np.sqrt(np.where(size > 0.0, size, 1.0))
        outer = np.outer(scale, scale)
        return cls(within * outer, noise * outer, between * outer, scale / unit, freedom, least)

    @property
    def limit(self) -> float:
        """Largest ratio of change to noise of something conserved."""
        return float(SLACK * (1.0 + DEVIATIONS * np.sqrt(2.0 / self.freedom)))

    def ratio(self, weights: Array) -> float:
        """Change over noise of one combination."""
        return float(weights @ self.within @ weights / (weights @ self.noise @ weights))

    def telling(self, weights: Array) -> float:
        """Variance between motions over noise of one combination."""
        return float(weights @ self.between @ weights / (weights @ self.noise @ weights))

    def std_errors(self, weights: Array) -> Array:
        """Standard errors of the coefficients of one combination, its largest held fixed."""
        used = np.flatnonzero(weights)
        free = used[used != np.argmax(np.abs(weights))]
        place = np.ix_(free, free)
        signal = self.within[place] - self.noise[place]
        floor = RIDGE * np.eye(len(free)) + 0.01 * self.noise[place]
        values, vectors = eigh(signal + floor)
        spread = vectors**2 @ (1.0 / np.maximum(values, RIDGE))
        errors = np.zeros(len(weights))
        errors[free] = np.sqrt(weights @ self.noise @ weights / self.freedom * spread)
        return errors


def combinations_of(spectrum: Spectrum, most: int, left_out: Sequence[int] = ()) -> list[Array]:
    """Sparse combinations that are conserved, linearly independent.

    Parameters
    ----------
    spectrum : Spectrum
    most : int
        Stop after so many.
    left_out : sequence of int
        Terms that are not used.

    Returns
    -------
    list of ndarray (p,)
        Coefficients of the terms as they are, largest normalised one positive.
    """
    free = [k for k in range(len(spectrum.scale)) if k not in set(left_out)]
    found: list[Array] = []
    while len(found) < most and free:
        weights = _sparsest(spectrum, free)
        if weights is None:
            break
        # Every other conserved combination can do without this term.
        free.remove(int(np.argmax(np.abs(weights))))
        weights = _shortened(spectrum, weights, [w / spectrum.scale for w in found])
        found.append(weights * spectrum.scale * np.sign(weights[np.argmax(np.abs(weights))]))
    return found


def _sparsest(spectrum: Spectrum, free: Sequence[int]) -> Array | None:
    support = list(free)
    null = _null_space(spectrum, support)
    if null is None or _most_telling(spectrum, support, null) < spectrum.least:
        return None
    while len(support) > 1:
        if null.shape[1] > 1:
            drop = _spare(spectrum, support, null)
        else:
            drop = _weakest(spectrum, support, null[:, 0])
        fewer = support[:drop] + support[drop + 1 :]
        left = _null_space(spectrum, fewer)
        if left is None or _most_telling(spectrum, fewer, left) < spectrum.least:
            break
        if null.shape[1] == 1 and _loss(spectrum, support, null, fewer, left) > PRICE:
            break
        support, null = fewer, left
    weights = np.zeros(len(spectrum.scale))
    weights[support] = null[:, 0]
    return weights


def _shortened(spectrum: Spectrum, weights: Array, known: Sequence[Array]) -> Array:
    """A shorter combination of the same and those known, where there is one."""
    used = np.flatnonzero(weights)
    together = sorted({int(k) for vector in (weights, *known) for k in np.flatnonzero(vector)})
    # Without a term that is in all known ones, what is left is none of them.
    common = [k for k in together if all(vector[k] != 0.0 for vector in known)]
    best = weights
    for k in common if known and len(together) > len(used) else ():
        shorter = _sparsest(spectrum, [j for j in together if j != k])
        if shorter is not None and np.count_nonzero(shorter) < np.count_nonzero(best):
            best = shorter
    return best


def _null_space(spectrum: Spectrum, support: Sequence[int]) -> Array | None:
    """Combinations ``(s, r)``, orthonormal in the noise, that change like noise."""
    place = np.ix_(support, support)
    noise = spectrum.noise[place] + RIDGE * np.eye(len(support))
    ratios, vectors = eigh(spectrum.within[place], noise)
    count = int(np.searchsorted(ratios, spectrum.limit))
    return np.asarray(vectors[:, :count]) if count else None


def _most_telling(spectrum: Spectrum, support: Sequence[int], null: Array) -> float:
    between = null.T @ spectrum.between[np.ix_(support, support)] @ null
    return float(np.linalg.eigvalsh(between)[-1])


def _spare(spectrum: Spectrum, support: Sequence[int], null: Array) -> int:
    """The term without which what is left tells most; the most complex among equals."""
    between = null.T @ spectrum.between[np.ix_(support, support)] @ null
    told = np.empty(len(support))
    for k, row in enumerate(null):
        size = float(row @ row)
        if size > 0.0:
            # Rotate the null space so that only its first vector uses the term.
            basis = np.linalg.qr(np.column_stack([row, np.eye(len(row))]))[0][:, 1 : len(row)]
            told[k] = np.linalg.eigvalsh(basis.T @ between @ basis)[-1]
        else:
            told[k] = np.linalg.eigvalsh(between)[-1]
    most = told.max()  # below zero where noise tells more than the motions do
    return int(np.flatnonzero(told >= most - 0.3 * abs(most))[-1])


def _weakest(spectrum: Spectrum, support: Sequence[int], weights: Array) -> int:
    """The term whose loss raises the ratio least, to first order (Wald's statistic)."""
    place = np.ix_(support, support)
    stiff = spectrum.within[place] + 1e-3 * spectrum.noise[place]
    spread = np.diag(np.linalg.pinv(stiff, hermitian=True))
    return int(np.argmin((weights / np.abs(weights).max()) ** 2 / np.maximum(spread, 1e-300)))


def _loss(
    spectrum: Spectrum,
    support: Sequence[int],
    null: Array,
    fewer: Sequence[int],
    left: Array,
) -> float:
    """Twice the log likelihood lost by dropping a term."""
    ratios = []
    for chosen, vectors in ((support, null), (fewer, left)):
        weights = np.zeros(len(spectrum.scale))
        weights[list(chosen)] = vectors[:, 0]
        ratios.append(spectrum.ratio(weights))
    return float(spectrum.freedom * (ratios[1] - ratios[0]))
