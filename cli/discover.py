"""``physmodel discover``: data in, law out."""

from __future__ import annotations

from typing import Any

import click

from physmodel.cli.support.options import SOURCE, data_options, names, open_source, pairs
from physmodel.cli.support.outputs import answered


@click.command("discover")
@SOURCE
@data_options
@click.option("--positive", multiple=True, metavar="COLUMNS", help="States that stay above zero.")
@click.option("--order", type=click.IntRange(1, 2), help="Order in time; default: from the data.")
@click.option("--degree", type=click.IntRange(0, 6), help="Highest degree; default: from the data.")
@click.option(
    "--function", "functions", multiple=True, metavar="NAME", help="Add sin, cos, exp ..."
)
@click.option(
    "--term", "terms", multiple=True, metavar="EXPR", help="Add a term such as x*exp(-y)."
)
@click.option(
    "--symmetry",
    "symmetries",
    multiple=True,
    metavar="NAME",
    help="Impose a symmetry such as rotation:x,y.",
)
@click.option(
    "--law", "laws", multiple=True, metavar="NAME", help="Impose a law such as conserves:energy."
)
@click.option(
    "--body",
    "bodies",
    multiple=True,
    metavar="NAME=COLUMNS",
    help="Coordinates of a body, such as sun=x1,y1.",
)
@click.option(
    "--constant",
    "constants",
    multiple=True,
    metavar="NAME=UNIT",
    help="A constant that the law may hold, such as g=m/s^2 or 'L=0.5 m'; all others are out.",
)
@click.option("-o", "--output", metavar="FOLDER", help="Write model, data and report there.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("-q", "--quiet", is_flag=True, help="No messages on standard error.")
@click.pass_context
def command(
    ctx: click.Context,
    /,
    source: str,
    positive: tuple[str, ...],
    order: int | None,
    degree: int | None,
    functions: tuple[str, ...],
    terms: tuple[str, ...],
    symmetries: tuple[str, ...],
    laws: tuple[str, ...],
    bodies: tuple[str, ...],
    constants: tuple[str, ...],
    output: str | None,
    as_json: bool,
    quiet: bool,
    **where: Any,
) -> None:
    """Find the law behind measured trajectories.

    DATA is a CSV, Parquet, netCDF or Zarr file, a study file (.toml), or a name from
    `physmodel datasets list`. No option is needed: every column that is not the time is a state,
    and degree, order, terms and noise level follow from the data.

    Exit status: 0 identified; 1 approximate, ambiguous, not-identifiable or no-law; 2 wrong
    request; 3 bad data.
    """
    from physmodel.cli.support.messages import working

    if output is not None:
        from physmodel.reports.run import require_free

        require_free(output)
    with working("reading the data", quiet):
        data, problem = open_source(source, **where)
    known: dict[str, Any] = {
        "positive": names(positive),
        "functions": names(functions),
        "terms": terms,
        "symmetries": symmetries,
        "laws": laws,
        "bodies": {body: names([axes]) for body, axes in pairs(bodies, "--body").items()},
        "constants": pairs(constants, "--constant"),
        "order": order,
        "degree": degree,
    }
    known = {
        **problem,
        **{key: value for key, value in known.items() if value not in (None, (), {})},
    }
    with working("searching for the law", quiet):
        from physmodel.discovery.discover import discover

        result = discover(data, **known)
    answered(result, output, as_json=as_json, quiet=quiet)
    ctx.exit(0 if result.status == "identified" else 1)
