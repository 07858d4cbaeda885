"""``physmodel simulate``: run a law forward."""

from __future__ import annotations

import click

from physmodel.cli.support.options import pairs
from physmodel.cli.support.outputs import FORCE, free_file
from physmodel.errors import ProblemError


@click.command("simulate")
@click.argument("run", metavar="RUN")
@click.option("--until", type=float, required=True, help="End time, in the units of the data.")
@click.option(
    "--from",
    "start",
    multiple=True,
    metavar="NAME=VALUE",
    help="Start values (x=1), angles in radians; a velocity is called x_t. Default: the data's.",
)
@click.option(
    "--points",
    type=click.IntRange(2, 1_000_000),
    default=200,
    show_default=True,
    help="Number of times to report.",
)
@click.option("-o", "--output", metavar="FILE.csv", help="Write there instead of standard output.")
@FORCE
def command(
    run: str, until: float, start: tuple[str, ...], points: int, output: str | None, force: bool
) -> None:
    """Simulate the law in the folder RUN and print a CSV table."""
    import numpy as np

    from physmodel.atomic import write_atomic
    from physmodel.cli.support.runs import law_of
    from physmodel.problem.algebra.parser import suggestion

    target = None if output is None else free_file(output, force=force)
    result = law_of(run)
    states = result.model.states
    begin = result.start["states"].copy()
    velocity = result.start.get("velocities", np.zeros(len(states))).copy()
    for name, text in pairs(start, "--from").items():
        value = _number(name, text)
        if name in states:
            begin[states.index(name)] = value
        elif name.removesuffix("_t") in states and result.model.order == 2:
            velocity[states.index(name.removesuffix("_t"))] = value
        else:
            near = suggestion(name, states)
            raise ProblemError(
                f"the model has no state {name!r}",
                where="--from",
                fix=near + "states: " + ", ".join(states),
            )
    first = float(result.start["time"])
    if not first < until < float("inf"):
        raise ProblemError(
            f"{until:g} is no time after the start of the data, {first:g}", where="--until"
        )
    time = np.linspace(first, until, points)
    simulated = result.simulate(begin, time, v0=velocity if result.model.order == 2 else None)
    columns = [time, *(simulated[name].values for name in states)]
    lines = [",".join(("t", *states))]
    lines += [",".join(repr(float(v)) for v in row) for row in zip(*columns, strict=True)]
    text = "\n".join(lines) + "\n"
    if target is None:
        click.echo(text, nl=False)
    else:
        click.echo(f"wrote {write_atomic(target, text)}", err=True)


def _number(name: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not abs(value) < float("inf"):
        raise ProblemError(f"{text!r} is not a finite number", where=f"--from {name}")
    return value
