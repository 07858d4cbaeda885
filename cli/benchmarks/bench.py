"""``physmodel bench``: reproducible benchmarks."""

from __future__ import annotations

import click

from physmodel.cli.benchmarks.constants import constants
from physmodel.cli.benchmarks.odes import odes
from physmodel.cli.benchmarks.run import carry_out


@click.group("bench")
def command() -> None:
    """Run a benchmark; an interrupted run goes on where it stopped."""


command.add_command(odes)
command.add_command(constants)


@command.command("discovery", short_help="82 chaotic flows from noisy records.")
@click.option("--quick", is_flag=True, help="A two-minute subset: every eighth system, one seed.")
@click.option("--noise", multiple=True, type=click.FloatRange(0.0), help="Only these levels.")
@click.option("--trajectories", multiple=True, type=click.IntRange(1, 5), help="1, 5 or both.")
@click.option("--seeds", type=click.IntRange(1), help="Noise draws per cell.")
@click.option("--method", "methods", multiple=True, help="Only these methods.")
@click.option("--system", "systems", multiple=True, help="Only these systems.")
@click.option("--regular", is_flag=True, help="Leave the irregular and unequal records out.")
@click.option("--jobs", type=click.IntRange(1), default=1, show_default=True, help="Processes.")
@click.option("-o", "--output", default="runs/bench-discovery", show_default=True, metavar="FOLDER")
def discovery(
    quick: bool,
    noise: tuple[float, ...],
    trajectories: tuple[int, ...],
    seeds: int | None,
    methods: tuple[str, ...],
    systems: tuple[str, ...],
    regular: bool,
    jobs: int,
    output: str,
) -> None:
    """Exact equations of 82 chaotic flows from noisy records, against PySINDy."""
    from physmodel.bench.systems import discovery as suite
    from physmodel.cli.support.messages import require_known

    names = suite.system_names(quick=quick)
    require_known("--system", systems, suite.system_names())
    require_known("--method", methods, (*suite.METHODS, *suite.PEERS))
    chosen = suite.settings(
        noise=noise or ((0.0, 0.1) if quick else suite.NOISE),
        trajectories=trajectories or ((1,) if quick else suite.TRAJECTORIES),
        unusual=not (regular or quick),
        seeds=seeds or (1 if quick else suite.SEEDS),
        methods=methods or (*suite.METHODS, *suite.PEERS),
    )
    units = list(systems) or names
    carry_out(suite, suite.run_system, units, chosen, output, jobs, "systems")


@command.command("next", short_help="Suggested experiments against random ones.")
@click.option("--quick", is_flag=True, help="Five seeds per case instead of forty.")
@click.option("--seeds", type=click.IntRange(1), help="First records per case.")
@click.option("--case", "cases", multiple=True, help="Only these cases.")
@click.option("--jobs", type=click.IntRange(1), default=1, show_default=True, help="Processes.")
@click.option("-o", "--output", default="runs/bench-next", show_default=True, metavar="FOLDER")
def next_experiment(
    quick: bool, seeds: int | None, cases: tuple[str, ...], jobs: int, output: str
) -> None:
    """How often a second record from the suggested start settles what the first left open."""
    from physmodel.bench import next_experiment as suite
    from physmodel.cli.support.messages import require_known
    from physmodel.systems.experiments import CASES

    require_known("--case", cases, CASES)
    units = list(cases) or list(CASES)
    chosen = {"seeds": seeds or (5 if quick else suite.SEEDS)}
    carry_out(suite, suite.run_case, units, chosen, output, jobs, "cases")


@command.command("laws", short_help="Conserved quantities found in noisy records, none invented.")
@click.option("--quick", is_flag=True, help="One seed instead of five: about a minute.")
@click.option("--seeds", type=click.IntRange(1), help="Noise draws per system.")
@click.option("--system", "systems", multiple=True, help="Only these systems.")
@click.option("--jobs", type=click.IntRange(1), default=1, show_default=True, help="Processes.")
@click.option("-o", "--output", default="runs/bench-laws", show_default=True, metavar="FOLDER")
def laws(quick: bool, seeds: int | None, systems: tuple[str, ...], jobs: int, output: str) -> None:
    """Systems with and without conserved quantities at 10% noise (Kepler at 1%)."""
    from physmodel.bench import laws as suite
    from physmodel.cli.support.messages import require_known
    from physmodel.systems.laws import CASES

    require_known("--system", systems, CASES)
    units = list(systems) or list(CASES)
    chosen = {"seeds": seeds or (1 if quick else suite.SEEDS)}
    carry_out(suite, suite.run_case, units, chosen, output, jobs, "systems")


@command.command("sparse", short_help="Sparse solvers and dictionaries against their peers.")
@click.option("--quick", is_flag=True, help="Smaller problems, fewer draws: about a minute.")
@click.option("--part", "parts", multiple=True, help="Only these parts.")
@click.option("--seeds", type=click.IntRange(1), help="Draws of the dictionary experiment.")
@click.option("--jobs", type=click.IntRange(1), default=1, show_default=True, help="Processes.")
@click.option("-o", "--output", default="runs/bench-sparse", show_default=True, metavar="FOLDER")
def sparse(quick: bool, parts: tuple[str, ...], seeds: int | None, jobs: int, output: str) -> None:
    """Time to equal duality gap, phase transition, dictionaries found, pictures from few numbers.

    A peer that is not installed is skipped, and the table says so.
    """
    from physmodel.bench.signals import sparse as suite
    from physmodel.cli.support.messages import require_known

    require_known("--part", parts, suite.PARTS)
    units = suite.unit_names(parts or suite.PARTS, quick=quick)
    chosen = suite.settings(quick=quick, seeds=seeds)
    carry_out(suite, suite.run_unit, units, chosen, output, jobs, "units", suite.write_figure)


@command.command("nets", short_help="Small networks beside those of the paper on HNNs.")
@click.option("--quick", is_flag=True, help="Three tasks, one seed: about two minutes.")
@click.option("--seeds", type=click.IntRange(1), help="Records of each task.")
@click.option("--case", "cases", multiple=True, help="Only these tasks.")
@click.option("--method", "methods", multiple=True, help="Only these methods.")
@click.option("--jobs", type=click.IntRange(1), default=1, show_default=True, help="Processes.")
@click.option("-o", "--output", default="runs/bench-nets", show_default=True, metavar="FOLDER")
def nets(
    quick: bool,
    seeds: int | None,
    cases: tuple[str, ...],
    methods: tuple[str, ...],
    jobs: int,
    output: str,
) -> None:
    """Springs, pendulums and bodies: error of the field, drift of the energy, seconds."""
    from physmodel.bench.networks import nets as suite
    from physmodel.bench.networks.rods import METHODS
    from physmodel.cli.support.messages import require_known

    known = tuple(dict.fromkeys((*suite.METHODS, *METHODS)))
    require_known("--case", cases, suite.TASKS)
    require_known("--method", methods, known)
    chosen = cases or (suite.QUICK if quick else suite.DEFAULT)
    number = seeds or (1 if quick else suite.SEEDS)
    units = suite.unit_names(chosen, methods or known, number)
    carry_out(suite, suite.run_unit, units, {}, output, jobs, "units")


@command.command("equations", short_help="Known equations: solutions, and their numbers from data.")
@click.option("--quick", is_flag=True, help="Three cases, one seed: seconds.")
@click.option("--seeds", type=click.IntRange(1), help="Draws of each case.")
@click.option("--case", "cases", multiple=True, help="Only these cases.")
@click.option("--jobs", type=click.IntRange(1), default=1, show_default=True, help="Processes.")
@click.option("-o", "--output", default="runs/bench-equations", show_default=True, metavar="FOLDER")
def equations(
    quick: bool, seeds: int | None, cases: tuple[str, ...], jobs: int, output: str
) -> None:
    """Lorenz's system from measurements; Poisson, Burgers and others, forward and inverse."""
    from physmodel.bench import equations as suite
    from physmodel.cli.support.messages import require_known

    require_known("--case", cases, suite.CASES)
    units = list(cases or (suite.QUICK if quick else suite.CASES))
    chosen = {"seeds": seeds or (1 if quick else suite.SEEDS)}
    carry_out(suite, suite.run_unit, units, chosen, output, jobs, "cases")


@command.command("symmetry", short_help="What a stated symmetry adds, on the same records.")
@click.option("--quick", is_flag=True, help="Every tenth flow, five draws: about a minute.")
@click.option("--part", "parts", multiple=True, help="Only flows, or only generators.")
@click.option("--seeds", type=click.IntRange(1), help="Noise draws per flow.")
@click.option("--draws", type=click.IntRange(1), help="Draws per generator.")
@click.option("--case", "cases", multiple=True, help="Only these systems.")
@click.option("--no-peers", is_flag=True, help="Leave PySINDy out.")
@click.option("--jobs", type=click.IntRange(1), default=1, show_default=True, help="Processes.")
@click.option("-o", "--output", default="runs/bench-symmetry", show_default=True, metavar="FOLDER")
def symmetry(
    quick: bool,
    parts: tuple[str, ...],
    seeds: int | None,
    draws: int | None,
    cases: tuple[str, ...],
    no_peers: bool,
    jobs: int,
    output: str,
) -> None:
    """Chaotic flows with a reflection or a cycle; four noisy systems of Yang et al. (2024)."""
    from physmodel.bench.systems import symmetry as suite
    from physmodel.cli.support.messages import require_known

    require_known("--part", parts, suite.PARTS)
    names = [name.partition("_")[0] for name in suite.unit_names()]
    require_known("--case", cases, tuple(dict.fromkeys(names)))
    units = suite.unit_names(parts or suite.PARTS, quick=quick and not cases, draws=draws)
    units = [unit for unit in units if not cases or unit.partition("_")[0] in cases]
    chosen = suite.settings(quick=quick, seeds=seeds, peers=not no_peers)
    carry_out(suite, suite.run_unit, units, chosen, output, jobs, "units")


@command.command("pruning", short_help="Weights that trained networks can do without.")
@click.option("--quick", is_flag=True, help="Two networks: about a minute.")
@click.option("--seeds", type=click.IntRange(1), help="Records of each case.")
@click.option("--case", "cases", multiple=True, help="Only these cases.")
@click.option("--jobs", type=click.IntRange(1), default=1, show_default=True, help="Processes.")
@click.option("-o", "--output", default="runs/bench-pruning", show_default=True, metavar="FOLDER")
def pruning(quick: bool, seeds: int | None, cases: tuple[str, ...], jobs: int, output: str) -> None:
    """The default pruning beside magnitude, damage, equal shares and chance."""
    from physmodel.bench.networks import pruning as suite
    from physmodel.cli.support.messages import require_known
    from physmodel.systems.rates import CASES

    require_known("--case", cases, CASES)
    chosen = cases or (suite.QUICK if quick else tuple(CASES))
    units = suite.unit_names(chosen, seeds or (1 if quick else suite.SEEDS))
    carry_out(suite, suite.run_unit, units, {}, output, jobs, "networks")


@command.command("tuning", short_help="What a search over settings gains.")
@click.option("--quick", is_flag=True, help="Two cases, one seed: minutes.")
@click.option("--seeds", type=click.IntRange(1), help="Records of each case.")
@click.option("--jobs", type=click.IntRange(1), default=1, show_default=True, help="Processes.")
@click.option("-o", "--output", default="runs/bench-tuning", show_default=True, metavar="FOLDER")
def tuning(quick: bool, seeds: int | None, jobs: int, output: str) -> None:
    """Networks with settings searched by held-out runs, beside one fit with the first settings."""
    from physmodel.bench.networks import tuning as suite

    units = suite.unit_names(seeds or (1 if quick else suite.SEEDS), quick=quick)
    carry_out(suite, suite.run_unit, units, {}, output, jobs, "units")
