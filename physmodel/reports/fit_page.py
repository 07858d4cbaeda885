"""One HTML page about a fit of equations that are known."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from physmodel.errors import ProblemError
from physmodel.fitting.result import Fit
from physmodel.laws.texts.html import parameters_html
from physmodel.laws.texts.latex import latex_rate
from physmodel.laws.texts.naming import title_of
from physmodel.laws.texts.render import left_side
from physmodel.models.fields.equations_text import require_equations
from physmodel.problem.algebra.printing import to_latex
from physmodel.reports.page import (
    data_section,
    free_run_sections,
    head,
    notes_section,
    page,
    section,
    typeset,
)
from physmodel.reports.provenance import origin


def fit_html(result: Fit, facts: Mapping[str, str] | None = None) -> str:
    """The page as text; ProblemError where the fit has no data or no equations."""
    if result.data is None:
        raise ProblemError(
            "a report needs the data that the fit was made on",
            fix="keep data.nc beside model.json, or report before saving",
        )
    title = title_of(result.problem, result.data, "Fitted equations")
    foot = f'<p class="muted">Probability of white noise: p = {result.p_value:.2g}.</p>'
    parts = [
        head(title, result.status, result.remedy, origin(result, facts or {})),
        _equations(result),
        section("Numbers", parameters_html(result.parameters) + foot),
        *(free_run_sections(result, result.data) if result.scores else []),
        data_section(result.data, result.noise_std),
        notes_section(result.warnings),
        section("As text", f"<pre>{escape(str(result))}</pre>"),
    ]
    return page(title, parts)


def _equations(result: Fit) -> str:
    model = require_equations(result.model)
    texts = model.equations()
    rows = [
        typeset(
            f"{latex_rate(state, model.order)} = {to_latex(expression) or '0'}",
            f"{left_side(state, model.order)} = {texts[state]}",
        )
        for state, expression in zip(model.states, model.expressions, strict=True)
    ]
    return section("The equations", "".join(rows))
