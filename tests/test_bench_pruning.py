"""The suite on pruning: its rivals do what they say, with evaluations that are counted."""

from __future__ import annotations

import numpy as np
import pytest
from click.testing import CliRunner
from numpy.typing import NDArray

from physmodel.bench.networks.pruning import run_unit, summarise, table
from physmodel.bench.networks.pruning_cases import CASES, Case, Trained, trained
from physmodel.bench.networks.pruning_peers import FREE, METHODS, Task
from physmodel.cli.benchmarks.bench import command
from physmodel.optimizers.pruning.trial import Evaluations, Trial

Array = NDArray[np.float64]


@pytest.fixture(scope="module")
def network() -> Trained:
    case = CASES["pendulum"]
    return trained(Case(case.n_states, case.reach, case.field, True, (3,)), 1)


@pytest.mark.parametrize("size", [8, None])
@pytest.mark.parametrize("method", METHODS)
def test_each_method_keeps_to_its_evaluations_and_its_size(
    network: Trained, method: str, size: int | None
) -> None:
    if size is None and method not in FREE:
        return
    calls = 0

    def refit(kept: NDArray[np.bool_], start: Array) -> Trial:
        nonlocal calls
        calls += 1
        return network.refit(kept, start)

    counted = Evaluations(refit, 4)
    rng = np.random.default_rng(0)
    task = Task(counted, network.dense, network.layout, network.n_residuals, size, rng)
    found = METHODS[method](task)
    assert calls == len(counted.trials) <= 4
    assert not found.parameters[~found.kept].any()
    assert found.size <= (size or network.dense.size)
    if method == "random":
        assert calls == 4


def test_equal_shares_are_equal(network: Trained) -> None:
    p = network.dense.size
    counted = Evaluations(network.refit, 1)
    rng = np.random.default_rng(0)
    task = Task(counted, network.dense, network.layout, network.n_residuals, p // 2, rng)
    found = METHODS["uniform"](task)
    for layer in network.layout.layers:
        # Half of each layer, to one weight.
        assert abs(found.kept[list(layer)].sum() - len(layer) / 2) <= 1.0


@pytest.mark.parametrize("name", CASES)
def test_cases_are_fields_that_can_be_evaluated(name: str) -> None:
    case = CASES[name]
    x = np.random.default_rng(0).uniform(-case.reach, case.reach, (5, case.n_states))
    rates = case.field(x)
    assert rates.shape == x.shape
    assert np.isfinite(rates).all()
    if case.hamiltonian:
        # Canonical fields have no divergence; central differences are good to 1e-8.
        step, half = 1e-5, case.n_states
        slopes = [
            (case.field(x + step * e) - case.field(x - step * e))[:, k] / (2 * step)
            for k, e in enumerate(np.eye(half))
        ]
        np.testing.assert_allclose(np.sum(slopes, axis=0), 0.0, atol=1e-8)


def test_the_table_counts_wins() -> None:
    def record(method: str, seed: int, error: float) -> dict[str, object]:
        sizes = {"kept": 3, "dense": 10, "dense_error": 1.0, "criterion": -error}
        common = {"case": "lorenz", "held_out": True, "share": 0.3, "evaluations": 16}
        return {**common, **sizes, "method": method, "seed": seed, "error": error}

    rows = summarise(
        [
            *(record("surgeon", seed, 0.5) for seed in range(4)),
            *(record("uniform", seed, [0.4, 0.5, 0.6, 0.7][seed]) for seed in range(4)),
        ]
    )
    ours = next(row for row in rows if row["method"] == "surgeon")
    assert ours["beats"] == {"uniform": 0.625}  # lost, equal, won, won
    assert ours["ratio"] == 0.5
    assert "62%" in table(rows)


def test_a_unit_of_the_suite(monkeypatch: pytest.MonkeyPatch) -> None:
    case = CASES["pendulum"]
    small = Case(case.n_states, case.reach, case.field, True, (3,))
    monkeypatch.setitem(CASES, "pendulum", small)
    monkeypatch.setattr("physmodel.bench.networks.pruning.EVALUATIONS", 3)
    monkeypatch.setattr("physmodel.bench.networks.pruning.SHARES", (0.3, None))
    records = run_unit("pendulum.0", {})
    assert {record["method"] for record in records} == set(METHODS)
    assert {record["method"] for record in records if record["share"] is None} == set(FREE)
    ours = next(r for r in records if r["method"] == "surgeon" and r["share"] is None)
    # A pendulum's energy is even and its kinetic part quadratic: five weights and more can go.
    assert ours["kept"] <= ours["dense"] - 5


def test_the_command_refuses_what_it_does_not_know() -> None:
    done = CliRunner().invoke(command, ["pruning", "--case", "lorentz"])
    assert done.exit_code != 0
    assert "lorenz" in str(done.output) + str(done.exception)
