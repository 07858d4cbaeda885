"""``physmodel fit``: data and equations in, the numbers in them out."""

from __future__ import annotations

from typing import Any

import click

from physmodel.cli.support.options import SOURCE, data_options, names, open_source, pairs
from physmodel.cli.support.outputs import answered


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
@click.option("-o", "--output", metavar="FOLDER", help="Write model, data and report there.")
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
    output: str | None,
    as_json: bool,
    quiet: bool,
    **where: Any,
) -> None:
    """Fit the numbers of equations whose form is known.

    Exit status: 0 identified; 1 approximate, ambiguous or not-identifiable;
    2 wrong request; 3 bad data.
    """
    from physmodel.cli.support.messages import working
    from physmodel.fitting.fit import fit
    from physmodel.models.fields.equations_text import read_start

    if output is not None:
        from physmodel.reports.run import require_free

        require_free(output)
    with working("reading the data", quiet):
        data, _ = open_source(source, **where)
    first = read_start(pairs(start, "--start")) if start else None
    with working("fitting", quiet):
        answer = fit(data, "\n".join(equations), start=first, unmeasured=names(unmeasured))
    answered(answer, output, as_json=as_json, quiet=quiet)
    ctx.exit(0 if answer.status == "identified" else 1)
