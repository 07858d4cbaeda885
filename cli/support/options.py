"""Options that several commands share, and how their text becomes values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import click

from physmodel.errors import ProblemError

EXAMPLES = {
    "--start": "w=2",
    "--units": "x=m",
    "--body": "sun=x1,y1",
    "--constant": "g=m/s^2",
    "--from": "x=1",
    "--hold": "u=zero",
}

SOURCE = click.argument("source", metavar="DATA")

_DATA = (
    click.option("--time", metavar="COLUMN", help="Column with the time; guessed by default."),
    click.option("--trajectory", metavar="COLUMN", help="Column that tells trajectories apart."),
    click.option(
        "--inputs", multiple=True, metavar="COLUMNS", help="Columns that act from outside."
    ),
    click.option(
        "--hold",
        multiple=True,
        metavar="INPUT=HOLD",
        help="How an input runs between samples: linear, zero (held until the next sample) or "
        "band-limited (smooth); default: from the data.",
    ),
    click.option(
        "--states", multiple=True, metavar="COLUMNS", help="Columns to model; default all."
    ),
    click.option("--units", multiple=True, metavar="NAME=UNIT", help="Units, such as x=m."),
    click.option("--time-unit", metavar="UNIT", help="Unit of the time."),
    click.option(
        "--missing",
        type=click.Choice(["estimate", "segment", "raise"]),
        help="A sample with a missing value is one that was not observed (the default), or cuts "
        "the trajectory, or is refused.",
    ),
)


def data_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Options of everything that opens data."""
    for option in reversed(_DATA):
        command = option(command)
    return command


def names(values: Sequence[str]) -> tuple[str, ...]:
    """Names from repeated or comma-separated options."""
    return tuple(part.strip() for value in values for part in value.split(",") if part.strip())


def pairs(values: Sequence[str], option: str) -> dict[str, str]:
    """``NAME=VALUE`` options as a dict."""
    table = {}
    for value in values:
        name, equals, content = value.partition("=")
        if not equals or not name.strip():
            raise ProblemError(
                f"{value!r} is not NAME=VALUE",
                where=option,
                fix=f"such as {option} {EXAMPLES[option]}",
            )
        table[name.strip()] = content.strip()
    return table


def open_source(
    source: str,
    time: str | None,
    trajectory: str | None,
    inputs: Sequence[str],
    hold: Sequence[str],
    states: Sequence[str],
    units: Sequence[str],
    time_unit: str | None,
    missing: str | None,
) -> tuple[Any, dict[str, Any]]:
    """Open the data of a command.

    Returns
    -------
    data : xarray.Dataset
    problem : dict
        The problem table of a study file; empty for plain data.
    """
    from physmodel.data.contract import variable_names
    from physmodel.data.inputs.holds import with_holds
    from physmodel.data.open import open as open_data
    from physmodel.problem.holds import holds_table

    problem: dict[str, Any] = {}
    if source.endswith(".toml"):
        from physmodel.problem.toml import read_study

        study = read_study(source)
        source, problem = study.source, study.problem
        time = time or study.options.get("time")
        trajectory = trajectory or study.options.get("trajectory")
        inputs = inputs or study.options.get("inputs", ())
        time_unit = time_unit or study.options.get("time_unit")
        missing = missing or study.options.get("missing")
        problem.setdefault("inputs", list(names(inputs)))
        units = units or [f"{k}={v}" for k, v in problem.get("units", {}).items()]
    data = open_data(
        source,
        time=time,
        trajectory=trajectory,
        inputs=names(inputs),
        states=names(states) or None,
        units=pairs(units, "--units"),
        time_units=time_unit,
        nan_policy=missing or "estimate",  # type: ignore[arg-type]
    )
    stated = holds_table(pairs(hold, "--hold"), variable_names(data, "input"))
    if problem.get("hold"):
        problem["hold"] = {**problem["hold"], **stated}
    return with_holds(data, stated), problem
