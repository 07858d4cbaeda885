"""``physmodel check``: the data doctor."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import click

from physmodel.cli.options import SOURCE, data_options, open_source


@click.command("check")
@SOURCE
@data_options
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def command(ctx: click.Context, /, source: str, as_json: bool, **where: Any) -> None:
    """Examine data before anything is fitted.

    Reports ranges, units, noise, gaps, and what would make a fit fail or mislead.

    Exit status: 0 usable; 3 not usable.
    """
    from physmodel.data.doctor import check, summary

    data, _ = open_source(source, **where)
    noticed = check(data)
    facts = summary(data)
    if as_json:
        click.echo(
            json.dumps(
                {"schema_version": 1, **facts, "findings": [asdict(f) for f in noticed]}, indent=1
            )
        )
    else:
        _table(facts)
        for finding in noticed:
            if finding.code != "I-NOISE":
                click.echo(f"{finding.severity:<8} {finding}")
    ctx.exit(3 if any(f.severity == "error" for f in noticed) else 0)


def _table(facts: dict[str, Any]) -> None:
    time = facts["time"]
    unit = f" {time['units']}" if time["units"] not in ("", "1") else ""
    spacing = "regular" if time["regular"] else "irregular, median"
    count = facts["n_trajectories"]
    several = "trajectory" if count == 1 else "trajectories"
    click.echo(
        f"{facts['n_samples']} samples in {count} {several}, "
        f"t = {time['start']:g} to {time['stop']:g}{unit}, {spacing} step {time['step']:.6g}{unit}"
    )
    click.echo()
    click.echo(
        f"{'variable':<16}{'role':<8}{'units':<12}{'min':>12}{'max':>12}{'std':>12}"
        f"{'noise':>12}{'noise/std':>11}"
    )
    for name, item in facts["variables"].items():
        share = item["noise_std"] / item["std"] if item["std"] else 0.0
        click.echo(
            f"{name:<16}{item['role']:<8}{item['units']:<12}{item['min']:>12.5g}"
            f"{item['max']:>12.5g}{item['std']:>12.4g}{item['noise_std']:>12.2g}"
            f"{100 * share:>10.2g}%"
        )
    click.echo()
