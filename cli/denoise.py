"""``physmodel denoise``: measured trajectories without most of their noise."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from physmodel.cli.support.options import SOURCE, data_options, open_source
from physmodel.cli.support.outputs import FORCE, free_file

if TYPE_CHECKING:
    import xarray as xr


@click.command("denoise")
@SOURCE
@data_options
@click.option("--noise", multiple=True, metavar="NAME=STD", help="Noise level; estimated else.")
@click.option("--fill", is_flag=True, help="Fill empty cells of a table first.")
@click.option("--json", "as_json", is_flag=True, help="Print levels and errors as JSON.")
@click.option("-o", "--output", required=True, metavar="FILE.csv", help="File to write.")
@FORCE
def command(
    source: str,
    noise: tuple[str, ...],
    fill: bool,
    as_json: bool,
    output: str,
    force: bool,
    **where: Any,
) -> None:
    """Remove noise from every state; inputs stay as they are.

    For looking and differentiating. `physmodel discover` wants the data as
    measured: it models the noise itself.
    """
    from physmodel.atomic import write_atomic
    from physmodel.cli.support.messages import findings
    from physmodel.cli.support.options import pairs
    from physmodel.data.doctor import check
    from physmodel.signals import denoise

    target = free_file(output, force=force, inputs=[source])
    gaps: dict[str, Any] = {}
    if fill:
        data, gaps = _filled(source, as_json=as_json, **where)
    else:
        data, _ = open_source(source, **where)
        findings(check(data), quiet=False)  # a row with a missing value is left out
    levels = {name: _level(name, text) for name, text in pairs(noise, "--noise").items()}
    found = denoise(data, noise_std=levels)
    path = write_atomic(target, _csv(found.data))
    if as_json:
        variables = {
            name: {
                "noise_std": found.noise_std[name],
                "dictionary": found.dictionaries[name],
                "error": found.errors[name],
            }
            for name in found.noise_std
        }
        told = {"schema_version": 1, "variables": variables} | ({"filled": gaps} if fill else {})
        click.echo(json.dumps(told, indent=1))
    else:
        click.echo(str(found))
    click.echo(f"wrote {path}", err=True)


def _filled(
    source: str, *, as_json: bool, **where: Any
) -> tuple[xr.Dataset, dict[str, dict[str, float]]]:
    """Open a table whose empty cells are filled, and tell how well."""
    from physmodel.cli.support.options import names, pairs
    from physmodel.data.open import open as open_data
    from physmodel.signals.tables import fill_table, read_table

    found = fill_table(read_table(source), time=where["time"], trajectory=where["trajectory"])
    if not as_json:
        click.echo(str(found) or "no empty cells")
    data = open_data(
        found.data,
        time=where["time"],
        trajectory=where["trajectory"],
        inputs=names(where["inputs"]),
        states=names(where["states"]) or None,
        units=pairs(where["units"], "--units"),
        time_units=where["time_unit"],
    )
    gaps = {
        name: {"count": int(cells.sum()), "error": found.errors[name]}
        for name, cells in found.missing.items()
    }
    return data, gaps


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
