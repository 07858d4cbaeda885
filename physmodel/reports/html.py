"""One HTML page that says everything about a result: no network, no scripts."""

from __future__ import annotations

from dataclasses import replace
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

import xarray as xr

from physmodel.atomic import write_atomic
from physmodel.conserved.of_law import law_invariants
from physmodel.errors import ProblemError
from physmodel.fitting.result import Fit
from physmodel.hybrids.results.result import HybridResult
from physmodel.laws.answer import Answer
from physmodel.laws.result import Result
from physmodel.laws.texts.html import table
from physmodel.laws.texts.latex import latex_equation, latex_rows
from physmodel.laws.texts.naming import title_of
from physmodel.laws.texts.render import (
    MAX_TERMS,
    left_side,
    number,
    render,
    right_side,
    unexplained,
)
from physmodel.reports import figures
from physmodel.reports.fit_page import fit_html
from physmodel.reports.hybrid_page import hybrid_html
from physmodel.reports.page import (
    data_section,
    free_run_sections,
    head,
    notes_section,
    page,
    plot,
    section,
    typeset,
)
from physmodel.reports.provenance import origin

if TYPE_CHECKING:
    from collections.abc import Mapping


def write_report(
    result: Answer, folder: str | Path, facts: Mapping[str, str] | None = None
) -> Path:
    """Write ``report.html``.

    Parameters
    ----------
    result : Result, HybridResult or Fit
        With the data that it was made from.
    folder : path
    facts : mapping of str to str, optional
        ``command``, ``date`` and the hash of ``data.nc``, where they are known.

    Returns
    -------
    Path

    Raises
    ------
    ProblemError
        If the result does not hold its data, or is of another kind.
    """
    made = facts or {}
    if isinstance(result, HybridResult):
        html = hybrid_html(result, made)
    elif isinstance(result, Fit):
        html = fit_html(result, made)
    elif isinstance(result, Result):
        html = report_html(result, made)
    else:
        raise ProblemError(
            f"there is no page about a {type(result).__name__}",
            fix="reports are of what discover, hybrid and fit return",
        )
    return write_atomic(Path(folder) / "report.html", html)


def report_html(result: Result, facts: Mapping[str, str] | None = None) -> str:
    """The page as text; see `write_report`."""
    if result.data is None:
        raise ProblemError(
            "a report needs the data that the law was found in",
            fix="keep data.nc beside model.json, or report before saving",
        )
    title = title_of(result.problem, result.data, "Discovered law")
    opening = head(title, result.status, result.remedy, origin(result, facts or {}))
    parts = [opening, _law(result), _numbers(result), _limits(result)]
    if result.status != "no-law":
        parts += _plots(result, result.data)
    parts += [
        _rivals(result),
        data_section(result.data, result.noise_std),
        notes_section(result.warnings),
        section("As text", f"<pre>{escape(render(result))}</pre>"),
    ]
    return page(title, parts)


def _law_title(result: Result) -> str:
    return "Closest of what was tried" if result.status == "no-law" else "The law"


def _law(result: Result) -> str:
    if result.laws:
        body = typeset(latex_rows(result, align="")[0], "r_i'' = sum_j mu_j r^p towards j")
        law = result.laws[0]
        body += (
            f"<p>The exponent {law['exponent']:g} was chosen among "
            f"{len(law['exponents_tried'])} from {min(map(float, law['exponents_tried'])):g} to "
            f"{max(map(float, law['exponents_tried'])):g}; as a free number it settles at "
            f"<b>{escape(number(law['exponent_free'], law['exponent_std']))}</b>.</p>"
        )
        return section(_law_title(result), body)
    rows = [
        typeset(
            latex_equation(result, state, align=""),
            f"{left_side(state, result.model.order)} = {right_side(result, state)}",
        )
        for state in result.problem.states
    ]
    lead = ""
    if result.status == "no-law":
        lead = (
            "<p>The best combination of the terms tried, shown for what it is worth: it does "
            "<b>not</b> explain the data to within their noise.</p>"
        )
    return section(_law_title(result), lead + "".join(rows))


def _numbers(result: Result) -> str:
    if result.laws:
        strengths = result.laws[0]["strengths"]
        top = max(strengths, key=lambda body: abs(strengths[body]["value"]))
        rows: list[tuple[str, ...]] = [
            (
                body,
                number(item["value"], item["std"]),
                item["unit"],
                f"{strengths[top]['value'] / item['value']:.8g}" if item["value"] else "-",
            )
            for body, item in strengths.items()
        ]
        numbers = table(("body", "strength", "unit", f"{top} / body"), rows)
    else:
        rows = [
            (
                left_side(state, result.model.order),
                item["term"],
                number(item["coefficient"], item["std"]),
                item["unit"],
                f"{item['inclusion']:.2f}",
            )
            for state in result.problem.states
            for item in result.terms(state)[:MAX_TERMS]
        ]
        numbers = table(("equation", "term", "coefficient", "unit", "inclusion"), rows)
    drawn = (
        ""
        if result.status == "no-law"
        else plot(
            figures.coefficients_figure(result),
            "Coefficients with 95% intervals; numbers as above.",
        )
    )
    return section(
        "Coefficients",
        numbers + drawn + '<p class="muted">Digits in parentheses: standard error of the last two '
        "digits. Bars: 95% intervals.</p>",
    )


def _limits(result: Result) -> str:
    """What an approximate law leaves, and what the data went through before they came here."""
    rows = [*unexplained(result), *(f.message for f in result.warnings if f.code == "I-FILTER")]
    items = "".join(f"<p>{escape(row[:1].upper() + row[1:])}.</p>" for row in rows)
    return section("What the law leaves, and what the record went through", items) if rows else ""


def _plots(result: Result, data: xr.Dataset) -> list[str]:
    parts = free_run_sections(result, data)
    if any(not len(item.time) for item in result.conserved):  # a saved result has no curves
        result = replace(result, conserves=law_invariants)
    drawn = figures.invariants_figure(result)
    if result.conserved:
        rows = [(item.label, f"{item.drift:.2e}") for item in result.conserved]
        body = table(("quantity", "drift"), rows) + (
            plot(drawn, "Relative change of each conserved quantity against time.") if drawn else ""
        )
        parts.append(section("Conserved quantities", body))
    else:
        parts.append(
            section("Conserved quantities", "<p>None were found among the forms tried.</p>")
        )
    return parts


def _rivals(result: Result) -> str:
    if not result.rivals:
        return ""
    rows = [
        (
            f"{rival.delta:.2f}",
            "; ".join(
                f"{left_side(state, rival.model.order)} = " + right_side(rival, state)
                for state in rival.problem.states
            ),
        )
        for rival in result.rivals
    ]
    return section("Rival models", table(("criterion above the best", "equations"), rows))
