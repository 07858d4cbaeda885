"""``physmodel fit``: data and equations in, the numbers in them out."""

from __future__ import annotations

from typing import Any

import click

from physmodel.cli.support.options import SOURCE, data_options, names, open_source, pairs


@click.command("fit")
@SOURCE
@click.option(
    "--equations",
    multiple=True,
    required=True,
    metavar="EQUATIONS",
    help="Such as \"x' = a*x, y' = -d*y\"; names that are no columns are the unknown numbers.",
)
@data_options
@click.option(
    "--unmeasured", multiple=True, metavar="NAMES", help="States of the equations without a column."
)
@click.option(
    "--start", multiple=True, metavar="NAME=VALUE", help="First value of a number; else searched."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("-q", "--quiet", is_flag=True, help="No messages on standard error.")
@click.pass_context
def command(
    ctx: click.Context,
    /,
    source: str,
    equations: tuple[str, ...],
    unmeasured: tuple[str, ...],
    start: tuple[str, ...],
    as_json: bool,
    quiet: bool,
    **where: Any,
) -> None:
    """Fit the numbers of equations whose form is known.

    Exit status: 0 identified; 1 approximate, ambiguous or not-identifiable;
    2 wrong request; 3 bad data.
    """
    import json

    from physmodel.cli.support.messages import findings, working
    from physmodel.fitting.fit import fit
    from physmodel.models.fields.equations_text import read_start

    with working("reading the data", quiet):
        data, _ = open_source(source, **where)
    first = read_start(pairs(start, "--start")) if start else None
    with working("fitting", quiet):
        answer = fit(data, "\n".join(equations), start=first, unmeasured=names(unmeasured))
    text = json.dumps(answer.to_dict(), indent=1, allow_nan=False) if as_json else str(answer)
    click.echo(text)
    findings(answer.warnings, quiet)
    ctx.exit(0 if answer.status == "identified" else 1)
