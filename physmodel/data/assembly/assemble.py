"""Raw columns to a dataset: missing values, time order, gaps and hidden gaps, in one place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr

from physmodel.data.assembly.missing import (
    NAN_POLICIES,
    NanPolicy,
    usable_samples,
    without_empty_columns,
)
from physmodel.data.assembly.raw import Array, RawTrajectory, Rows
from physmodel.data.contract import make_dataset, time_fault
from physmodel.data.limits import LARGEST
from physmodel.data.segments import cut, is_regular, runs, time_gaps, value_jumps
from physmodel.errors import DataError
from physmodel.findings import Finding, bundled

#: Pieces with fewer samples carry no rate of change worth having.
SHORTEST = 4

#: Numbers that are taken into memory: 4 GB.
MAX_VALUES = 500_000_000


def assemble(
    raw: Sequence[RawTrajectory],
    names: Sequence[str],
    *,
    inputs: Sequence[str] = (),
    units: Mapping[str, str] | None = None,
    long_names: Mapping[str, str] | None = None,
    time_units: str = "",
    nan_policy: NanPolicy = "estimate",
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
    nan_policy : {"estimate", "segment", "raise"}
        A missing value makes its sample one that was not observed, between samples that were; or
        cuts the trajectory; or is refused unless the source masks it, which then cuts. Infinite
        values cut with ``"segment"`` and are refused otherwise.

    Raises
    ------
    DataError
        Naming the variable and the rows.
    """
    if nan_policy not in NAN_POLICIES:
        raise DataError(
            f"nan_policy is {nan_policy!r}", fix="it is " + " or ".join(map(repr, NAN_POLICIES))
        )
    notes = list(findings)
    raw, names = without_empty_columns(raw, names, source, notes)
    inputs = [name for name in inputs if name in names]
    states = [k for k, name in enumerate(names) if name not in inputs]
    if not states:
        raise DataError("every value of the states is missing", where=source)
    pieces = _pieces(raw, names, states, nan_policy, notes)
    if not pieces:
        raise _too_short(raw, source)
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


def _pieces(
    raw: Sequence[RawTrajectory],
    names: Sequence[str],
    states: list[int],
    nan_policy: NanPolicy,
    notes: list[Finding],
) -> list[tuple[str, Array, Array]]:
    """Label, times and values of what is not interrupted."""
    pieces: list[tuple[str, Array, Array]] = []
    for trajectory in raw:
        where = f", trajectory {trajectory.label}" if len(raw) > 1 else ""
        _check_time(trajectory, where)
        usable = usable_samples(trajectory, names, nan_policy, where, notes)
        observed = np.flatnonzero(usable)
        blocks = (
            [observed] if nan_policy == "estimate" else [np.arange(a, b) for a, b in runs(usable)]
        )
        pieces += _split(trajectory, blocks, states, where, notes)
    return pieces


def _too_short(raw: Sequence[RawTrajectory], source: str) -> DataError:
    longest = max((len(trajectory.time) for trajectory in raw), default=0)
    holes = any(np.isnan(t.values).any() or t.masked.any() for t in raw)
    cut_up = ", cut by missing values or gaps" if longest >= SHORTEST else ""
    fix = "supply longer trajectories, or close the gaps"
    if longest >= SHORTEST and holes:
        fix = (
            "a row counts only if it is complete: leave out columns that were measured at other "
            "times (states=, command line: --states), or fill cells, physmodel denoise --fill"
        )
    elif longest <= 1 and source == "arrays":
        fix = "if x is transposed pass x.T: samples in rows"
    return DataError(
        f"need at least {SHORTEST} samples without interruption; the longest trajectory has "
        f"{longest} samples{cut_up}",
        where=source,
        why="a rate of change needs neighbouring samples",
        fix=fix,
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


def _split(
    trajectory: RawTrajectory,
    blocks: Sequence[Rows],
    states: Sequence[int],
    where: str,
    notes: list[Finding],
) -> list[tuple[str, Array, Array]]:
    """Cut blocks of samples at gaps of the time and at leaps that hide one."""
    time, values = trajectory.time, trajectory.values
    pieces: list[Rows] = []
    for block in blocks:
        for a, b in cut(len(block), time_gaps(time[block]).tolist()):
            rows = block[a:b]
            if a > 0:
                length = f"a gap of {time[rows[0]] - time[block[a - 1]]:.4g} in time"
                notes.append(_gap(trajectory, block[a - 1], where, f"{length} cuts the trajectory"))
            jumps = _jumps(trajectory, rows, states)
            for k in jumps:
                what = "the states jump here as if samples were missing: the trajectory is cut"
                notes.append(_gap(trajectory, rows[k], where, what))
            pieces += [rows[c:d] for c, d in cut(len(rows), jumps)]
    kept = [rows for rows in pieces if len(rows) >= SHORTEST]
    dropped = sum(map(len, pieces)) - sum(map(len, kept))
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
        (label if len(kept) == 1 else f"{label}.{k}", time[rows], values[rows])
        for k, rows in enumerate(kept)
    ]


def _jumps(trajectory: RawTrajectory, rows: Rows, states: Sequence[int]) -> list[int]:
    """Last samples before leaps; only where the clock claims equal steps can a gap hide there."""
    found: list[int] = []
    for a, b in cut(len(rows), np.flatnonzero(np.diff(rows) > 1).tolist()):
        if is_regular(trajectory.time[rows[a:b]]):
            leaps = value_jumps(trajectory.values[rows[a:b]][:, states])
            found += [a + int(k) for k in leaps]
    return found


def _gap(trajectory: RawTrajectory, sample: np.intp, where: str, what: str) -> Finding:
    at = f"after {trajectory.place(np.array([sample]))}, t={trajectory.time[sample]:.6g}{where}"
    fix = "if samples are missing there, give the true times" if "jump" in what else ""
    return Finding("W-GAP", "warning", at, what, fix)
