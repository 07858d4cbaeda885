"""One HTML page about known physics and what it leaves out."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from physmodel.errors import ProblemError
from physmodel.hybrids.results.equations import latex_equation
from physmodel.hybrids.results.result import HybridResult
from physmodel.hybrids.results.text import left_over, percent, plain_equation, render, rival_text
from physmodel.hybrids.weak.leftover import REFUSED
from physmodel.laws.texts.html import table
from physmodel.laws.texts.naming import title_of
from physmodel.laws.texts.render import left_side, number
from physmodel.reports import hybrid_figures
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


def hybrid_html(result: HybridResult, facts: Mapping[str, str] | None = None) -> str:
    """The page as text.

    Parameters
    ----------
    result : HybridResult
        With the data that it was made from.
    facts : mapping of str to str, optional
        See `physmodel.reports.html.write_report`.

    Raises
    ------
    ProblemError
        If the result does not hold its data.
    """
    if result.data is None:
        raise ProblemError(
            "a report needs the data that the fit was made on",
            fix="keep data.nc beside model.json, or report before saving",
        )
    title = title_of(result.problem, result.data, "Known physics and what it leaves out")
    parts = [
        head(title, result.status, result.remedy, origin(result, facts or {})),
        _equations(result),
        _known_numbers(result),
        _hidden_terms(result),
        _left_over(result),
        _network(result),
        *([] if result.status == "no-law" else free_run_sections(result, result.data)),
        _rivals(result),
        data_section(result.data, result.noise_std),
        _descent(result),
        notes_section(result.warnings),
        section("As text", f"<pre>{escape(render(result))}</pre>"),
    ]
    return page(title, parts)


def _equations(result: HybridResult) -> str:
    lawless = result.status == "no-law"
    lead = (
        "<p>The best combination of the terms tried, shown for what it is worth: it does "
        "<b>not</b> explain what the known equations leave.</p>"
        if lawless
        else ""
    )
    rows = [
        typeset(latex_equation(result, state, align=""), plain_equation(result, state))
        for state in result.problem.states
    ]
    foot = '<p class="muted">Letters: numbers of the known equations. Numbers: hidden terms.</p>'
    title = "Closest of what was tried" if lawless else "The equations"
    return section(title, lead + "".join(rows) + foot)


def _known_numbers(result: HybridResult) -> str:
    if not result.known_numbers:
        return ""
    rows = [
        (
            one.name,
            number(one.value, one.std),
            f"{one.std_beside_net:.2g}",
            "yes" if one.told_from_net else "no",
        )
        for one in result.known_numbers
    ]
    heads = ("number", "value", "error beside a network", "determined without the hidden terms")
    foot = (
        '<p class="muted">Digits in parentheses: standard error of the last two digits, with the '
        "hidden terms taken for true. Beside a network: with any function in their place.</p>"
    )
    return section("Numbers of the known equations", table(heads, rows) + foot)


def _hidden_terms(result: HybridResult) -> str:
    rows = []
    for state, items in result.residual.items():
        left = left_side(state, result.model.order)
        for item in items:
            value = number(item["coefficient"], item["std"])
            rows.append((left, item["term"], value, item["unit"], f"{item['inclusion']:.2f}"))
    constants = {
        item["constant"]["name"]: item["constant"]
        for items in result.residual.values()
        for item in items
        if "constant" in item
    }
    rows += [
        ("", name, number(one["value"], one["std"]), "", "") for name, one in constants.items()
    ]
    if not rows:
        return ""
    share = f"<p>They make up {percent(result.hidden_share)} of the mean square of the rates.</p>"
    heads = ("equation", "term", "coefficient", "unit", "inclusion")
    return section("Hidden terms", table(heads, rows) + share)


def _left_over(result: HybridResult) -> str:
    rows = [
        (left_side(state, result.model.order), f"{p:.2g}", "no" if p >= REFUSED else "yes")
        for state, p in result.p_left_by_state.items()
    ]
    lead = f"<p>Left over: {escape(left_over(result))}.</p>"
    known = f"<p>By the known equations alone: p = {result.p_known:.2g}.</p>"
    foot = (
        '<p class="muted">p: probability that noise alone gives a network as much to find. Below '
        f"{REFUSED:g} noise is not believed.</p>"
    )
    heads = ("equation", "p", "something left")
    return section("Is anything left?", lead + table(heads, rows) + known + foot)


def _network(result: HybridResult) -> str:
    drawn = hybrid_figures.network_figure(result)
    if drawn is None:
        return section("The network beside the known equations", "<p>It found nothing.</p>")
    lead = (
        "<p>What has to be added to the known equations at every state that was visited: as the "
        "network says, and as the hidden terms say. On the right, points on the line agree.</p>"
    )
    alternative = "Output of the network and of the hidden terms over the visited states."
    return section("The network against the hidden terms", lead + plot(drawn, alternative))


def _rivals(result: HybridResult) -> str:
    if not result.rivals:
        return ""
    rows = [
        (f"{rival['delta']:.2f}", percent(rival["probability"]), rival_text(rival))
        for rival in result.rivals
    ]
    heads = ("criterion above the best", "probability", "hidden terms")
    return section("Rivals", table(heads, rows))


def _descent(result: HybridResult) -> str:
    if not result.stages:
        return ""
    rows = [
        (k, len(one.cost) - 1, f"{one.cost[0]:.6g}", f"{one.cost[-1]:.6g}", str(one.ending))
        for k, one in enumerate(result.stages, 1)
    ]
    heads = ("stage", "iterations", "cost at first", "cost at last", "ending")
    drawn = hybrid_figures.descent_figure(result.stages)
    body = table(heads, rows) + plot(drawn, "Cost after each iteration of each stage.")
    return section("Last fit of all numbers", body)
