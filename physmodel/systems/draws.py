"""Noisy records of a flow: what a method gets to see."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from physmodel.systems.chaotic import PER_PERIOD, PERIODS, ChaoticSystem

Array = NDArray[np.float64]

Condition = Literal[
    "regular",
    "irregular",
    "missing",
    "unequal-noise",
    "unequal-lengths",
    "perturbed",
    "coarse",
    "fine",
    "short",
    "long",
]
CONDITIONS: tuple[Condition, ...] = get_args(Condition)

#: Samples per period and periods of the records that differ from the rest.
SAMPLING = {"coarse": (50, PERIODS), "fine": (200, PERIODS), "short": (PER_PERIOD, 5)} | {
    "long": (PER_PERIOD, 20)
}


@dataclass(frozen=True)
class Cell:
    """One column of the benchmark table.

    `noise`: standard deviation of the noise over that of each state. `condition`: one of
    `CONDITIONS`. Irregular records keep half of the samples at random, missing ones two thirds;
    unequal noise differs by factors of three between states. Perturbed systems have coefficients
    changed by up to a tenth; coarse, fine, short and long records have half or twice the samples
    per period, half or twice the periods.
    """

    noise: float
    trajectories: int = 1
    condition: Condition = "regular"

    @property
    def label(self) -> str:
        """Such as ``"5 x, 10%"``."""
        kind = "" if self.condition == "regular" else f", {self.condition}"
        return f"{self.trajectories} x, {self.noise:.0%}{kind}"

    @property
    def sampling(self) -> tuple[int, int]:
        """Samples per period and periods."""
        return SAMPLING.get(self.condition, (PER_PERIOD, PERIODS))


@dataclass(frozen=True)
class Draw:
    """Records of one system in one cell with one seed.

    `times` ``(n_i,)``. `records` ``(n_i, d)``: what a method gets to see. `clean` ``(n_i, d)``: the
    same without noise. `level` ``(d,)``: standard deviation of the noise.
    """

    system: ChaoticSystem
    cell: Cell
    seed: int
    times: list[Array]
    records: list[Array]
    clean: list[Array]
    level: Array


def draw(system: ChaoticSystem, clean: tuple[Array, Array], cell: Cell, seed: int) -> Draw:
    """Make the noisy records of a cell.

    `clean` ``(time, states)``: from `ChaoticSystem.trajectories`; the first trajectories are used.
    Returns: the same for the same arguments, on every machine.
    """
    time, states = clean
    words = [zlib.crc32(part.encode()) for part in (system.name, cell.label)]
    rng = np.random.default_rng([seed, *words])
    used = states[: cell.trajectories]
    spread = used.reshape(-1, used.shape[-1]).std(axis=0)
    level = cell.noise * spread
    if cell.condition == "unequal-noise":
        # Factors of three around the nominal level, one for each state.
        level = level * 3.0 ** np.linspace(-1.0, 1.0, len(level))
    times, records, kept = [], [], []
    for number, trajectory in enumerate(used):
        noisy = trajectory + level * rng.standard_normal(trajectory.shape)
        keep = _kept(cell.condition, len(time), number, rng)
        times.append(time[keep])
        records.append(noisy[keep])
        kept.append(trajectory[keep])
    return Draw(system, cell, seed, times, records, kept, level)


def _kept(condition: Condition, n: int, number: int, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Samples that are in the record."""
    keep = np.ones(n, dtype=bool)
    if condition == "missing":
        keep[1:-1] = rng.random(n - 2) > 0.3
    elif condition == "irregular":
        # Waiting times between samples of one to three steps, so half of the samples remain.
        ticks = np.cumsum(rng.integers(1, 4, n))
        keep[:] = False
        keep[ticks[ticks < n]] = True
    elif condition == "unequal-lengths":
        keep[n // (number + 1) :] = False
    return keep
