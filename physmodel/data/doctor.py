"""The data doctor: what a careful person would notice before fitting anything."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from physmodel.data.angles import is_in_degrees
from physmodel.data.contract import variable_names
from physmodel.data.inputs.likeness import input_like
from physmodel.data.measurement.noise import estimate_noise, quantisation_step
from physmodel.data.measurement.outliers import outliers
from physmodel.data.open import as_measured
from physmodel.data.relations import column_findings, constant_columns, duplicate_columns
from physmodel.data.segments import Segment, is_regular, segments, time_gaps, value_jumps
from physmodel.findings import Finding, bundled, recorded

__all__ = ["check", "constant_columns", "duplicate_columns", "summary"]

Array = NDArray[np.float64]

#: Samples per period of the dominant oscillation below which rates of change are guesses.
FEW_PER_PERIOD = 8.0

#: A rounding step above this fraction of the spread is worth a warning.
COARSE_STEP = 1e-3

#: Noise above this fraction of the spread is worth a warning.
LOUD = 0.2


def check(data: xr.Dataset) -> list[Finding]:
    """Examine a dataset; nothing is fitted or changed.

    Parameters
    ----------
    data : xarray.Dataset
        In the shape of `physmodel.data.contract`.

    Returns
    -------
    list of Finding
        What was recorded when the data were opened, then what the values show, the worst first.

    Raises
    ------
    DataError
        If the dataset does not have that shape.
    """
    data = as_measured(data)
    names = variable_names(data)
    found = segments(data, names)
    still = constant_columns(data)
    findings = [*recorded(data), *column_findings(data)]
    findings += [
        Finding("I-DEGREES", "info", name, f"is in {unit}; fits take it in radians")
        for name in names
        if is_in_degrees(unit := str(data.variables[name].attrs.get("units", "")))
    ]
    findings += _too_few(data)
    findings += _gaps(
        found, [k for k, n in enumerate(names) if data[n].attrs.get("role", "state") == "state"]
    )
    findings += _sampling(found)
    for k, name in enumerate(names):
        if name not in still:
            findings += _one_column(data, found, k, name)
    findings += _inputs_among_states(data, found, still)
    rank = {"error": 0, "warning": 1, "info": 2}
    return bundled(sorted(findings, key=lambda finding: rank[finding.severity]))


def summary(data: xr.Dataset) -> dict[str, Any]:
    """Numbers that describe a dataset; plain types, ready for JSON.

    Returns
    -------
    dict
        ``title``, ``source``, ``n_samples``, ``n_trajectories``, ``time`` (units, start, stop,
        median step, regular or not) and ``variables`` (by name: units, role, min, max, std,
        noise_std).
    """
    names = variable_names(data)
    found = segments(data, names)
    time = data["time"].values
    return {
        "title": str(data.attrs.get("title", "")),
        "source": str(data.attrs.get("source", "")),
        "n_samples": int(data.sizes["sample"]),
        "n_trajectories": int(data.sizes["trajectory"]),
        "time": {
            "units": str(data["time"].attrs.get("units", "")),
            "start": float(time.min()),
            "stop": float(time.max()),
            "step": float(np.median(_steps(found))) if len(_steps(found)) else 0.0,
            "regular": all(is_regular(segment.time) for segment in found),
        },
        "variables": {
            name: {
                "units": str(data[name].attrs.get("units", "")),
                "role": str(data[name].attrs.get("role", "state")),
                "min": float(data[name].values.min()),
                "max": float(data[name].values.max()),
                "std": float(data[name].values.std()),
                "noise_std": _noise(data, found, k, name),
            }
            for k, name in enumerate(names)
        },
    }


def _steps(found: list[Segment]) -> Array:
    return np.concatenate([np.diff(segment.time) for segment in found])


def _noise(data: xr.Dataset, found: list[Segment], column: int, name: str) -> float:
    """What the source states, else what the values show."""
    if "noise_std" in data[name].attrs:
        return float(data[name].attrs["noise_std"])
    return estimate_noise([s.time for s in found], [s.values[:, column] for s in found])


def _too_few(data: xr.Dataset) -> list[Finding]:
    d = len(variable_names(data))
    terms = (d + 1) * (d + 2) // 2
    n = int(data.sizes["sample"])
    if n >= 5 * terms:
        return []
    return [
        Finding(
            "W-FEW",
            "warning" if n < 2 * terms else "info",
            "samples",
            f"{n} samples; need >= {5 * terms} for the {terms} terms up to degree two of "
            f"{d} variables to be told apart safely",
            "measure longer, or choose fewer variables; pm.fit fits numbers of equations that you "
            "know to fewer samples",
        )
    ]


def _gaps(found: list[Segment], states: list[int]) -> list[Finding]:
    """Gaps in datasets that were not made by `physmodel.open`, which cuts them."""
    findings = []
    for segment in found:
        gaps = [(int(k), "a gap in time") for k in time_gaps(segment.time)]
        if not gaps and is_regular(segment.time):
            jumps = value_jumps(segment.values[:, states])
            gaps = [(int(k), "the states jump as if samples were missing") for k in jumps]
        findings += [
            Finding(
                "W-GAP",
                "warning",
                f"trajectory {segment.trajectory}, after sample {k}, t={segment.time[k]:.6g}",
                what,
                "make the dataset with physmodel.open or from_arrays, which cut it there",
            )
            for k, what in gaps
        ]
    return findings


def _sampling(found: list[Segment]) -> list[Finding]:
    if all(is_regular(segment.time) for segment in found):
        return []
    steps = _steps(found)
    text = f"steps of {steps.min():.4g} to {steps.max():.4g}, median {np.median(steps):.4g}"
    return [Finding("I-IRREGULAR", "info", "time", f"irregular sampling: {text}")]


def _one_column(data: xr.Dataset, found: list[Segment], k: int, name: str) -> list[Finding]:
    column = data[name].values
    spread = float(column.std())
    findings = []
    step = quantisation_step(column)
    if step > COARSE_STEP * spread:
        findings.append(
            Finding(
                "W-QUANTISED",
                "warning",
                name,
                f"rounded to steps of {step:.3g}, {100 * step / spread:.2g}% of its spread",
                "rounding acts like noise; export more digits if there are any",
            )
        )
    if data[name].attrs.get("role") == "input":
        return findings
    findings += outliers(column, name)
    noise = _noise(data, found, k, name)
    share = noise / spread
    loud = share > LOUD
    findings.append(
        Finding(
            "W-NOISE" if loud else "I-NOISE",
            "warning" if loud else "info",
            name,
            f"noise about {noise:.3g}, {100 * share:.2g}% of its spread"
            if share > 1e-9
            else "no noise to speak of",
            "average repeated measurements, or expect wide error bars" if loud else "",
        )
    )
    per_period = _samples_per_period(found, k)
    if per_period < FEW_PER_PERIOD:
        findings.append(
            Finding(
                "W-UNDERSAMPLED",
                "warning",
                name,
                f"about {per_period:.1f} samples per dominant period; need >= {FEW_PER_PERIOD:.0f}",
                "sample faster, or expect wide error bars",
            )
        )
    return findings


def _inputs_among_states(data: xr.Dataset, found: list[Segment], still: list[str]) -> list[Finding]:
    states, names = variable_names(data, "state"), variable_names(data)
    moving = {name: names.index(name) for name in states if name not in still}
    spread = {name: float(data[name].values.std()) for name in moving}
    noise = {name: _noise(data, found, k, name) / spread[name] for name, k in moving.items()}
    return input_like(found, moving, noise)


def _samples_per_period(found: list[Segment], k: int) -> float:
    """Samples from one upward crossing of the median to the next; infinite if rare.

    Crossings count only from below to above a band of a quarter of the spread, so that noise
    does not count, and neither do the harmonics of a relaxation oscillation.
    """
    pooled = np.concatenate([segment.values[:, k] for segment in found])
    middle, band = float(np.median(pooled)), 0.25 * float(pooled.std())
    periods = samples = 0
    for segment in found:
        away = segment.values[:, k] - middle
        clear = np.flatnonzero(np.abs(away) >= band)
        rising = clear[1:][np.diff(np.sign(away[clear])) > 0.0]
        if len(rising) > 1:
            periods += len(rising) - 1
            samples += int(rising[-1] - rising[0])
    return samples / periods if periods >= 2 else np.inf
