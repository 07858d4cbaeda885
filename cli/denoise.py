"""``physmodel denoise``: measured trajectories without most of their noise."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from physmodel.cli.options import SOURCE, data_options, open_source

if TYPE_CHECKING:
    import xarray as xr


@click.command("denoise")
@SOURCE
@data_options
@click.option("--noise", multiple=True, metavar="NAME=STD", help="Noise level; estimated else.")
@click.option("--json", "as_json", is_flag=True, help="Print levels and errors as JSON.")
@click.option("-o", "--output", required=True, metavar="FILE.csv", help="File to write.")
def command(source: str, noise: tuple[str, ...], as_json: bool, output: str, **where: Any) -> None:
    """Remove noise from every state; inputs stay as they are.

    For looking and differentiating. `physmodel discover` wants the data as
    measured: it models the noise itself.
    """
    from physmodel.atomic import write_atomic
    from physmodel.cli.options import pairs
    from physmodel.discovery.signals import denoise

    data, _ = open_source(source, **where)
    levels = {name: _level(name, text) for name, text in pairs(noise, "--noise").items()}
    found = denoise(data, noise_std=levels)
    path = write_atomic(output, _csv(found.data))
    if as_json:
        variables = {
            name: {
                "noise_std": found.noise_std[name],
                "dictionary": found.dictionaries[name],
                "error": found.errors[name],
            }
            for name in found.noise_std
        }
        click.echo(json.dumps({"schema_version": 1, "variables": variables}, indent=1))
    else:
        click.echo(str(found))
    click.echo(f"wrote {path}", err=True)


def _level(name: str, text: str) -> float:
    from physmodel.errors import ProblemError

    try:
        return float(text)
    except ValueError:
        raise ProblemError(f"{text!r} is not a number", where=f"--noise {name}") from None


def _csv(data: xr.Dataset) -> str:
    """A table that `physmodel.open` reads back; several trajectories have a column of their own."""
    import numpy as np
    import pandas as pd

    from physmodel.data.contract import variable_names

    columns = {"time": data["time"]} | {name: data[name] for name in variable_names(data)}
    units = {name: column.attrs.get("units", "") for name, column in columns.items()}
    heads = [name if unit in ("", "1") else f"{name} [{unit}]" for name, unit in units.items()]
    frame = pd.DataFrame(dict(zip(heads, (c.values for c in columns.values()), strict=True)))
    if data.sizes["trajectory"] > 1:
        labels = np.repeat(data["trajectory"].values, data["row_size"].values)
        frame.insert(0, "trajectory", labels)
    return frame.to_csv(index=False)
