"""Conserved quantities of measured trajectories, without a model of their motion."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from threadpoolctl import threadpool_limits

from physmodel.conserved.of_law import law_invariants
from physmodel.conserved.search.evidence import gather
from physmodel.conserved.search.families import Family, families, motion_pairs
from physmodel.conserved.search.phase import Phase
from physmodel.conserved.search.search import ConservedSum, Test, search
from physmodel.conserved.search.smoothing import long_enough, smooth
from physmodel.conserved.search.spectrum import Spectrum
from physmodel.data.contract import variable_names
from physmodel.data.doctor import constant_columns, duplicate_columns
from physmodel.data.open import opened
from physmodel.data.segments import segments
from physmodel.discovery.discover import discover
from physmodel.invariance.one_trajectory import believed
from physmodel.laws.invariant import Invariant
from physmodel.laws.result import Result
from physmodel.models.terms import TermLibrary, polynomial_terms
from physmodel.problem.body_names import recognise_bodies

#: States that are taken for positions, whose velocities are found by smoothing, if nothing is
#: conserved by themselves.
MOST_POSITIONS = 3
#: Degree of the polynomials that are tried as rates of the states, and how much more than noise
#: must be left of the rates.
DEGREE, HIDDEN = 3, 2.0


def invariants(data: Any) -> tuple[Invariant, ...]:
    """Find what measured trajectories conserve without a model of their motion, or what a law does.

    Parameters
    ----------
    data : xarray.Dataset, path, DataFrame, catalogue name or Result
        A dataset as `physmodel.open` makes it, or anything that `physmodel.open` takes. Several
        trajectories with different starts tell most. Of a law that `discover` found: what it
        conserves with the coefficients that it prints, followed along a run of it.

    Returns
    -------
    tuple of Invariant
        Functionally independent, those of few terms first; empty where nothing is conserved.
        Constant columns and copies of others are left out; angles in degrees are taken in radians.

    Raises
    ------
    DataError
        If the data cannot be used.
    ProblemError
        If a law comes without its data.

    Notes
    -----
    A conserved quantity changes along a trajectory only by what noise does to it, and differs
    from one trajectory to the next. On a single trajectory every quantity that is constant could
    be the equation of a curve; there the law that `discover` finds decides, and where there is
    no law only motions that fill more than a curve are believed. Coordinates of several bodies
    go through the law that `discover` finds for them.
    """
    if isinstance(data, Result):
        return law_invariants(data)
    dataset = opened(data)
    idle = {*constant_columns(dataset), *duplicate_columns(dataset)}
    states = tuple(name for name in variable_names(dataset, "state") if name not in idle)
    if not states:
        return ()
    if recognise_bodies(states):
        return discover(dataset).conserved
    with threadpool_limits(1, "blas"):
        found = _search(dataset, states)
    return tuple(item.public() for item in found)


def _search(dataset: xr.Dataset, states: tuple[str, ...]) -> list[ConservedSum]:
    values = np.concatenate([s.values for s in long_enough(segments(dataset, states))])
    states = tuple(np.array(states)[np.ptp(values, axis=0) > 0.0].tolist())
    if not states:
        return []
    whole = smooth(segments(dataset, states), states, velocities=True)
    phase = whole.without_velocities()
    pairs = motion_pairs(phase)
    found = search_phase(phase, families(phase, pairs)) if len(states) > 1 else []
    if not found and not pairs and len(states) <= MOST_POSITIONS and _hides_velocities(whole):
        phase = whole
        pairs = list(zip(whole.states, whole.names[len(states) :], strict=True))
        found = search_phase(phase, families(phase, pairs))
    if (found or pairs) and phase.n_trajectories == 1:
        return believed(dataset, phase, found)
    return found


def _hides_velocities(whole: Phase) -> bool:
    """Whether the rates of the states are no function of the states, as positions have it."""
    d = len(whole.states)
    library = TermLibrary(whole.states, polynomial_terms(whole.states, DEGREE))
    table = library.evaluate(whole.values[:, :d] / whole.values[:, :d].std(axis=0))
    rates = whole.values[:, d:]
    left = rates - table @ np.linalg.lstsq(table, rates, rcond=None)[0]
    noise = np.mean([whole.errors(seed)[:, d:] ** 2 for seed in range(4)], axis=(0, 1))
    return bool(np.any(np.mean(left**2, axis=0) > HIDDEN * noise))


def search_phase(phase: Phase, choices: list[Family]) -> list[ConservedSum]:
    """Independent conserved quantities of smoothed records."""

    def examine(family: Family) -> tuple[Spectrum, Test] | None:
        evidence = gather(family, phase)
        if evidence is None:
            return None
        return evidence.spectrum, evidence.judge

    return search(phase, choices, examine)
