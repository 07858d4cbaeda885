"""Known part and hidden terms as LaTeX and for source text."""

from __future__ import annotations

from typing import Any

from physmodel.hybrids.results.record import HybridRecord
from physmodel.laws.export.formulas import Formulas, about, in_unit
from physmodel.laws.texts.latex import aligned, latex_number, latex_rate
from physmodel.laws.texts.render import number
from physmodel.models.fields.sparse_field import term_variables
from physmodel.problem.algebra.calculus import names_in, substituted
from physmodel.problem.algebra.expression import Expression, constant, product
from physmodel.problem.algebra.parser import parse
from physmodel.problem.algebra.printing import to_latex

#: Digits of a number that stands in a known part for a name that is no letter.
DIGITS = 5


def latex_equations(result: HybridRecord) -> str:
    """All equations as a LaTeX ``aligned`` block."""
    return aligned([latex_equation(result, state) for state in result.problem.states])


def latex_equation(result: HybridRecord, state: str, *, align: str = "&") -> str:
    """One equation in LaTeX: the known part in its letters, hidden terms with their numbers.

    Parameters
    ----------
    result : HybridRecord
    state : str
    align : str
        Alignment mark before the equals sign.
    """
    known = known_expression(result, state)
    right = to_latex(known) if known.summands else ""
    for item in result.residual[state]:
        sign = "-" if item["coefficient"] < 0 else ("+" if right else "")
        body = "" if item["term"] == "1" else f" \\, {to_latex(_term(result, item))}"
        value = latex_number(abs(item["coefficient"]), item["std"])
        right += f" {sign} {value}{body}"
    return f"{latex_rate(state, result.model.order)} {align}= {right.strip() or '0'}"


def known_expression(result: HybridRecord, state: str) -> Expression:
    """The known part of one equation; numbers without a name of their own as numbers."""
    whole = result.model.expressions[result.problem.states.index(state)]
    q = len(result.known_numbers)
    hidden = frozenset(result.model.names[q:])
    kept = [(p, c) for p, c in whole.summands if not names_in(Expression(((p, c),))) & hidden]
    nameless = {
        one.name: constant(float(f"{one.value:.{DIGITS}g}"))
        for one in result.known_numbers
        if not one.name.isidentifier()
    }
    return substituted(Expression(tuple(kept)), nameless)


def formulas_of(result: HybridRecord) -> Formulas:
    """Known part with its numbers by name, then the hidden terms, for `source`."""
    model, states = result.model, result.problem.states
    q = len(result.known_numbers)
    hidden = frozenset(model.names[q:])
    numbers = {p.name: (p.value, number(p.value, p.std)) for p in result.known_numbers}
    equations = {}
    for state, whole in zip(states, model.expressions, strict=True):
        each = [Expression((summand,)) for summand in whole.summands]
        summands = [(one, "") for one in each if not names_in(one) & hidden]
        for item in result.residual[state]:
            term = product(constant(item["coefficient"]), _term(result, item))
            value = number(item["coefficient"], item["std"])
            summands.append((term, f"hidden: {value}{in_unit(item['unit'])}"))
            if "constant" in item:
                inner = item["constant"]
                value = number(inner["value"], inner["std"])
                numbers[inner["name"]] = (inner["value"], value)
        equations[state] = tuple(summands)
    above = about(result.problem, model.order, result.status, result.data)
    return Formulas(result.problem, model.order, equations, above, numbers)


def _term(result: HybridRecord, item: dict[str, Any]) -> Expression:
    variables = term_variables(result.model.states, result.model.inputs, result.model.order)
    inner = (item["constant"]["name"],) if "constant" in item else ()
    return parse(item["term"], (*variables, *inner))
