"""What smoothed records say about a family of terms, and about one combination of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2, norm

from physmodel.conserved.search.families import Family
from physmodel.conserved.search.phase import Phase, means
from physmodel.conserved.search.precise import centred, precise
from physmodel.conserved.search.spectrum import CANCELS, SLACK, TELLING, Spectrum
from physmodel.models.terms import TermLibrary
from physmodel.problem.algebra.calculus import evaluate
from physmodel.problem.algebra.expression import Expression

Array = NDArray[np.float64]

#: Draws of the errors (each with both signs) for second moments, for the weights of points in the
#: test of one law, and for that test.
DRAWS, WEIGHT_DRAWS, TEST_DRAWS = 4, 12, 16
#: Points where a guard is closer to zero than this many standard deviations are left out.
CLEAR = 4.0
#: Share of the points that must be left.
ENOUGH = 0.5


@dataclass(frozen=True)
class Evidence:
    """Terms of a family at the points of phase space, and how noise changes them.

    Attributes
    ----------
    library : TermLibrary
        Terms of the family.
    phase : Phase
    usable : ndarray of bool (m,)
        Points where the terms can be evaluated whatever the noise.
    values : ndarray (n, p)
        Terms there, less the bias that noise gives to functions that are not linear.
    spectrum : Spectrum
    """

    library: TermLibrary
    phase: Phase
    usable: NDArray[np.bool_]
    values: Array
    spectrum: Spectrum

    def judge(self, weights: Array) -> tuple[Array, float, float]:
        """Make one combination precise, and compare its changes with those that noise makes.

        Parameters
        ----------
        weights : ndarray (p,)

        Returns
        -------
        weights : ndarray (p,)
            Better coefficients of the same terms.
        p_value, drift : float
            Of the total change and of a common trend in time, whichever is less likely, times two
            (Bonferroni).
        """
        used = np.flatnonzero(weights)
        draws = range(100, 100 + WEIGHT_DRAWS + TEST_DRAWS)
        _, differences = _with_noise(_part(self.library, used), self.phase, self.usable, draws)
        clear = np.all([np.isfinite(drawn).all(axis=1) for drawn in differences], axis=0)
        differences = [drawn[clear] for drawn in differences]
        values = self.values[clear][:, used]
        trajectory = self.phase.trajectory[self.usable][clear]
        time = self.phase.time[self.usable][clear]
        # Weights of points and their test need draws of their own.
        own, share = precise(values, differences[:WEIGHT_DRAWS], weights[used], trajectory)
        followed = centred(values @ own, share, trajectory)
        ramp = time - means(time, trajectory)
        ramp = share * ramp / np.sqrt(np.mean(ramp**2))
        totals, trends = [], []
        for drawn in differences[WEIGHT_DRAWS:]:
            change = centred(drawn @ own, share, trajectory)
            totals.append(float(change @ change))
            trends.append(float(np.sum(np.bincount(trajectory, ramp * change) ** 2)))
        total = float(np.mean(totals))
        # A mixture of chi-squared variables has the mean and variance of a scaled one:
        # Satterthwaite (1946), Biometrics Bulletin 2, 110.
        freedom = min(2.0 * total**2 / max(float(np.var(totals)), 1e-300), self.spectrum.freedom)
        freedom = max(freedom - len(used), 1.0)
        change_p = float(chi2.sf(freedom * float(followed @ followed) / total / SLACK, freedom))
        slope = float(ramp @ followed) / np.sqrt(np.mean(trends) * SLACK)
        trend_p = 2.0 * float(norm.sf(abs(slope)))
        found = np.zeros_like(weights)
        found[used] = own
        return found, min(1.0, 2.0 * min(change_p, trend_p)), _drift(values, own, trajectory)


def gather(family: Family, phase: Phase) -> Evidence | None:
    """Evaluate a family along the records.

    Returns
    -------
    Evidence or None
        None where the terms cannot be evaluated on most of the data, or are too many for them.
    """
    usable = _usable(family, phase)
    if usable.mean() < ENOUGH:
        return None
    trajectory = phase.trajectory[usable]
    library, p = family.library, len(family.library)
    values, differences = _with_noise(library, phase, usable, range(DRAWS))
    if not np.isfinite(values).all() or not all(np.isfinite(x).all() for x in differences):
        return None
    freedom = phase.freedom * float(usable.mean())
    if freedom < 3 * p:
        return None
    # Squares of powers of values in user units may leave the range of floats.
    unit = np.abs(values).max(axis=0)
    unit = np.where(unit > 0.0, unit, 1.0)
    scaled = values / unit
    changes = scaled - means(scaled, trajectory)
    noise = np.zeros((p, p))
    levels = np.zeros((p, p))
    for drawn in (difference / unit for difference in differences):
        level = means(drawn, trajectory)
        noise += (drawn - level).T @ (drawn - level) / DRAWS
        levels += level.T @ level / DRAWS
    within = changes.T @ changes
    single = phase.n_trajectories == 1
    if not single:
        offsets = means(scaled, trajectory)
        offsets = offsets - offsets.mean(axis=0)
        between = offsets.T @ offsets - levels
    else:
        between = np.diag(np.maximum(np.diag(within) - np.diag(noise), 0.0))
    least = CANCELS if single else TELLING
    spectrum = Spectrum.of(within, noise, between, freedom, least, unit)
    return Evidence(library, phase, usable, values, spectrum)


def drift_of(library: TermLibrary, weights: Array, phase: Phase) -> float:
    """Largest deviation of a combination from its mean, over the size of the motion of its terms.

    Parameters
    ----------
    library : TermLibrary
    weights : ndarray (p,)
    phase : Phase
    """
    used = np.flatnonzero(weights)
    values = _part(library, used).evaluate(phase.values)
    return _drift(values, weights[used], phase.trajectory)


def _part(library: TermLibrary, used: NDArray[np.intp]) -> TermLibrary:
    return TermLibrary(library.variables, tuple(library.terms[k] for k in used))


def _drift(values: Array, weights: Array, trajectory: NDArray[np.intp]) -> float:
    parts = values * weights
    followed, size = parts.sum(axis=1), float(np.sum(parts.std(axis=0)))
    return float(np.abs(followed - means(followed, trajectory)).max() / size) if size else 0.0


def _usable(family: Family, phase: Phase) -> NDArray[np.bool_]:
    usable = np.ones(len(phase.values), dtype=bool)
    errors = [phase.errors(seed) for seed in range(DRAWS)]
    for guard in family.guards:
        value = _at(guard, phase, phase.values)
        spread = np.sqrt(
            np.mean([(_at(guard, phase, phase.values + e) - value) ** 2 for e in errors], axis=0)
        )
        usable &= value > CLEAR * spread.mean() if not spread.max() else value > CLEAR * spread
    return usable


def _at(expression: Expression, phase: Phase, values: Array) -> Array:
    named = dict(zip(phase.names, values.T, strict=True))
    return np.asarray(evaluate(expression, named), dtype=np.float64)


def _with_noise(
    library: TermLibrary, phase: Phase, usable: NDArray[np.bool_], seeds: range
) -> tuple[Array, list[Array]]:
    """Terms less their bias, and draws of what noise changes in them to first order and beyond."""
    points = phase.values[usable]
    with np.errstate(all="ignore"):
        plain = library.evaluate(points)
        bias = np.zeros_like(plain)
        differences = []
        for seed in seeds:
            errors = phase.errors(seed)[usable]
            above, below = library.evaluate(points + errors), library.evaluate(points - errors)
            bias += (above + below - 2.0 * plain) / (2 * len(seeds))
            differences.append((above - below) / 2.0)
    return plain - bias, differences
