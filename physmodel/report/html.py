"""One HTML page that says everything about a result: no network, no scripts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from html import escape
from pathlib import Path
from typing import Any

import xarray as xr

from physmodel.atomic import write_atomic
from physmodel.data.doctor import summary
from physmodel.discovery.invariants import invariants_of
from physmodel.discovery.render import (
    MAX_TERMS,
    latex_equation,
    latex_equations,
    left_side,
    number,
    render,
    right_side,
)
from physmodel.discovery.result import Result
from physmodel.errors import ProblemError
from physmodel.report import figures

COLOURS = {
    "identified": "#3c7d3c",
    "ambiguous": "#b07a00",
    "not-identifiable": "#b0522a",
    "no-law": "#8a2f3c",
}

STYLE = """
:root { color-scheme: light; }
body { font: 16px/1.55 system-ui, sans-serif; color: #1d2b3a; background: #f4f6f8; margin: 0; }
main { max-width: 62rem; margin: 0 auto; padding: 1.5rem; }
section { background: #fff; border: 1px solid #e1e6eb; border-radius: 10px; padding: 1rem 1.5rem;
  margin: 1rem 0; overflow-x: auto; }
h1 { font-size: 1.6rem; margin: .4rem 0; } h2 { font-size: 1.1rem; margin: .2rem 0 .6rem; }
.badge { color: #fff; border-radius: 99px; padding: .15rem .8rem; font-weight: 600; }
.muted { color: #5b6875; } .eq { margin: .5rem 0; } .eq svg { max-width: 100%; height: auto; }
.plot svg { width: 100%; height: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .25rem 1.2rem .25rem 0; border-bottom: 1px solid #e9edf1; }
th { font-weight: 600; color: #5b6875; font-size: .85rem; } code { font-size: .92em; }
pre { white-space: pre-wrap; font-size: .85rem; }
"""


def write_report(result: Result, folder: str | Path) -> Path:
    """Write ``report.html``.

    Parameters
    ----------
    result : Result
        With the data that it was made from.
    folder : path

    Returns
    -------
    Path

    Raises
    ------
    ProblemError
        If the result does not hold its data.
    """
    return write_atomic(Path(folder) / "report.html", report_html(result))


def report_html(result: Result) -> str:
    """The page as text; see `write_report`."""
    if result.data is None:
        raise ProblemError(
            "a report needs the data that the law was found in",
            fix="keep data.nc beside model.json, or report before saving",
        )
    title = result.problem.title or "Discovered law"
    parts = [_head(result, title), _law(result), _numbers(result)]
    if result.status != "no-law":
        parts += _plots(result, result.data)
    parts += [_rivals(result), _data(result, result.data), _notes(result), _text(result)]
    return (
        "<!doctype html>\n"
        '<html lang="en"><head><meta charset="utf-8">\n'
        '<meta http-equiv="Content-Security-Policy" '
        "content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\">\n"
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head>\n"
        f"<body><main>{''.join(part for part in parts if part)}</main></body></html>\n"
    )


def _head(result: Result, title: str) -> str:
    from physmodel.version import __version__

    return (
        f"<header><h1>{escape(title)}</h1>"
        f'<p><span class="badge" style="background:{COLOURS[result.status]}">'
        f"{escape(result.status)}</span> {escape(result.remedy)}</p>"
        f'<p class="muted">physmodel {escape(__version__)}; search {escape(result.solver_code)}'
        "</p></header>"
    )


def _law_title(result: Result) -> str:
    return "Closest of what was tried" if result.status == "no-law" else "The law"


def _law(result: Result) -> str:
    if result.laws:
        body = _typeset(latex_equations(result), "r_i'' = sum_j mu_j r^p towards j")
        law = result.laws[0]
        body += (
            f"<p>The exponent {law['exponent']:g} was chosen among "
            f"{len(law['exponents_tried'])} from {min(map(float, law['exponents_tried'])):g} to "
            f"{max(map(float, law['exponents_tried'])):g}; left free it settles at "
            f"<b>{escape(number(law['exponent_free'], law['exponent_std']))}</b>.</p>"
        )
        return _section(_law_title(result), body)
    rows = [
        _typeset(
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
    return _section(_law_title(result), lead + "".join(rows))


def _typeset(latex: str, plain: str) -> str:
    svg = figures.equation_svg(latex)
    return f'<div class="eq">{_named(svg, plain)}</div>' if svg else f"<pre>{escape(plain)}</pre>"


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
        table = _table(("body", "strength", "unit", f"{top} / body"), rows)
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
        table = _table(("equation", "term", "coefficient", "unit", "inclusion"), rows)
    plot = (
        ""
        if result.status == "no-law"
        else _plot(
            figures.coefficients_figure(result),
            "Coefficients with 95% intervals; numbers as above.",
        )
    )
    return _section(
        "Coefficients",
        table + plot + '<p class="muted">Digits in parentheses: standard error of the last two '
        "digits. Bars: 95% intervals.</p>",
    )


def _plots(result: Result, data: xr.Dataset) -> list[str]:
    flight = figures.fly(result, data)
    shown = ", ".join(result.problem.states)
    score = result.scores
    caption = ""
    if "free_run_r2" in score:
        unit = escape(f" {result.problem.time_unit}") if result.problem.time_unit else ""
        caption = (
            f"<p>Free-run R² {score['free_run_r2']:.6g} over runs of {score['window']:.5g}"
            f"{unit}; "
            f"started at the first sample, the simulation follows the data for "
            f"{score['valid_time']:.5g} of {score['record']:.5g}{unit}.</p>"
        )
    parts = [
        _section(
            "Data against a free-running simulation",
            caption
            + _plot(
                figures.trajectories_figure(result, flight),
                f"{shown} as measured and as simulated from the first sample on.",
            ),
        ),
        _section(
            "Residuals",
            _plot(
                figures.residuals_figure(result, flight),
                f"Simulation minus data of {shown} against time.",
            ),
        ),
    ]
    if any(not len(item.time) for item in result.conserved):  # a saved result has no curves
        followed = invariants_of(result.model, data, result.std_errors.values)
        result = replace(result, conserved=followed)
    drawn = figures.invariants_figure(result)
    if result.conserved:
        rows = [(item.name, f"{item.drift:.2e}") for item in result.conserved]
        body = _table(("quantity", "drift along the data"), rows) + (
            _plot(drawn, "Relative change of each conserved quantity against time.")
            if drawn
            else ""
        )
        parts.append(_section("Conserved quantities", body))
    else:
        parts.append(
            _section("Conserved quantities", "<p>None were found among the forms tried.</p>")
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
    return _section("Rival models", _table(("criterion above the best", "equations"), rows))


def _data(result: Result, data: xr.Dataset) -> str:
    facts = summary(data)
    rows = [
        (
            name,
            item["units"],
            f"{item['min']:.5g}",
            f"{item['max']:.5g}",
            f"{item['std']:.4g}",
            f"{result.noise_std.get(name, item['noise_std']):.2g}",
        )
        for name, item in facts["variables"].items()
    ]
    time = facts["time"]
    several = "trajectory" if facts["n_trajectories"] == 1 else "trajectories"
    lead = (
        f"<p>{facts['n_samples']} samples in {facts['n_trajectories']} {several}, time "
        f"{time['start']:g} to {time['stop']:g} {escape(time['units'])}, "
        f"median step {time['step']:g}.</p>"
    )
    return _section("Data", lead + _table(("variable", "unit", "min", "max", "std", "noise"), rows))


def _notes(result: Result) -> str:
    rows = [
        (finding.severity, finding.code, finding.where, f"{finding.message} {finding.fix}".strip())
        for finding in result.warnings
        if finding.code != "I-NOISE"
    ]
    return _section("Notes", _table(("", "code", "where", "what"), rows)) if rows else ""


def _text(result: Result) -> str:
    return _section("As text", f"<pre>{escape(render(result))}</pre>")


def _section(title: str, body: str) -> str:
    return f"<section><h2>{escape(title)}</h2>{body}</section>"


def _plot(svg: str, alternative: str) -> str:
    return f'<div class="plot">{_named(svg, alternative)}</div>'


def _named(svg: str, alternative: str) -> str:
    """A drawing with the text that is read out in its place."""
    return svg.replace("<svg", f'<svg role="img" aria-label="{escape(alternative)}"', 1)


def _table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    top = "".join(f"<th>{escape(str(cell))}</th>" for cell in head)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in row) + "</tr>" for row in rows
    )
    return f"<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"
