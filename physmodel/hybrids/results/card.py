"""Known physics and hidden terms as a table of numbers, and as HTML for notebooks."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from physmodel.hybrids.results.equations import known_expression
from physmodel.hybrids.results.record import HybridRecord
from physmodel.hybrids.results.text import left_over
from physmodel.laws.texts.html import card, equations, parameters_html, terms_html
from physmodel.laws.texts.naming import title_of
from physmodel.laws.texts.parameters import parameter_table
from physmodel.models.fields.sparse_field import term_variables
from physmodel.problem.algebra.markup import rate_html, to_html

if TYPE_CHECKING:
    import pandas as pd


def hybrid_parameters(result: HybridRecord) -> pd.DataFrame:
    """Numbers of the known equations, then hidden terms by equation, then numbers in these."""
    rows = [(("known", one.name), one.value, one.std, "") for one in result.known_numbers]
    inner = {}
    for state, items in result.residual.items():
        for item in items:
            key = (state, item["term"])
            rows.append((key, item["coefficient"], item["std"], item["unit"]))
            if "constant" in item:
                inner[item["constant"]["name"]] = item["constant"]
    rows += [(("hidden", name), one["value"], one["std"], "") for name, one in inner.items()]
    return parameter_table(rows, ["equation", "term"])


def hybrid_card(result: HybridRecord) -> str:
    """The equations, known part in its letters, their numbers and what is left over."""
    model = result.model
    variables = term_variables(model.states, model.inputs, model.order)
    rows = []
    for state in result.problem.states:
        known = known_expression(result, state)
        items = result.residual[state]
        inner = [item["constant"]["name"] for item in items if "constant" in item]
        first = to_html(known) if known.summands else ""
        right = terms_html(items, (*variables, *inner), first)
        rows.append(f"{rate_html(state, model.order)} = {right}")
    title = title_of(result.problem, result.data, "Known physics and what it leaves out")
    left = f"Left over: {escape(left_over(result))}"
    parts = [equations(rows), parameters_html(hybrid_parameters(result)), left]
    return card(title, result.status, result.remedy, parts)
