"""What a discovered law leaves out: `physmodel.hybrid` with a law for the known part."""

from __future__ import annotations

from dataclasses import replace

from physmodel.errors import ProblemError
from physmodel.hybrids.outcome import hybrid_result
from physmodel.hybrids.results.result import HybridResult
from physmodel.hybrids.search import searched
from physmodel.laws.record import data_of
from physmodel.laws.result import Result
from physmodel.laws.texts.render import number
from physmodel.models.fields.expression_field import as_expression_field
from physmodel.models.fields.sparse_field import SparseField


def residual_law(law: Result) -> HybridResult:
    """Take a law for known physics and look for what it leaves out.

    Raises
    ------
    ProblemError
        If the law has no data, or is one of pairwise forces.
    """
    data = data_of(law)
    if not isinstance(law.model, SparseField):
        raise ProblemError(
            "a law of pairwise forces has no equation to which terms could be added",
            fix="discover with the coordinates as plain states (bodies={})",
        )
    # Terms that were not allowed in the law may be what it lacks.
    problem = law.problem.replace(positive=(), library=(), degree=None, order=law.model.order)
    field = as_expression_field(law.model)
    steps = searched(data, problem, field)
    found = hybrid_result(data, problem, field, field.equations(), steps, law.warnings)
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
