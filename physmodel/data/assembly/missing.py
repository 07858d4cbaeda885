"""Missing values: which samples count, and what is said about those that do not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from physmodel.data.assembly.raw import RawTrajectory
from physmodel.data.limits import LARGEST
from physmodel.errors import DataError
from physmodel.findings import Finding

NanPolicy = Literal["estimate", "segment", "raise"]
NAN_POLICIES: tuple[str, ...] = get_args(NanPolicy)


def without_empty_columns(
    raw: Sequence[RawTrajectory], names: Sequence[str], source: str, notes: list[Finding]
) -> tuple[list[RawTrajectory], list[str]]:
    """Leave out columns without any value, which would make every sample a missing one."""
    held = np.zeros(len(names), dtype=bool)
    for trajectory in raw:
        held |= np.any(~(np.isnan(trajectory.values) | trajectory.masked), axis=0)
    if held.all() or not any(len(trajectory.time) for trajectory in raw):
        return list(raw), list(names)
    if not held.any():
        raise DataError("every value is missing", where=source or ", ".join(names))
    empty = ", ".join(name for name, full in zip(names, held, strict=True) if not full)
    notes.append(Finding("W-EMPTY", "warning", empty, "holds no value: left out"))
    kept = [
        replace(trajectory, values=trajectory.values[:, held], masked=trajectory.masked[:, held])
        for trajectory in raw
    ]
    return kept, [name for name, full in zip(names, held, strict=True) if full]


def usable_samples(
    trajectory: RawTrajectory,
    names: Sequence[str],
    nan_policy: NanPolicy,
    where: str,
    notes: list[Finding],
) -> NDArray[np.bool_]:
    """Samples of which every value is known ``(n,)``; a note says how many are not."""
    values, masked = trajectory.values, trajectory.masked
    broken = ~(np.abs(values) <= LARGEST) & ~masked
    refused = broken & ~np.isnan(values) if nan_policy == "estimate" else broken
    if refused.any() and nan_policy != "segment":
        _refuse(trajectory, refused, names, where)
    lost = broken | masked
    if lost.any():
        columns = ", ".join(names[int(k)] for k in np.flatnonzero(lost.any(axis=0)))
        samples = np.flatnonzero(lost.any(axis=1))
        place = f"{columns}, {trajectory.place(samples)}{where}"
        text = f"{len(samples)} of {len(values)} samples have missing values"
        fix = ""
        if nan_policy == "estimate":
            text += ": they count as not observed, and the trajectory there is estimated"
            if 2 * len(samples) > len(values):
                worst = names[int(np.argmax(lost.sum(axis=0)))]
                fix = f"a row counts only if it is complete: {worst} misses most, leave it out"
        else:
            text += " and cut the trajectory"
        notes.append(Finding("W-MISSING", "warning", place, text, fix))
    return np.asarray(~lost.any(axis=1))


def _refuse(
    trajectory: RawTrajectory, refused: NDArray[np.bool_], names: Sequence[str], where: str
) -> None:
    column = int(np.flatnonzero(refused.any(axis=0))[0])
    rows = np.flatnonzero(refused[:, column])
    first = trajectory.values[rows[0], column]
    kind = "missing" if np.isnan(first) else "infinite"
    why = "a fit through such values would be a guess"
    fix = (
        'nan_policy="estimate" (command line: --missing estimate) leaves the sample out'
        if np.isnan(first)
        else "leave the cell empty if the value is missing; "
        'nan_policy="segment" (command line: --missing segment) cuts the trajectory there'
    )
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
