"""``physmodel check``: the data doctor."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import click

from physmodel.cli.support.options import SOURCE, data_options, open_source

#: Dimensionless groups that are printed.
MOST_GROUPS = 8

#: Columns of the table that hold words: variable, role, units.
N_WORDS = 3


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
    from physmodel.data.dimensionless import pi_groups
    from physmodel.data.doctor import check, summary

    data, problem = open_source(source, **where)
    noticed = check(data)
    facts = summary(data)
    groups = pi_groups(data, problem.get("constants"))
    listed = [{"expression": str(g), "terms": dict(g.powers), "factor": g.factor} for g in groups]
    if as_json:
        click.echo(
            json.dumps(
                {
                    "schema_version": 1,
                    **facts,
                    "pi_groups": listed,
                    "findings": [asdict(f) for f in noticed],
                },
                indent=1,
            )
        )
    else:
        _table(facts)
        _groups([str(group) for group in groups if len(group.powers) > 1])
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
    head = ("variable", "role", "units", "min", "max", "std", "noise", "noise/std")
    rows = [head]
    for name, item in facts["variables"].items():
        share = item["noise_std"] / item["std"] if item["std"] else 0.0
        low, high, std = (f"{item[key]:.5g}" for key in ("min", "max", "std"))
        noise = f"{item['noise_std']:.2g}"
        rows.append(
            (name, item["role"], item["units"], low, high, std, noise, f"{100 * share:.2g}%")
        )
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        # Words to the left, numbers to the right.
        cells = [
            cell.ljust(width) if k < N_WORDS else cell.rjust(width)
            for k, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        click.echo("  ".join(cells))
    click.echo()


def _groups(texts: list[str]) -> None:
    """Products without a unit; pure numbers, which are groups of their own, go without saying."""
    if texts:
        more = f" and {len(texts) - MOST_GROUPS} more" if len(texts) > MOST_GROUPS else ""
        click.echo(f"dimensionless groups: {', '.join(texts[:MOST_GROUPS])}{more}")
        click.echo()
