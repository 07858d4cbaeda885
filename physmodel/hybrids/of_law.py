"""What a discovered law leaves out: `physmodel.Result.residual_law`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from threadpoolctl import threadpool_limits

from physmodel.errors import ProblemError
from physmodel.hybrids.outcome import hybrid_result
from physmodel.hybrids.results.record import HybridResult
from physmodel.hybrids.search import searched
from physmodel.laws.render import number
from physmodel.models.expression_field import as_expression_field
from physmodel.models.sparse_field import SparseField

if TYPE_CHECKING:
    from physmodel.laws.result import Result


def residual_law(law: Result) -> HybridResult:
    """Take a law for known physics and look for what it leaves out.

    Raises
    ------
    ProblemError
        If the law has no data, or is one of pairwise forces.
    """
    if law.data is None:
        raise ProblemError(
            "the result does not hold the data that it was made from",
            why="what a law leaves out is looked for in them",
            fix="load the run folder with its data.nc, or discover again",
        )
    if not isinstance(law.model, SparseField):
        raise ProblemError(
            "a law of pairwise forces has no equation to which terms could be added",
            fix="discover with the coordinates as plain states (bodies={})",
        )
    # Terms that were not allowed in the law may be what it lacks.
    problem = law.problem.replace(positive=(), library=(), degree=None, order=law.model.order)
    with threadpool_limits(1, "blas"):
        field = as_expression_field(law.model)
        steps = searched(law.data, problem, field)
        found = hybrid_result(law.data, problem, field, field.equations(), steps, law.warnings)
    return replace(found, known={state: _refitted(found, state) for state in problem.states})


def _refitted(found: HybridResult, state: str) -> str:
    """The equation of the law with the numbers that it has beside the hidden terms."""
    text = ""
    for one in found.known_numbers:
        owner, _, term = one.name.removesuffix("]").partition("[")
        if owner == state:
            sign = ("-" if one.value < 0 else "") if not text else f" {'-+'[one.value >= 0]} "
            body = "" if term == "1" else f"*{term}"
            text += f"{sign}{number(abs(one.value), one.std)}{body}"
    return text or "0"
