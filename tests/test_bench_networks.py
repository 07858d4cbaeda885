"""`physmodel bench` on networks: tasks, pruning and the search over settings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from physmodel.systems import nets
from physmodel.systems.rates import PLANE
from tests.bench_command import bench, finished


def test_a_clean_spring_and_its_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A quadratic energy is in the family; the speed is beside that of the reference network."""
    monkeypatch.setattr(nets, "SAMPLES", 21)  # longer steps: only a number for the table
    args = ("nets", "--case", "spring-clean", "--seeds", "1", "--method", "physmodel")
    (record,) = bench(tmp_path / "run", *args)[0]["records"]
    assert record["field_mse"] < 1e-20
    assert record["width"] > 0
    slower = {**record, "method": "hnn", "seconds": 10.0 * record["seconds"]}
    units = {"spring-clean.0.physmodel": [record], "spring-clean.0.hnn": [slower]}
    finished(tmp_path / "both", {}, units)
    content, table = bench(tmp_path / "both", *args, "--method", "hnn")
    assert content["summary"][0]["speed"] == pytest.approx(10.0)
    assert "spring-clean" in table


def test_a_task_is_given_to_the_methods_that_can_do_it(tmp_path: Path) -> None:
    """Networks of rods for rods alone, pairs for bodies alone; each seed is a unit."""
    units = {}
    for case, method in (
        *(("double-pendulum", method) for method in ("physmodel", "network")),
        *(("spring", method) for method in ("physmodel", "equations", "baseline", "hnn")),
        *(("two-body", m) for m in ("physmodel", "pairs", "equations", "baseline", "hnn")),
    ):
        for seed in range(2):
            record: dict[str, Any] = {"case": case, "method": method, "seed": seed}
            record |= {"field_mse": 1e-9, "energy_mse": 1e-9, "seconds": 1.0}
            if case == "double-pendulum":
                record["rollout"] = 2e-5
            units[f"{case}.{seed}.{method}"] = [record]
    finished(tmp_path / "run", {}, units)
    cases = ("--case", "double-pendulum", "--case", "spring", "--case", "two-body")
    content, table = bench(tmp_path / "run", "nets", *cases, "--seeds", "2")
    assert len(content["records"]) == len(units)
    assert len(list((tmp_path / "run" / "units").iterdir())) == len(units)
    assert content["summary"][0]["rollout"] == 2e-5
    assert content["summary"][-1]["rollout"] is None
    assert "2.0e-05" in table


def test_rivals_of_pruning_keep_to_their_evaluations_and_sizes(tmp_path: Path) -> None:
    args = ("--case", "pendulum", "--seeds", "1")
    records = bench(tmp_path / "run", "pruning", *args)[0]["records"]
    rivals = {"surgeon", "damage", "magnitude", "magnitude-once", "uniform", "random"}
    free = {record["method"] for record in records if record["share"] is None}
    assert {record["method"] for record in records if record["share"]} == rivals
    assert free == rivals - {"magnitude-once"}  # it has no size of its own
    for record in records:
        assert record["evaluations"] <= 16
        assert record["kept"] <= round((record["share"] or 1.0) * record["dense"])
        if record["method"] == "random":
            assert record["evaluations"] == 16
    ours = next(r for r in records if r["method"] == "surgeon" and r["share"] is None)
    # A pendulum's energy is even and its kinetic part quadratic: five weights and more can go.
    assert ours["kept"] <= ours["dense"] - 5


def test_the_table_of_pruning_counts_wins(tmp_path: Path) -> None:
    def record(method: str, seed: int, error: float) -> dict[str, object]:
        sizes = {"kept": 3, "dense": 10, "dense_error": 1.0, "criterion": -error}
        common = {"case": "lorenz", "held_out": True, "share": 0.3, "evaluations": 16}
        return {**common, **sizes, "method": method, "seed": seed, "error": error}

    units = {
        f"lorenz.{seed}": [record("surgeon", seed, 0.5), record("uniform", seed, error)]
        for seed, error in enumerate((0.4, 0.5, 0.6, 0.7))
    }
    finished(tmp_path / "run", {}, units)
    content, table = bench(tmp_path / "run", "pruning", "--case", "lorenz", "--seeds", "4")
    ours = next(row for row in content["summary"] if row["method"] == "surgeon")
    assert ours["beats"] == {"uniform": 0.625}  # lost, equal, won, won
    assert ours["ratio"] == 0.5
    assert "62%" in table


def test_the_table_of_settings_counts_gains_in_the_right_direction(tmp_path: Path) -> None:
    def record(case: str, noise: int, default: float, searched: float) -> list[dict[str, Any]]:
        facts = {"case": case, "noise": noise, "seed": 0, "choice": "plain"}
        return [{**facts, "default": default, "searched": searched, "effort": 3.0}]

    errors = ((0.2, 0.1), (0.4, 0.1), (0.1, 0.3))
    units = {
        f"{case}:{noise}:{seed}": record(case, noise, *errors[seed])
        for case in PLANE
        for noise in (1, 5, 10)
        for seed in range(3)
    }
    finished(tmp_path / "run", {}, units)
    content, table = bench(tmp_path / "run", "tuning", "--seeds", "3")
    assert len(list((tmp_path / "run" / "units").iterdir())) == len(units)
    assert len(content["summary"]) == 3 * len(PLANE)
    assert len(table.splitlines()) == 1 + 3 * len(PLANE)
    for row in content["summary"]:
        assert (row["default"], row["searched"]) == (0.2, 0.1)
        assert (row["better"], row["worse"], row["choices"]) == (2, 1, {"plain": 3})
    quick = {f"{case}:5:0": record(case, 5, 0.2, 0.1) for case in list(PLANE)[:2]}
    finished(tmp_path / "quick", {}, quick)
    assert len(bench(tmp_path / "quick", "tuning", "--quick")[0]["records"]) == 2
