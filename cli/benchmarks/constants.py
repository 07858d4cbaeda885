"""``physmodel bench constants``."""

from __future__ import annotations

import click

from physmodel.cli.benchmarks.run import carry_out


@click.command("constants", short_help="Half and double of each number of the engine.")
@click.option("--number", "numbers", multiple=True, help="Only these numbers, such as worth.")
@click.option("--jobs", type=click.IntRange(1), default=1, show_default=True, help="Processes.")
@click.option("-o", "--output", default="runs/bench-constants", show_default=True, metavar="FOLDER")
def constants(numbers: tuple[str, ...], jobs: int, output: str) -> None:
    """Exact laws with each number of the engine halved and doubled, a minute for each."""
    from physmodel.bench.systems import constants as suite
    from physmodel.cli.support.messages import require_known

    require_known("--number", numbers, suite.NUMBERS)
    units = suite.unit_names(numbers)
    carry_out(suite, suite.run_unit, units, {}, output, jobs, "units")
