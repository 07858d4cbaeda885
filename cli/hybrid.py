"""``physmodel hybrid``: data and known equations in, the hidden term out."""

from __future__ import annotations

from typing import Any

import click

from physmodel.cli.support.options import SOURCE, data_options, names, open_source, pairs
from physmodel.cli.support.outputs import answered


@click.command("hybrid")
@SOURCE
@click.option(
    "--known",
    "known",
    multiple=True,
    required=True,
    metavar="EQUATIONS",
    help="What is known, such as \"x' = a*x, y' = -d*y\"; other names are unknown numbers.",
)
@data_options
@click.option("--degree", type=click.IntRange(0, 6), help="Highest degree of hidden terms.")
@click.option(
    "--function", "functions", multiple=True, metavar="NAME", help="Try sin, cos, exp ..."
)
@click.option(
    "--term", "terms", multiple=True, metavar="EXPR", help="Try a term such as x*exp(-y)."
)
@click.option(
    "--symmetry", "symmetries", multiple=True, metavar="NAME", help="Hidden terms obey it."
)
@click.option(
    "--start", multiple=True, metavar="NAME=VALUE", help="Where an unknown in a function starts."
)
@click.option("-o", "--output", metavar="FOLDER", help="Write model, data and report there.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("-q", "--quiet", is_flag=True, help="No messages on standard error.")
@click.pass_context
def command(
    ctx: click.Context,
    /,
    source: str,
    known: tuple[str, ...],
    degree: int | None,
    functions: tuple[str, ...],
    terms: tuple[str, ...],
    symmetries: tuple[str, ...],
    start: tuple[str, ...],
    output: str | None,
    as_json: bool,
    quiet: bool,
    **where: Any,
) -> None:
    """Find what known equations leave out.

    A network beside the known equations finds what they lack; terms take its
    place; then all numbers are fitted again, and another network looks whether
    anything is left.

    Exit status: 0 identified or known-suffices; 1 any other status; 2 wrong
    request; 3 bad data.
    """
    from physmodel.cli.support.messages import working
    from physmodel.hybrids.hybrid import hybrid
    from physmodel.models.fields.equations_text import read_start

    if output is not None:
        from physmodel.reports.run import require_free

        require_free(output)
    with working("reading the data", quiet):
        data, problem = open_source(source, **where)
    asked: dict[str, Any] = {
        "degree": degree,
        "functions": names(functions),
        "terms": terms,
        "symmetries": symmetries,
    }
    asked = {**problem, **{k: v for k, v in asked.items() if v not in (None, ())}}
    with working("looking for what is hidden", quiet):
        result = hybrid(data, "\n".join(known), start=read_start(pairs(start, "--start")), **asked)
    answered(result, output, as_json=as_json, quiet=quiet)
    ctx.exit(0 if result.lawful else 1)
