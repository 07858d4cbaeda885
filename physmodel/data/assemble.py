"""Raw columns to a dataset: missing values, time order, gaps and hidden gaps, in one place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from physmodel.data.contract import LARGEST, make_dataset, rows_text, time_fault
from physmodel.data.segments import cut, is_regular, runs, time_gaps, value_jumps
from physmodel.errors import DataError
from physmodel.findings import Finding, bundled

Array = NDArray[np.float64]
Rows = NDArray[np.intp]
NanPolicy = Literal["raise", "segment"]

#: Pieces with fewer samples carry no rate of change worth having.
SHORTEST = 4

#: Numbers that are taken into memory: 4 GB.
MAX_VALUES = 500_000_000


@dataclass(frozen=True)
class RawTrajectory:
    """One trajectory as it was read.

    Attributes
    ----------
    label : str
    time : ndarray (n,)
    values : ndarray (n, v)
        NaN where a value is missing by accident.
    masked : ndarray of bool (n, v)
        True where the source declares a value missing.
    rows : ndarray of int (n,), optional
        Row numbers in the source; 0, 1, ... when there are none.
    lines : ndarray of int (n,), optional
        Line numbers in the file.
    """

    label: str
    time: Array
    values: Array
    masked: NDArray[np.bool_]
    rows: Rows | None = None
    lines: Rows | None = None

    def place(self, samples: Rows) -> str:
        """Rows, and lines where they are known, of some samples."""
        text = rows_text(samples if self.rows is None else self.rows[samples])
        return text if self.lines is None else f"{text} (line {self.lines[samples[0]]})"


def assemble(
    raw: Sequence[RawTrajectory],
    names: Sequence[str],
    *,
    inputs: Sequence[str] = (),
    units: Mapping[str, str] | None = None,
    long_names: Mapping[str, str] | None = None,
    time_units: str = "",
    nan_policy: NanPolicy = "raise",
    title: str = "",
    source: str = "",
    findings: Sequence[Finding] = (),
) -> xr.Dataset:
    """Check raw trajectories, cut them where they are interrupted, and build the dataset.

    Parameters
    ----------
    raw : sequence of RawTrajectory
    names : sequence of str
    inputs, units, long_names, time_units, title, source, findings
        See `physmodel.data.contract.make_dataset`.
    nan_policy : {"raise", "segment"}
        About NaN and infinite values; what the source masks cuts the trajectory in any case.

    Raises
    ------
    DataError
        Naming the variable and the rows.
    """
    if nan_policy not in ("raise", "segment"):
        raise DataError(f"nan_policy is {nan_policy!r}", fix='it is "raise" or "segment"')
    notes = list(findings)
    states = [k for k, name in enumerate(names) if name not in inputs]
    pieces: list[tuple[str, Array, Array]] = []
    for trajectory in raw:
        where = f", trajectory {trajectory.label}" if len(raw) > 1 else ""
        _check_time(trajectory, where)
        usable = _usable(trajectory, names, nan_policy, where, notes)
        pieces += _split(trajectory, usable, states, where, notes)
    if not pieces:
        longest = max((len(trajectory.time) for trajectory in raw), default=0)
        raise DataError(
            f"need at least {SHORTEST} samples without interruption; the longest trajectory has "
            f"{longest} samples" + (", cut by missing values or gaps" if longest >= 4 else ""),
            where=source,
            why="a rate of change needs neighbouring samples",
            fix="supply longer trajectories, or close the gaps"
            if longest > 1 or source != "arrays"
            else "if x is transposed pass x.T: samples in rows",
        )
    if not any(values[:, states].any() for _, _, values in pieces):
        raise DataError(
            "all states are zero at all times",
            where=", ".join(names[k] for k in states),
            why="nothing moves, so there is nothing to model",
            fix="check units and rounding of the source",
        )
    labels = [label for label, _, _ in pieces]
    plain = all(label.isdecimal() and str(int(label)) == label for label in labels)
    return make_dataset(
        [time for _, time, _ in pieces],
        [values for _, _, values in pieces],
        names,
        inputs=inputs,
        units=units,
        long_names=long_names,
        time_units=time_units,
        ids=[int(label) for label in labels] if plain else labels,
        title=title,
        source=source,
        findings=bundled(notes),
    )


def _check_time(trajectory: RawTrajectory, where: str) -> None:
    bad = np.flatnonzero(~(np.abs(trajectory.time) <= LARGEST))
    if len(bad):
        raise DataError(
            f"{len(bad)} times are missing or infinite"
            if len(bad) > 1
            else "the time is missing or infinite",
            where=f"time, {trajectory.place(bad)}{where}",
            fix="every sample needs a time",
        )
    fault = time_fault(trajectory.time)
    if fault is not None:
        sample, what = fault
        raise DataError(
            what,
            where=f"time, {trajectory.place(np.array([sample, sample + 1]))}{where}",
            why="the order of samples carries the physics, so rows are never sorted silently",
            fix="sort the rows, drop repeated ones, or name the column that tells "
            "trajectories apart (trajectory=, command line: --trajectory)",
        )


def _usable(
    trajectory: RawTrajectory,
    names: Sequence[str],
    nan_policy: NanPolicy,
    where: str,
    notes: list[Finding],
) -> NDArray[np.bool_]:
    values, masked = trajectory.values, trajectory.masked
    broken = ~(np.abs(values) <= LARGEST) & ~masked
    if broken.any() and nan_policy == "raise":
        column = int(np.flatnonzero(broken.any(axis=0))[0])
        rows = np.flatnonzero(broken[:, column])
        first = values[rows[0], column]
        why = "a fit through missing values would be a guess"
        fix = 'nan_policy="segment" (command line: --missing segment) cuts the trajectory there'
        kind = "missing" if np.isnan(first) else "infinite"
        if np.isfinite(first):
            kind, fix = f"beyond {LARGEST:g}", "use a larger unit"
            why = "products of such values leave the range of floats"
        raise DataError(
            f"{len(rows)} values are {kind}" if len(rows) > 1 else f"a value is {kind}",
            where=f"variable {names[column]!r}, {trajectory.place(rows)}, "
            f"t={trajectory.time[rows[0]]:.6g}{where}",
            why=why,
            fix=fix,
        )
    lost = broken | masked
    if lost.any():
        columns = ", ".join(names[int(k)] for k in np.flatnonzero(lost.any(axis=0)))
        samples = np.flatnonzero(lost.any(axis=1))
        notes.append(
            Finding(
                "W-MISSING",
                "warning",
                f"{columns}, {trajectory.place(samples)}{where}",
                f"{len(samples)} samples with missing values cut the trajectory",
            )
        )
    return np.asarray(~lost.any(axis=1))


def _split(
    trajectory: RawTrajectory,
    usable: NDArray[np.bool_],
    states: Sequence[int],
    where: str,
    notes: list[Finding],
) -> list[tuple[str, Array, Array]]:
    time, values = trajectory.time, trajectory.values
    pieces: list[tuple[int, int]] = []
    for first, last in runs(usable):
        for a, b in _cut_at(first, last, time_gaps(time[first:last])):
            if a > first:
                length = f"a gap of {time[a] - time[a - 1]:.4g} in time cuts the trajectory"
                notes.append(_gap(trajectory, a - 1, where, length))
            # Only where the clock claims equal steps can a gap hide in the values.
            jumps = value_jumps(values[a:b][:, states]).tolist() if is_regular(time[a:b]) else []
            for k in jumps:
                what = "the states jump here as if samples were missing: the trajectory is cut"
                notes.append(_gap(trajectory, a + k, where, what))
            pieces += _cut_at(a, b, jumps)
    kept = [(a, b) for a, b in pieces if b - a >= SHORTEST]
    dropped = sum(b - a for a, b in pieces) - sum(b - a for a, b in kept)
    if dropped:
        notes.append(
            Finding(
                "W-SHORT",
                "warning",
                f"trajectory {trajectory.label}",
                f"{dropped} samples in pieces of fewer than {SHORTEST} are left out",
            )
        )
    label = trajectory.label
    return [
        (label if len(kept) == 1 else f"{label}.{k}", time[a:b], values[a:b])
        for k, (a, b) in enumerate(kept)
    ]


def _cut_at(first: int, last: int, after: Iterable[int]) -> list[tuple[int, int]]:
    return [(first + a, first + b) for a, b in cut(last - first, [int(k) for k in after])]


def _gap(trajectory: RawTrajectory, sample: int, where: str, what: str) -> Finding:
    at = f"after {trajectory.place(np.array([sample]))}, t={trajectory.time[sample]:.6g}{where}"
    fix = "if samples are missing there, give the true times" if "jump" in what else ""
    return Finding("W-GAP", "warning", at, what, fix)
