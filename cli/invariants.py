"""``physmodel invariants``: what measured trajectories conserve."""

from __future__ import annotations

import json
from typing import Any

import click

from physmodel.cli.options import SOURCE, data_options, open_source


@click.command("invariants")
@SOURCE
@data_options
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("-q", "--quiet", is_flag=True, help="No messages on standard error.")
@click.pass_context
def command(ctx: click.Context, /, source: str, as_json: bool, quiet: bool, **where: Any) -> None:
    """Find what measured trajectories conserve, without a model of their motion.

    Each quantity comes with the probability that noise alone makes it change
    as much as it does, and with its drift along the data. Several trajectories
    from different starts tell most. Exit status 1 if nothing is conserved.
    """
    from physmodel.cli.messages import working
    from physmodel.discovery.laws.conserved import invariants

    data, _ = open_source(source, **where)
    with working("looking for conserved quantities", quiet):
        found = invariants(data)
    if as_json:
        table = [
            {
                "name": item.name,
                "expression": item.expression,
                "terms": dict(item.terms),
                "p_value": item.p_value,
                "drift": item.drift,
            }
            for item in found
        ]
        click.echo(json.dumps({"schema_version": 1, "invariants": table}, indent=1))
    else:
        click.echo("\n".join(map(str, found)) or "nothing is conserved beyond doubt")
    ctx.exit(0 if found else 1)
