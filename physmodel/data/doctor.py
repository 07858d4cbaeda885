"""The data doctor: what a careful person would notice before fitting anything."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from physmodel.data.contract import variable_names
from physmodel.data.findings import Finding, recorded
from physmodel.data.noise import estimate_noise
from physmodel.data.segments import Segment, segments

Array = NDArray[np.float64]

#: Correlation above which two columns are one.
SAME = 0.9999

#: Variation below this fraction of the size of the values is rounding, not motion.
FLAT = 1e-12

#: Samples per period of the fastest strong oscillation below which rates of change are guesses.
FEW_PER_PERIOD = 8.0


def check(data: xr.Dataset) -> list[Finding]:
    """Examine a dataset; nothing is fitted or changed.

    Parameters
    ----------
    data : xarray.Dataset

    Returns
    -------
    list of Finding
        What was recorded when the data were opened, then what the values show.
    """
    names = variable_names(data)
    found = segments(data, names)
    values = np.concatenate([segment.values for segment in found])
    findings = recorded(data)
    findings += _flat_columns(values, names)
    moving = [k for k, name in enumerate(names) if not _is_flat(values[:, k])]
    findings += _same_columns(values, names, moving)
    findings += _dependent_columns(values, names, moving, findings)
    for k in moving:
        findings += _one_column(found, k, names[k])
    findings += _sampling(found)
    return findings


def constant_columns(data: xr.Dataset) -> list[str]:
    """Names of the variables that do not move."""
    return [name for name in variable_names(data) if _is_flat(data[name].values)]


def duplicate_columns(data: xr.Dataset) -> dict[str, str]:
    """Variables that are an affine function of an earlier one: ``{later: earlier}``."""
    names = [name for name in variable_names(data) if not _is_flat(data[name].values)]
    return {
        names[j]: names[i]
        for i, j, _ in _pairs(np.column_stack([data[n].values for n in names]))
    } if len(names) > 1 else {}


def summary(data: xr.Dataset) -> dict[str, Any]:
    """Numbers that describe a dataset.

    Parameters
    ----------
    data : xarray.Dataset

    Returns
    -------
    dict
        ``n_samples``, ``n_trajectories``, ``time`` and, per variable, its range, spread and noise.
    """
    names = variable_names(data)
    found = segments(data, names)
    steps = np.concatenate([np.diff(segment.time) for segment in found])
    time = data["time"].values
    return {
        "n_samples": int(data.sizes["sample"]),
        "n_trajectories": int(data.sizes["trajectory"]),
        "time": {
            "units": data["time"].attrs.get("units", ""),
            "start": float(time.min()),
            "stop": float(time.max()),
            "step": float(np.median(steps)),
            "regular": bool(np.ptp(steps) <= 1e-6 * np.median(steps)),
        },
        "variables": {
            name: {
                "units": data[name].attrs.get("units", ""),
                "role": data[name].attrs.get("role", "state"),
                "min": float(data[name].min()),
                "max": float(data[name].max()),
                "std": float(data[name].std()),
                "noise_std": _noise(found, k),
            }
            for k, name in enumerate(names)
        },
    }


def _noise(found: list[Segment], column: int) -> float:
    return estimate_noise([s.time for s in found], [s.values[:, column] for s in found])


def _is_flat(column: Array) -> bool:
    return bool(np.ptp(column) <= FLAT * np.abs(column).max(initial=0.0))


def _flat_columns(values: Array, names: tuple[str, ...]) -> list[Finding]:
    findings = []
    for k, name in enumerate(names):
        if not _is_flat(values[:, k]):
            continue
        zero = not values[:, k].any()
        findings.append(
            Finding(
                "W-CONSTANT",
                "warning",
                name,
                "all values are zero" if zero else f"constant at {values[0, k]:g}",
                "it is left out of the model",
            )
        )
    if len(findings) == len(names):
        findings.append(
            Finding("E-STILL", "error", ", ".join(names), "nothing moves", "supply data that vary")
        )
    return findings


def _pairs(values: Array) -> list[tuple[int, int, float]]:
    """Pairs of columns that are affine functions of each other, with the slope."""
    spread = values.std(axis=0)
    unit = (values - values.mean(axis=0)) / spread
    correlation = unit.T @ unit / len(unit)
    pairs, taken = [], set()
    for i in range(values.shape[1]):
        for j in range(i + 1, values.shape[1]):
            if i not in taken and j not in taken and abs(correlation[i, j]) > SAME:
                pairs.append((i, j, float(np.sign(correlation[i, j]) * spread[j] / spread[i])))
                taken.add(j)
    return pairs


def _same_columns(values: Array, names: tuple[str, ...], moving: list[int]) -> list[Finding]:
    if len(moving) < 2:
        return []
    findings = []
    for i, j, slope in _pairs(values[:, moving]):
        first, second = names[moving[i]], names[moving[j]]
        a, b = values[:, moving[i]], values[:, moving[j]]
        offset = float(b.mean() - slope * a.mean())
        shift = f" {'+' if offset >= 0 else '-'} {abs(offset):.4g}" if abs(offset) > 1e-9 * (
            np.abs(b).max()
        ) else ""
        findings.append(
            Finding(
                "W-COLLINEAR",
                "warning",
                f"{first}, {second}",
                f"{second} = {slope:.6g}*{first}{shift}",
                f"{second} is left out of the model",
            )
        )
    return findings


def _dependent_columns(
    values: Array, names: tuple[str, ...], moving: list[int], known: list[Finding]
) -> list[Finding]:
    if len(moving) < 3 or any(finding.code == "W-COLLINEAR" for finding in known):
        return []
    columns = values[:, moving]
    unit = (columns - columns.mean(axis=0)) / columns.std(axis=0)
    singular, right = np.linalg.svd(unit, full_matrices=False)[1:]
    if singular[-1] > 1e-6 * singular[0]:
        return []
    involved = [names[moving[k]] for k in np.flatnonzero(np.abs(right[-1]) > 1e-3)]
    return [
        Finding(
            "W-DEPENDENT",
            "warning",
            ", ".join(involved),
            "a linear combination of these columns does not change",
            "drop one of them: their terms cannot be told apart",
        )
    ]


def _one_column(found: list[Segment], k: int, name: str) -> list[Finding]:
    column = np.concatenate([segment.values[:, k] for segment in found])
    findings = []
    spread = float(column.std())
    steps = np.unique(np.sort(column))
    if 1 < len(steps) < len(column) / 3:
        step = float(np.min(np.diff(steps)))
        if step > 1e-3 * spread:
            findings.append(
                Finding(
                    "W-QUANTISED",
                    "warning",
                    name,
                    f"rounded to steps of {step:.3g}, {100 * step / spread:.2g}% of its spread",
                    "rounding acts like noise",
                )
            )
    noise = _noise(found, k)
    findings.append(
        Finding("I-NOISE", "info", name, f"noise about {noise:.3g} ({_percent(noise / spread)})")
    )
    longest = max(found, key=lambda segment: len(segment.time))
    rate = _samples_per_period(longest.values[:, k])
    if rate < FEW_PER_PERIOD:
        findings.append(
            Finding(
                "W-COARSE",
                "warning",
                name,
                f"about {rate:.1f} samples per period of its fastest strong oscillation",
                "sample faster, or expect wider error bars",
            )
        )
    return findings


def _percent(fraction: float) -> str:
    return f"{100 * fraction:.2g}% of its spread" if fraction > 1e-6 else "none to speak of"


def _samples_per_period(column: Array) -> float:
    """Samples per period at the frequency below which 90% of the power lies."""
    n = len(column)
    window = np.hanning(n + 2)[1:-1]
    power = np.abs(np.fft.rfft((column - column.mean()) * window)) ** 2
    share = np.cumsum(power) / max(power.sum(), np.finfo(float).tiny)
    highest = int(np.searchsorted(share, 0.9))
    return n / max(highest, 1)


def _sampling(found: list[Segment]) -> list[Finding]:
    steps = np.concatenate([np.diff(segment.time) for segment in found])
    middle = float(np.median(steps))
    if np.ptp(steps) <= 1e-3 * middle:
        return []
    return [
        Finding(
            "I-IRREGULAR",
            "info",
            "time",
            f"sampled every {steps.min():.4g} to {steps.max():.4g}, median {middle:.4g}",
        )
    ]
