"""``physmodel next``: the experiment that best separates the rivals of a run."""

from __future__ import annotations

import click

from physmodel.cli.support.options import pairs
from physmodel.errors import ProblemError


@click.command("next")
@click.argument("run", metavar="RUN")
@click.option(
    "--bounds",
    multiple=True,
    metavar="NAME=LOW:HIGH",
    help="Range of a start value (x=-1:1); a velocity is called x_t. Default: the data's, widened.",
)
@click.option("--starts", metavar="FILE", help="Table of the only starts that are possible.")
@click.option("--input", "inputs", multiple=True, metavar="LABEL=FILE", help="An input to offer.")
@click.option("--duration", type=float, help="Length of the record to take; default the data's.")
@click.option("--step", type=float, help="Its sampling interval; default the data's.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--quiet", is_flag=True, help="No spinner.")
@click.pass_context
def command(
    ctx: click.Context,
    run: str,
    bounds: tuple[str, ...],
    starts: str | None,
    inputs: tuple[str, ...],
    duration: float | None,
    step: float | None,
    seed: int,
    as_json: bool,
    quiet: bool,
) -> None:
    """Say which start separates the rivals of the law in the folder RUN.

    Exit status: 0 something to do, or nothing is open; 1 there is no law yet; 2 wrong request.
    """
    import json

    from physmodel.cli.support.messages import working
    from physmodel.experiments.next_experiment import next_experiment
    from physmodel.experiments.planning_files import read_signal, read_starts
    from physmodel.laws.result import Result
    from physmodel.loading import load_result

    law = load_result(run)
    if not isinstance(law, Result):
        raise ProblemError(
            "experiments are planned for discovered laws only",
            where=run,
            fix="give a folder that `physmodel discover -o` wrote",
        )
    with working("trying experiments on paper", quiet):
        answer = next_experiment(
            law,
            bounds={name: _range(name, text) for name, text in pairs(bounds, "--bounds").items()},
            starts=None if starts is None else read_starts(starts),
            inputs={
                label: read_signal(path, law.model.inputs, dict(law.problem.hold))
                for label, path in pairs(inputs, "--input").items()
            },
            duration=duration,
            step=step,
            seed=seed,
        )
    click.echo(json.dumps(answer.to_dict(), indent=1, allow_nan=False) if as_json else str(answer))
    ctx.exit(1 if law.status == "no-law" else 0)


def _range(name: str, text: str) -> tuple[float, float]:
    low, colon, high = text.partition(":")
    try:
        return float(low), float(high if colon else low)
    except ValueError:
        raise ProblemError(f"{text!r} is not LOW:HIGH", where=f"--bounds {name}") from None
