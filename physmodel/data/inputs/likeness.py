"""Columns declared as states that look as if they were set from outside."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from physmodel.data.measurement.noise import quantisation_step
from physmodel.data.segments import Segment
from physmodel.findings import Finding

Array = NDArray[np.float64]

#: Share of the sampling intervals in which a piecewise constant column stands still, at least.
STILL = 0.5

#: Noise over the spread: a column with less than the first has none, one with more than the second
#: is a measurement.
SILENT, NOISY = 1e-9, 1e-4


def input_like(
    found: list[Segment], states: Mapping[str, int], noise: Mapping[str, float]
) -> list[Finding]:
    """States that no law seems to move, beside states that one may move.

    Parameters
    ----------
    found : list of Segment
    states : mapping of str to int
        Columns that move, by name.
    noise : mapping of str to float
        Noise of each over its spread.

    Returns
    -------
    list of Finding
        ``W-INPUT`` for columns that step from level to level, ``I-INPUT`` for those without noise
        beside noisy ones.
    """
    steps = {name: _steps_only([one.values[:, k] for one in found]) for name, k in states.items()}
    if all(steps.values()):
        return []
    measured = any(noise[name] > NOISY for name, text in steps.items() if not text)
    findings = []
    for name, text in steps.items():
        silent = measured and noise[name] < SILENT and not text
        if text or silent:
            said = text or "has no noise beside columns that have"
            fix = (
                f"if it is set from outside, declare it as an input (command line: --inputs {name})"
            )
            code, severity = ("W-INPUT", "warning") if text else ("I-INPUT", "info")
            findings.append(Finding(code, severity, name, said, fix))  # type: ignore[arg-type]
    return findings


def _steps_only(signals: list[Array]) -> str:
    """How a column steps from level to level, or nothing."""
    values = np.concatenate(signals)
    levels = np.unique(values)
    if len(levels) == 2:
        return "has two levels only"
    steps = np.concatenate([np.abs(np.diff(signal)) for signal in signals])
    moved = steps[steps > 0.0]
    if not len(moved) or np.mean(steps == 0.0) < STILL:
        return ""
    # What moves and is rounded goes from one step of its grid to the next.
    rounded = np.median(moved) <= 1.5 * quantisation_step(values)
    return "" if rounded else "stands still and jumps"
