"""Columns that say nothing of their own: constant ones, copies, linear combinations."""

from __future__ import annotations

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from physmodel.data.contract import variable_names
from physmodel.findings import Finding

Array = NDArray[np.float64]

#: Correlation above which two columns are one.
SAME = 0.9999

#: Variation below this fraction of the size of the values is rounding, not motion.
FLAT = 1e-12

#: Smallest singular value, against the largest, of columns that depend on each other.
DEPENDENT = 1e-7

#: Rows that are enough to see a relation between columns.
MAX_ROWS = 50_000


def constant_columns(data: xr.Dataset) -> list[str]:
    """Names of the variables that do not move."""
    return [name for name in variable_names(data) if _is_flat(data[name].values)]


def duplicate_columns(data: xr.Dataset) -> dict[str, str]:
    """Variables that are an affine function of an earlier one.

    Returns
    -------
    dict of str to str
        The earlier name by the later one.
    """
    names, values = _moving(data)
    return {names[j]: names[i] for i, j, _ in _pairs(values)}


def column_findings(data: xr.Dataset) -> list[Finding]:
    """What the columns of a dataset have to do with each other.

    Returns
    -------
    list of Finding
        ``W-CONSTANT``, ``W-COLLINEAR``, ``W-DEPENDENT``, ``I-SCALES`` and, as an error,
        ``E-STILL``.
    """
    names, values = _moving(data)
    pairs = _pairs(values)
    copies = {j for _, j, _ in pairs}
    own = [k for k in range(len(names)) if k not in copies]
    return [
        *_flat_findings(data),
        *(_same(names, values, *pair) for pair in pairs),
        *_dependent([names[k] for k in own], values[:, own]),
        *_scales(names, values),
    ]


def _is_flat(column: Array) -> bool:
    return bool(np.ptp(column) <= FLAT * np.abs(column).max(initial=0.0))


def _moving(data: xr.Dataset) -> tuple[list[str], Array]:
    flat = constant_columns(data)
    names = [name for name in variable_names(data) if name not in flat]
    stride = -(-data.sizes["sample"] // MAX_ROWS)
    columns = [data[name].values[::stride] for name in names]
    return names, np.column_stack(columns) if columns else np.empty((0, 0))


def _flat_findings(data: xr.Dataset) -> list[Finding]:
    flat = constant_columns(data)
    findings = []
    for name in flat:
        value = float(data[name].values[0])
        findings.append(
            Finding(
                "W-CONSTANT",
                "warning",
                name,
                "all values are zero" if value == 0.0 else f"constant at {value:.6g}",
                "it is left out of the model",
            )
        )
    states = variable_names(data, "state")
    if set(states) <= set(flat):
        findings.append(
            Finding("E-STILL", "error", ", ".join(states), "nothing moves", "supply data that vary")
        )
    return findings


def _pairs(values: Array) -> list[tuple[int, int, float]]:
    """Pairs of columns that are affine functions of each other, with the slope."""
    if values.shape[1] < 2:
        return []
    spread = values.std(axis=0)
    spread[spread == 0.0] = 1.0
    unit = (values - values.mean(axis=0)) / spread
    correlation = unit.T @ unit / len(unit)
    pairs: list[tuple[int, int, float]] = []
    taken: set[int] = set()
    for i in range(values.shape[1]):
        for j in range(i + 1, values.shape[1]):
            if i not in taken and j not in taken and abs(correlation[i, j]) > SAME:
                pairs.append((i, j, float(correlation[i, j] * spread[j] / spread[i])))
                taken.add(j)
    return pairs


def _same(names: list[str], values: Array, i: int, j: int, slope: float) -> Finding:
    a, b = values[:, i], values[:, j]
    offset = float(b.mean() - slope * a.mean())
    shown = abs(offset) > 1e-9 * float(np.abs(b).max())
    shift = f" {'+' if offset >= 0 else '-'} {abs(offset):.6g}" if shown else ""
    relation = f"{names[j]} = {slope:.6g}*{names[i]}{shift}"
    exact = float(np.abs(b - slope * a - offset).max()) <= 1e-9 * float(np.ptp(b))
    return Finding(
        "W-COLLINEAR",
        "warning",
        f"{names[i]}, {names[j]}",
        relation if exact else f"{relation}, nearly",
        f"the data cannot tell them apart; {names[j]} is left out of the model",
    )


def _dependent(names: list[str], values: Array) -> list[Finding]:
    if len(names) < 3 or len(values) <= len(names):
        return []
    mean, spread = values.mean(axis=0), values.std(axis=0)
    singular, right = np.linalg.svd((values - mean) / spread, full_matrices=False)[1:]
    if singular[-1] > DEPENDENT * singular[0]:
        return []
    weights = right[-1] / spread
    involved = np.flatnonzero(np.abs(right[-1]) > 1e-3)
    weights /= weights[involved[0]]
    terms = " ".join(
        f"{'-' if weights[k] < 0 else '+'} "
        + (names[k] if abs(abs(weights[k]) - 1) < 1e-6 else f"{abs(weights[k]):.6g}*{names[k]}")
        for k in involved
    )
    constant = float(weights[involved] @ mean[involved])
    return [
        Finding(
            "W-DEPENDENT",
            "warning",
            ", ".join(names[k] for k in involved),
            f"{terms.removeprefix('+ ')} = {constant:.6g} at all times",
            "drop one of them: their terms cannot be told apart",
        )
    ]


def _scales(names: list[str], values: Array) -> list[Finding]:
    if len(names) < 2:
        return []
    spread = values.std(axis=0)
    large, small = int(spread.argmax()), int(spread.argmin())
    if spread[large] <= 1e4 * spread[small]:
        return []
    return [
        Finding(
            "I-SCALES",
            "info",
            f"{names[small]}, {names[large]}",
            f"spreads of {spread[small]:.3g} and {spread[large]:.3g}: every column is scaled "
            "before anything is fitted",
        )
    ]
