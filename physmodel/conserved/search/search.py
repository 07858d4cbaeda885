"""Conserved quantities that passed a test, made functionally independent and as short as can be."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from physmodel.conserved.quantity import invariant
from physmodel.conserved.search.families import Family
from physmodel.conserved.search.phase import Phase
from physmodel.conserved.search.spectrum import DEVIATIONS, PRICE, Spectrum, combinations_of
from physmodel.laws.invariant import Invariant
from physmodel.models.terms import TermLibrary

Array = NDArray[np.float64]
#: Coefficients of one combination of the terms of a family, made precise; probability; drift.
Test = Callable[[Array], tuple[Array, float, float]]

#: A quantity whose changes noise makes less often than this is not conserved.
LEVEL = 1e-3
#: Share of a gradient that must point away from those of the quantities already found, beyond
#: three times what the errors of the coefficients turn it by.
NEW, TURNS = 0.03, 3.0
#: Longer sums are no answer to a reader: with so many terms anything smooth can be imitated.
LONGEST = 8
#: Variance between motions over noise that is asked for, per square of the number of free
#: coefficients: on a thin attractor long sums can be found that hardly change at all.
FREEDOM = 0.4


@dataclass(frozen=True)
class ConservedSum:
    """A combination of the terms of a family that passed the test.

    Attributes
    ----------
    library : TermLibrary
    weights, std_errors : ndarray (p,)
    slopes : ndarray (m, v)
        Its gradients at some of the data; NaN where it has none.
    blur : float
        Typical angle by which the errors of the coefficients turn the gradients.
    p_value, drift : float
    misfit, deviation : float
        Twice the negative log likelihood with the price of the terms, and what noise changes
        in it.
    """

    library: TermLibrary
    weights: Array
    std_errors: Array
    slopes: Array
    blur: float
    p_value: float
    drift: float
    misfit: float
    deviation: float

    @property
    def n_terms(self) -> int:
        """Number of terms."""
        return int(np.count_nonzero(self.weights))

    @property
    def degree(self) -> float:
        """Sum of the absolute exponents of all factors of all terms."""
        return sum(
            abs(float(exponent))
            for k in np.flatnonzero(self.weights)
            for inner, _ in self.library.terms[k].summands
            for _, exponent in inner.factors
        )

    def replaces(self, other: ConservedSum) -> bool:
        """Whether this describes the same quantity as another one better."""
        gain = other.misfit - self.misfit
        if self.n_terms == other.n_terms:
            return gain > 0.0
        # Longer sums always fit somewhat better: the short one must be in trouble.
        strain = other.misfit - PRICE * other.n_terms - other.deviation**2 / 2.0
        return min(gain, strain) > DEVIATIONS * self.deviation

    def public(self) -> Invariant:
        """The same for users."""
        return invariant(
            self.library.terms, self.weights, self.std_errors, self.p_value, self.drift
        )


def search(
    phase: Phase,
    families: Sequence[Family],
    examine: Callable[[Family], tuple[Spectrum, Test] | None],
) -> list[ConservedSum]:
    """Go through families of terms until no more independent quantities are possible.

    Parameters
    ----------
    phase : Phase
    families : sequence of Family
        From plain to rich.
    examine : callable
        Second moments of a family and the test of one combination; None where it is no use.

    Returns
    -------
    list of ConservedSum
        Functionally independent, those of few terms first.
    """
    most = len(phase.names) - 1
    candidates: list[ConservedSum] = []
    chosen: list[ConservedSum] = []
    for family in families:
        examined = examine(family)
        if examined is None:
            continue
        spectrum, test = examined
        for rough in combinations_of(spectrum, most=2 * most + 1):
            weights, p_value, drift = test(rough)
            if p_value >= LEVEL and _speaks(spectrum, weights):
                candidates.append(_found(family, phase, spectrum, weights, p_value, drift))
        chosen = independent(candidates, most)
        if len(chosen) == most:
            break
    return chosen


def independent(candidates: Sequence[ConservedSum], most: int) -> list[ConservedSum]:
    """Functionally independent quantities, those of few terms first.

    Parameters
    ----------
    candidates : sequence of ConservedSum
    most : int
        A motion in `d` variables has at most ``d - 1``.
    """
    chosen: list[ConservedSum] = []
    for new in sorted(candidates, key=lambda item: (item.n_terms, item.degree)):
        twin = next((k for k, old in enumerate(chosen) if not _is_new([old], new)), None)
        if twin is not None:
            # The same quantity in other terms, such as x^2 / 2 for 1 - cos(x).
            if new.replaces(chosen[twin]):
                chosen[twin] = new
        elif len(chosen) < most and _is_new(chosen, new):
            chosen.append(new)
    return chosen


def _speaks(spectrum: Spectrum, weights: Array) -> bool:
    """Whether a sum is short, or varies between motions far more than noise lets it."""
    n_terms = int(np.count_nonzero(weights))
    asked = FREEDOM * (n_terms - 1) ** 2
    return n_terms <= LONGEST and spectrum.telling(weights / spectrum.scale) >= asked


def _found(
    family: Family,
    phase: Phase,
    spectrum: Spectrum,
    weights: Array,
    p_value: float,
    drift: float,
) -> ConservedSum:
    normalised = weights / spectrum.scale
    misfit = spectrum.freedom * spectrum.ratio(normalised) + PRICE * np.count_nonzero(weights)
    errors = spectrum.std_errors(normalised) * spectrum.scale
    slopes, blur = _gradients(family.library, phase, weights, errors)
    deviation = float(np.sqrt(2.0 * spectrum.freedom))
    return ConservedSum(
        family.library, weights, errors, slopes, blur, p_value, drift, float(misfit), deviation
    )


def _gradients(
    library: TermLibrary, phase: Phase, weights: Array, std_errors: Array
) -> tuple[Array, float]:
    """Gradients ``(m, v)`` over the data by variables in units of their spread, and their blur.

    NaN where a term has none.
    """
    pick = np.linspace(0, len(phase.values) - 1, min(200, len(phase.values))).astype(int)
    by_term = library.derivatives(phase.values[pick], phase.values.shape[1])
    by_term = by_term * phase.values.std(axis=0)
    by_term[~np.isfinite(by_term).all(axis=(1, 2))] = np.nan  # 1/x at zero
    slopes = np.einsum("mpv,p->mv", by_term, weights)
    turned = np.linalg.norm(by_term * std_errors[:, None], axis=(1, 2))
    size = np.linalg.norm(slopes, axis=1)
    return slopes, float(np.nanmedian(turned / np.where(size > 0.0, size, 1.0)))


def _is_new(known: Sequence[ConservedSum], new: ConservedSum) -> bool:
    """Whether the gradients leave the span of those known, typically and beyond their errors."""
    if not known:
        return True
    stacked = np.stack([found.slopes for found in (*known, new)], axis=2)
    stacked = stacked[np.isfinite(stacked).all(axis=(1, 2))]
    basis, slopes = np.linalg.qr(stacked[:, :, :-1])[0], stacked[:, :, -1]
    left = slopes - np.einsum("mvk,mwk,mw->mv", basis, basis, slopes)
    size = np.linalg.norm(slopes, axis=1)
    share = np.linalg.norm(left, axis=1) / np.where(size > 0.0, size, 1.0)
    turned = max(found.blur for found in (*known, new))
    return bool(np.median(share) > NEW + TURNS * turned)
