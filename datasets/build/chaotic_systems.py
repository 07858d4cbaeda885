"""Rebuild chaotic-systems.json: the polynomial flows of dysts with their exact coefficients.

First ``pip install dysts==0.96``, then ``python datasets/build/chaotic_systems.py``.

A right-hand side that is a polynomial is recovered by least squares on monomials at random states:
the lowest degree that leaves a relative residual below 1e-9, refitted on the terms that matter.
"""

from __future__ import annotations

import json
import os
import sys
import warnings
from itertools import combinations_with_replacement
from pathlib import Path
from typing import Any

os.environ.setdefault("NUMBA_DISABLE_JIT", "1")

import dysts.flows
import numpy as np
from dysts.systems import get_attractor_list
from numpy.typing import NDArray
from scipy.integrate import solve_ivp

Array = NDArray[np.float64]

TARGET = Path(__file__).resolve().parents[1] / "chaotic-systems.json"
NAMES = ("x", "y", "z", "w", "v", "u")
#: Start points per system; periods to reach the attractor, and then to part from each other.
STARTS, SETTLE, PART = 16, 5.0, 20.0
#: First distances between the start points, in standard deviations: chaos does the rest. The
#: smaller ones are for attractors with a narrow basin.
APART = (2e-2, 1e-3, 1e-5)


def exponents(n_states: int, degree: int) -> NDArray[np.intp]:
    """Exponents of all monomials up to a degree ``(p, d)``."""
    rows = []
    for total in range(degree + 1):
        for chosen in combinations_with_replacement(range(n_states), total):
            rows.append([chosen.count(j) for j in range(n_states)])
    return np.array(rows, dtype=np.intp)


def monomials(states: Array, table: NDArray[np.intp]) -> Array:
    """Values ``(n, p)`` of monomials."""
    values = np.ones((len(states), len(table)))
    for j, column in enumerate(table.T):
        powers = [np.ones(len(states))]
        for _ in range(column.max()):
            powers.append(powers[-1] * states[:, j])
        values *= np.array(powers)[column].T
    return values


def polynomial(model: Any, rng: np.random.Generator) -> tuple[NDArray[np.intp], Array] | None:
    """Exponents and coefficients of the right-hand side, or None if it is no polynomial."""
    centre, spread = np.ravel(model.mean), np.ravel(model.std)
    for degree in range(1, 5):
        table = exponents(len(centre), degree)
        count = 3 * len(table) + 20
        states = centre + 2.0 * spread * rng.uniform(-1.0, 1.0, (count, len(centre)))
        rates = np.array([model.rhs(x, 0.0) for x in states], dtype=float)
        if not np.allclose(rates, [model.rhs(x, 7.7) for x in states]):
            return None
        features = monomials(states, table)
        scale = np.abs(features).max(axis=0)
        features = features / scale
        weights = np.linalg.lstsq(features, rates, rcond=None)[0]
        size = np.abs(rates).max()
        if np.abs(features @ weights - rates).max() < 1e-9 * size:
            refined = np.zeros_like(weights)
            for j in range(len(centre)):
                kept = np.flatnonzero(np.abs(weights[:, j]) > 1e-8 * size)
                refined[kept, j] = np.linalg.lstsq(features[:, kept], rates[:, j], rcond=None)[0]
            return table, refined / scale[:, None]
    return None


def starts(table: NDArray[np.intp], weights: Array, model: Any) -> Array:
    """Points on the attractor ``(STARTS, d)``, each on an orbit of its own."""
    rng = np.random.default_rng(0)
    first = np.ravel(np.asarray(model.ic, dtype=float))
    (settled,) = advance(table, weights, first[None], SETTLE * float(model.period))
    directions = np.ravel(model.std) * rng.standard_normal((STARTS, len(settled)))
    for apart in APART:
        try:
            return advance(table, weights, settled + apart * directions, PART * float(model.period))
        except OverflowError:
            continue
    raise SystemExit(f"the orbits of {type(model).__name__} were lost")


def advance(table: NDArray[np.intp], weights: Array, points: Array, duration: float) -> Array:
    """Points ``(s, d)`` after some time, all in one integration."""
    orbit = solve_ivp(
        lambda _t, flat: (monomials(flat.reshape(points.shape), table) @ weights).ravel(),
        (0.0, duration),
        points.ravel(),
        method="DOP853",
        rtol=1e-8,
        atol=1e-8 * np.abs(points).max(),
    )
    if not orbit.success or not np.isfinite(orbit.y[:, -1]).all():
        raise OverflowError(orbit.message)
    return orbit.y[:, -1].reshape(points.shape)


def describe(name: str) -> dict[str, Any] | None:
    """Entry of one system, or None if it does not belong in the file."""
    model = getattr(dysts.flows, name)()
    first = np.atleast_1d(np.asarray(model.ic, dtype=float)).ravel()
    if getattr(model, "delay", False) or len(first) > len(NAMES):
        return None
    found = polynomial(model, np.random.default_rng(0))
    if found is None:
        return None
    table, weights = found
    states = NAMES[: len(first)]
    return {
        "name": name,
        "degree": int(table[np.abs(weights).max(axis=1) > 0].sum(axis=1).max()),
        "period": float(model.period),
        "states": list(states),
        "equations": {
            state: {
                term_name(row, states): float(f"{value:.12g}")
                for row, value in zip(table, column, strict=True)
                if value != 0.0
            }
            for state, column in zip(states, weights.T, strict=True)
        },
        "starts": [
            [float(f"{value:.10g}") for value in point] for point in starts(table, weights, model)
        ],
    }


def term_name(row: NDArray[np.intp], states: tuple[str, ...]) -> str:
    """Canonical name of a monomial."""
    factors = [
        name if power == 1 else f"{name}^{power}"
        for name, power in zip(states, row, strict=True)
        if power
    ]
    return "*".join(factors) or "1"


def main() -> None:
    """Build, then compare with the file or, with ``--update``, write it."""
    warnings.filterwarnings("ignore")
    entries = [entry for name in get_attractor_list() if (entry := describe(name))]
    header = {
        "title": "Polynomial chaotic flows with exact coefficients",
        "source": "dysts 0.96, Apache-2.0; Gilpin (2021), NeurIPS Datasets and Benchmarks",
        "doi": "10.48550/arXiv.2110.05266",
        "script": "build/chaotic_systems.py",
        "systems": entries,
    }
    content = json.dumps(header, indent=1) + "\n"
    if "--update" in sys.argv[1:]:
        TARGET.write_text(content, encoding="utf-8")
        print(f"{len(entries)} systems written")
    elif TARGET.read_text(encoding="utf-8") != content:
        raise SystemExit("the rebuilt file differs; if that is meant, run again with --update")
    else:
        print(f"{len(entries)} systems, identical to the file")


if __name__ == "__main__":
    main()
