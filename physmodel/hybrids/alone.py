"""Whether the known part suffices: fitted alone by shooting, and against what was added to it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import xarray as xr

from physmodel.errors import PhysmodelError
from physmodel.fitting.adequacy import REFUSED
from physmodel.fitting.attempts import Attempt, attempted
from physmodel.hybrids.distil import Distilled, Heard
from physmodel.hybrids.refit import Refit, shot
from physmodel.hybrids.search import Search, Steps
from physmodel.hybrids.weak.least_squares_step import least_sizes
from physmodel.hybrids.weak.rounds import fit_terms, fresh
from physmodel.losses.records import records_of
from physmodel.models.fields.expression_field import ExpressionField

#: Samples up to which random motion may seem as good as the true law in the weak form.
FEW = 300


def fitted_alone(
    data: xr.Dataset, steps: Steps, asked: ExpressionField, *, hopeless: bool
) -> Attempt | None:
    """The known part by multiple shooting, from where the weak form ended.

    Where that has not converged on a few samples, starts are searched, as by `physmodel.fit`, from
    the equations as they were `asked` on.

    Returns
    -------
    Attempt or None
        None where it cannot be fitted, where the weak form saw only some of the samples, and where
        it is `hopeless` according to so many of them that they would not be too few to tell.
    """
    field = steps.known.state.known.field
    few = steps.prepared.n_samples <= FEW
    if not len(field.parameters) or (hopeless and not few):
        return None
    try:
        if few and not steps.known.converged:
            return attempted(asked, records_of(data, asked), {})[0]
        return shot(data, steps, steps.known, field)
    except PhysmodelError:
        return None


def suffices(steps: Steps, alone: Attempt | None, best: Search, refit: Refit) -> bool:
    """Whether nothing has to be added: noise explains what the known part leaves.

    The test of the fit by shooting keeps its level however few the samples are. That of the weak
    form does not where samples are far apart; so what it asks for has to pay its price, that of
    a term for each number, in the likelihood of the fit by shooting too.
    """
    criterion = best.found.fit.now.step.criterion
    if alone is None or not alone.adequate or not _explains(alone, criterion.penalty):
        return False
    if steps.alone.p_value >= REFUSED:
        return True
    added = len(refit.values) - len(alone.parameters)
    if refit.attempt is None:
        return True
    price = criterion.penalty * added
    return 2.0 * (alone.misfit - refit.attempt.misfit) <= price


def _explains(alone: Attempt, price: float) -> bool:
    """Whether states that stand still, with more noise, would explain the data less well."""
    problem = alone.found.problem
    table = np.vstack([record.motion for record in problem.records])
    still = sum(
        np.isfinite(column).sum() * np.log(np.nanstd(column) or np.inf)
        for column, known in zip(table.T, problem.known, strict=True)
        if known
    )
    measured = problem.measured.sum(axis=0)[problem.known] @ np.log(problem.noise[problem.known])
    return bool(2.0 * (still - measured) > price * problem.n_unknowns)


def without_terms(steps: Steps, asked: ExpressionField, best: Search) -> Search:
    """A search with the known part, as it was asked, alone as its winner."""
    if not best.found.heard[0].columns and best.found.heard[0].shape is None:
        return best
    state = fresh(best.terms, steps.known.state)
    fit = fit_terms(best.terms, state, np.empty(0, dtype=np.intp), least_sizes(asked))
    return replace(best, found=Distilled(fit, [Heard((), 0.0, 1.0)]), left=steps.alone)
