"""``physmodel symmetries``: the symmetries of the law behind measured trajectories."""

from __future__ import annotations

import json
from typing import Any

import click

from physmodel.cli.options import SOURCE, data_options, open_source


@click.command("symmetries")
@SOURCE
@data_options
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("-q", "--quiet", is_flag=True, help="No messages on standard error.")
@click.pass_context
def command(ctx: click.Context, /, source: str, as_json: bool, quiet: bool, **where: Any) -> None:
    """Find the symmetries of the law behind measured trajectories.

    Their names are what a study file takes in `symmetries`. Exit status 1 if
    there is no law or it has no symmetry.
    """
    from physmodel.cli.messages import working
    from physmodel.discovery.laws.of_data import symmetries

    data, _ = open_source(source, **where)
    with working("looking for symmetries", quiet):
        found = symmetries(data)
    if as_json:
        table = [
            {
                "name": item.name,
                "generator": dict(item.generator),
                "defect": item.defect,
                "p_value": item.p_value,
            }
            for item in found
        ]
        click.echo(json.dumps({"schema_version": 1, "symmetries": table}, indent=1))
    else:
        click.echo("\n".join(map(str, found)) or "no symmetry beyond doubt")
    ctx.exit(0 if found else 1)
