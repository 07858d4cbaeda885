"""Conserved quantities of a fitted vector field, judged by the errors of its coefficients.

``Q = sum c_k g_k`` is conserved by ``x' = f`` when ``sum c_k grad g_k . f`` vanishes everywhere.
That is linear in the coefficients of ``f``, so their errors say how much of it is nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from physmodel.conserved.search.evidence import drift_of
from physmodel.conserved.search.families import Family
from physmodel.conserved.search.phase import FLOOR, Phase
from physmodel.conserved.search.search import ConservedSum, Test, search
from physmodel.conserved.search.spectrum import DECIDES, Spectrum
from physmodel.conserved.search.verdict import Verdict, verdict
from physmodel.models.fields.sparse_field import SparseField
from physmodel.models.terms import TermLibrary
from physmodel.problem.algebra.calculus import names_in

Array = NDArray[np.float64]

#: Ratio of change to error below which errors play no part.
EXACT = 0.01
#: Points at which the condition is posed.
POINTS = 400


@dataclass(frozen=True)
class Flow:
    """A field at points of phase space, and what each uncertain coefficient adds to it.

    Attributes
    ----------
    points, values : ndarray (m, v)
    errors : list of (int, ndarray (m,))
        Variable whose rate a coefficient changes, and the change by one standard error.
    """

    points: Array
    values: Array
    errors: list[tuple[int, Array]]


@dataclass(frozen=True)
class UncertainField:
    """A field as a flow in phase space, with the errors of its coefficients.

    Attributes
    ----------
    model : SparseField
        Without inputs or time.
    std_errors : ndarray (d, p)
        Of its coefficients.
    """

    model: SparseField
    std_errors: Array

    @property
    def shift(self) -> int:
        """Position in phase space of the variable whose rate the first equation gives."""
        return len(self.model.states) if self.model.order == 2 else 0

    def at(self, points: Array) -> Flow:
        """Rates ``(m, v)`` of all variables of phase space and their errors."""
        d, m = len(self.model.states), len(points)
        states, velocities = points[:, :d], points[:, d:] if self.shift else None
        zeros = np.zeros(m)
        rate = self.model.rate(zeros, states, velocities, np.empty((m, 0)))
        terms = self.model.library.evaluate(np.column_stack([points, zeros]))
        errors = [(e + self.shift, terms[:, k] * self.std_errors[e, k]) for e, k in self.uncertain]
        values = rate if velocities is None else np.column_stack([velocities, rate])
        return Flow(points, values, errors)

    @property
    def uncertain(self) -> list[tuple[int, int]]:
        """Equation and term of each uncertain coefficient."""
        return [(int(e), int(k)) for e, k in np.argwhere(self.std_errors > 0.0)]


def autonomous(model: SparseField) -> bool:
    """Whether neither inputs nor the time act on the states."""
    used = [t for t, c in zip(model.terms, model.coefficients.T, strict=True) if c.any()]
    return not model.inputs and not any("t" in names_in(term) for term in used)


def points_around(phase: Phase, seed: int = 0) -> Array:
    """Points where a field is tried, half of them data.

    In the others every variable is drawn on its own, because what holds on one orbit only is a
    curve and no law.

    Returns
    -------
    ndarray (m, v)
    """
    rng = np.random.default_rng(seed)
    total = len(phase.values)
    own = np.linspace(0, total - 1, min(POINTS // 2, total)).astype(int)
    mixed = [rng.choice(column, POINTS // 2) for column in phase.values.T]
    return np.vstack([phase.values[own], np.column_stack(mixed)])


def field_invariants(flow: Flow, phase: Phase, choices: list[Family]) -> list[ConservedSum]:
    """Independent quantities that a field conserves to within the errors of its coefficients.

    Returns
    -------
    list of ConservedSum
        Their drift is that along the records.
    """

    def examine(family: Family) -> tuple[Spectrum, Test] | None:
        spectrum = _spectrum(family.library, flow)
        if spectrum is None:
            return None

        def test(weights: Array) -> tuple[Array, float, float]:
            if spectrum.ratio(weights / spectrum.scale) < EXACT:
                weights = _polished(family.library, weights, flow)
            p_value = judge_quantity(family.library, weights, flow).p_value
            return weights, p_value, drift_of(family.library, weights, phase)

        return spectrum, test

    return search(phase, choices, examine)


def judge_quantity(library: TermLibrary, weights: Array, flow: Flow) -> Verdict:
    """Whether a field conserves a combination of terms.

    Parameters
    ----------
    library : TermLibrary
    weights : ndarray (p,)
    flow : Flow

    Returns
    -------
    Verdict
        On its rate of change.
    """
    slopes = np.einsum("mpv,p->mv", *_by_variable(library, flow, weights))
    change = np.einsum("mv,mv->m", slopes, flow.values)
    size = float(np.sum((np.abs(slopes) * np.abs(flow.values)).sum(axis=1) ** 2))
    moves = np.array([slopes[:, variable] * error for variable, error in flow.errors])
    return verdict(change, moves.reshape(len(flow.errors), len(change)), size)


def _polished(library: TermLibrary, weights: Array, flow: Flow) -> Array:
    """Coefficients to full precision, of which second moments keep half the digits."""
    slopes, _ = _by_variable(library, flow, weights)
    used = np.flatnonzero(weights)
    change = np.einsum("mpv,mv->mp", slopes, flow.values)
    fixed = int(np.argmax(np.abs(weights[used])))
    free = np.delete(np.arange(len(used)), fixed)
    scale = np.abs(weights[used])
    change = change * scale
    solved = np.linalg.lstsq(change[:, free], -change[:, fixed], rcond=None)[0]
    polished = np.zeros_like(weights)
    polished[used[fixed]] = weights[used[fixed]]
    polished[used[free]] = solved * scale[free] * np.sign(weights[used[fixed]])
    return polished


def _by_variable(library: TermLibrary, flow: Flow, weights: Array) -> tuple[Array, Array]:
    used = np.flatnonzero(weights)
    part = TermLibrary(library.variables, tuple(library.terms[k] for k in used))
    return part.derivatives(flow.points, flow.points.shape[1]), weights[used]


def _spectrum(library: TermLibrary, flow: Flow) -> Spectrum | None:
    with np.errstate(all="ignore"):
        slopes = library.derivatives(flow.points, flow.points.shape[1])
    usable = np.isfinite(slopes).all(axis=(1, 2))
    if usable.mean() < 0.5:
        return None
    slopes, values = slopes[usable], flow.values[usable]
    parts = np.einsum("mpv,mv->mp", np.abs(slopes), np.abs(values))
    # Squares of powers of values in user units may leave the range of floats.
    unit = parts.max(axis=0)
    unit = np.where(unit > 0.0, unit, 1.0)
    change = np.einsum("mpv,mv->mp", slopes, values) / unit
    size = np.sum((parts / unit) ** 2, axis=0)
    noise = np.diag(FLOOR**2 * size)
    for variable, error in flow.errors:
        moved = slopes[:, :, variable] / unit * error[usable][:, None]
        noise += moved.T @ moved
    freedom = float(max(len(flow.errors), 1))
    return Spectrum.of(change.T @ change, noise, np.diag(size), freedom, DECIDES, unit)
