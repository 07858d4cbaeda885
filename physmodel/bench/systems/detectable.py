"""Which terms of a system stand out of the noise of its records."""

from __future__ import annotations

import numpy as np

from physmodel.constants import ENGINE
from physmodel.data.arrays import from_arrays
from physmodel.discovery.linearisation import Errors, Setting
from physmodel.losses.weak_form.preparation import prepare
from physmodel.models.fields.term_field import TermField
from physmodel.models.libraries.library import candidate_libraries
from physmodel.optimizers.subset.triangular import solve_support
from physmodel.problem.problem import Problem
from physmodel.systems.draws import Draw


def detectable(draw: Draw) -> bool:
    """Whether every true term stands out of the noise, for one who knows all the others.

    Returns: True if the squared ratio of each true coefficient to its standard error, with the true
    support, trajectory and noise level known, is above the price of a term. A working ceiling:
    chance lifts some draws above it and others below.
    """
    system = draw.system
    problem = Problem(states=system.states, order=1, degree=system.library_degree)
    prepared = prepare(from_arrays(draw.times, draw.clean, names=system.states), problem)
    library = candidate_libraries(problem, prepared.n_samples)[0]
    field = TermField(library.terms, prepared.coordinates, order=1)
    terms = [str(term) for term in library.terms.terms]
    truth = np.array(
        [[system.equations[s].get(term, 0.0) for term in terms] for s in system.states]
    )
    weights = (truth / prepared.coordinates.rate_scale(1)[:, None]).ravel()
    noise = np.maximum(draw.level / prepared.coordinates.scale, prepared.noise)
    loose = prepared.looseness(1)
    setting = Setting(prepared.tiles(order=1), field, len(terms), loose, prepared.noise)
    measured = [tile.measured for tile in setting.tiles]
    step = setting.at(weights, measured, Errors(noise, ENGINE.least_slack))
    factor, support = step.factor, np.flatnonzero(weights)
    spread = np.sqrt(solve_support(factor, support).variances) / factor.scale[support]
    return bool(np.min((weights[support] / spread) ** 2) > step.criterion.penalty)
