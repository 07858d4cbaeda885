"""Frame and parts of the pages that reports are: no network, no scripts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape

import xarray as xr

from physmodel.data.doctor import summary
from physmodel.findings import Finding
from physmodel.laws.answer import Answer
from physmodel.laws.figures.flights import flights
from physmodel.laws.runs.scores import scored
from physmodel.laws.texts.html import COLOURS, table
from physmodel.reports import figures

STYLE = """
:root { color-scheme: light; }
body { font: 16px/1.55 system-ui, sans-serif; color: #1d2b3a; background: #f4f6f8; margin: 0; }
main { max-width: 62rem; margin: 0 auto; padding: 1.5rem; }
section { background: #fff; border: 1px solid #e1e6eb; border-radius: 10px; padding: 1rem 1.5rem;
  margin: 1rem 0; overflow-x: auto; }
h1 { font-size: 1.6rem; margin: .4rem 0; } h2 { font-size: 1.1rem; margin: .2rem 0 .6rem; }
.badge { color: #fff; border-radius: 99px; padding: .15rem .8rem; font-weight: 600; }
.muted { color: #5b6875; } .eq { margin: .5rem 0; } .eq svg { max-width: 100%; height: auto; }
.plot svg { width: 100%; height: auto; } .small { max-width: 34rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .25rem 1.2rem .25rem 0; border-bottom: 1px solid #e9edf1; }
th { font-weight: 600; color: #5b6875; font-size: .85rem; } code { font-size: .92em; }
pre { white-space: pre-wrap; font-size: .85rem; }
"""


def page(title: str, parts: Iterable[str]) -> str:
    """A whole page.

    Parameters
    ----------
    title : str
    parts : iterable of str
        HTML; empty ones are left out.
    """
    return (
        "<!doctype html>\n"
        '<html lang="en"><head><meta charset="utf-8">\n'
        '<meta http-equiv="Content-Security-Policy" '
        "content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\">\n"
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head>\n"
        f"<body><main>{''.join(part for part in parts if part)}</main></body></html>\n"
    )


def head(title: str, status: str, remedy: str, origin: str) -> str:
    """Title, status as a badge, what to do about it, and HTML that says where it comes from."""
    return (
        f"<header><h1>{escape(title)}</h1>"
        f'<p><span class="badge" style="background:{COLOURS[status]}">'
        f"{escape(status)}</span> {escape(remedy)}</p>"
        f"{origin}</header>"
    )


def section(title: str, body: str) -> str:
    """A part of the page with a title."""
    return f"<section><h2>{escape(title)}</h2>{body}</section>"


def typeset(latex: str, plain: str) -> str:
    """One equation, drawn where the typesetter can, and as text that is read out."""
    svg = figures.equation_svg(latex)
    return f'<div class="eq">{named(svg, plain)}</div>' if svg else f"<pre>{escape(plain)}</pre>"


def plot(svg: str, alternative: str) -> str:
    """A figure with the text that is read out in its place."""
    return f'<div class="plot">{named(svg, alternative)}</div>'


def small(svg: str, alternative: str) -> str:
    """A figure that does not take the whole width; with its text."""
    return f'<div class="plot small">{named(svg, alternative)}</div>'


def named(svg: str, alternative: str) -> str:
    """A drawing with the text that is read out in its place."""
    return svg.replace("<svg", f'<svg role="img" aria-label="{escape(alternative)}"', 1)


def free_run_sections(result: Answer, data: xr.Dataset) -> list[str]:
    """Data against simulations from fitted starts, the portrait, and what they miss."""
    flown = flights(result, data)
    shown = ", ".join(result.problem.states)
    score, caption = result.scores, ""
    if flown.total > 1:
        labels = ", ".join(escape(one.segment.trajectory) for one in flown.runs)
        few = "All" if flown.total == len(flown.runs) else f"{len(flown.runs)} of"
        caption = f"<p>{few} {flown.total} trajectories are drawn: {labels}.</p>"
    if scored(score):
        unit = escape(f" {result.problem.time_unit}") if result.problem.time_unit else ""
        caption += (
            f"<p>Free-run R² {score['free_run_r2']:.6g} over runs of {score['window']:.5g}"
            f"{unit}, each from a start that fits its samples; "
            f"from the start of the longest segment, the simulation follows the data for "
            f"{score['valid_time']:.5g} of {score['record']:.5g}{unit}.</p>"
        )
    drawn = figures.trajectories_figure(result, flown)
    missed = figures.residuals_figure(result, flown)
    alternative = f"{shown} as measured and as simulated from its start."
    portrait = figures.portrait_figure(result, flown)
    seen = f"The motion through the space of {shown}: points are data, lines the simulation."
    return [
        section("Data against a free-running simulation", caption + plot(drawn, alternative)),
        section("Phase portrait", small(portrait, seen)) if portrait else "",
        section("Residuals", plot(missed, f"Simulation minus data of {shown} against time.")),
    ]


def data_section(data: xr.Dataset, noise_std: Mapping[str, float]) -> str:
    """How many samples, from when to when, and the columns with their noise."""
    facts = summary(data)
    rows = [
        (
            name,
            item["units"],
            f"{item['min']:.5g}",
            f"{item['max']:.5g}",
            f"{item['std']:.4g}",
            f"{noise_std.get(name, item['noise_std']):.2g}",
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
    return section("Data", lead + table(("variable", "unit", "min", "max", "std", "noise"), rows))


def notes_section(warnings: Iterable[Finding]) -> str:
    """What was noticed; empty where nothing was."""
    rows = [
        (finding.severity, finding.code, finding.where, f"{finding.message} {finding.fix}".strip())
        for finding in warnings
        if finding.code != "I-NOISE"
    ]
    return section("Notes", table(("", "code", "where", "what"), rows)) if rows else ""
