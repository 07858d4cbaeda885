"""The phase diagram of sparse recovery, beside the curve that theory draws.

References
----------
Donoho and Tanner, Phil. Trans. R. Soc. A 367 (2009) 4273 (the diagram and its universality);
Donoho, Maleki and Montanari, PNAS 106 (2009) 18914 (the closed form of the weak curve).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from physmodel.optimizers.sparse import (
    basis_pursuit,
    orthogonal_matching_pursuit,
    subspace_pursuit,
)
from physmodel.optimizers.sparse.recovery import sparse_recovery
from physmodel.systems.sparse_problems import weak_threshold

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Array = NDArray[np.float64]
Record = dict[str, Any]

#: Rows over columns, and nonzeros over rows, of the diagram.
DELTAS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
RHOS = tuple(float(r) for r in np.round(np.arange(0.05, 0.96, 0.05), 2))
#: Columns and draws per point, and those of `--quick`.
COLUMNS, DRAWS = 256, 20
QUICK_COLUMNS, QUICK_DRAWS = 100, 5
QUICK_DELTAS, QUICK_RHOS = (0.3, 0.5, 0.7), RHOS[1::3]
#: Relative error below which a draw counts as recovered.
RECOVERED = 1e-4

#: The greedy methods are told the number of nonzeros; the portfolio and basis pursuit need nothing.
METHODS: dict[str, Callable[[Array, Array, int], Array]] = {
    "portfolio": lambda a, y, k: sparse_recovery(a, y).coefficients,
    "basis pursuit": lambda a, y, k: basis_pursuit(a, y, scaled=False).coefficients,
    "orthogonal matching pursuit": lambda a, y, k: (
        orthogonal_matching_pursuit(a, y, sparsity=k).coefficients
    ),
    "subspace pursuit": lambda a, y, k: subspace_pursuit(a, y, sparsity=k).coefficients,
}


def phase_column(delta: float, settings: Mapping[str, Any], seed: int) -> list[Record]:
    """Success at one undersampling, for every sparsity and method.

    `settings`: ``columns``, ``draws`` and ``rhos``. Returns: ``successes`` of ``draws`` with
    Gaussian matrices and Gaussian amplitudes.
    """
    columns, draws = int(settings["columns"]), int(settings["draws"])
    rows = round(delta * columns)
    records = []
    for rho in settings["rhos"]:
        nonzeros = max(1, round(rho * rows))
        counts = dict.fromkeys(METHODS, 0)
        for draw in range(draws):
            rng = np.random.default_rng([seed, draw, rows, nonzeros])
            matrix = rng.standard_normal((rows, columns)) / np.sqrt(rows)
            truth = np.zeros(columns)
            where = rng.choice(columns, nonzeros, replace=False)
            truth[where] = rng.standard_normal(nonzeros)
            for method, solve in METHODS.items():
                error = np.linalg.norm(solve(matrix, matrix @ truth, nonzeros) - truth)
                counts[method] += bool(error <= RECOVERED * np.linalg.norm(truth))
        records += [
            {
                "part": "phase",
                "case": f"delta {delta:g}",
                "method": method,
                "delta": rows / columns,
                "rho": nonzeros / rows,
                "successes": count,
                "draws": draws,
            }
            for method, count in counts.items()
        ]
    return records


def phase_figure(records: Sequence[Mapping[str, Any]]) -> Figure:
    """Shares of recovered draws over the plane, one panel per method, with the weak curve.

    `records`: from `phase_column`.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(3.4 * len(METHODS), 3.6), layout="constrained")
    panels = figure.subplots(1, len(METHODS), squeeze=False, sharey=True)[0]
    curve = np.linspace(0.02, 0.98, 97)
    theory = [weak_threshold(delta) for delta in curve]
    for panel, method in zip(panels, METHODS, strict=True):
        chosen = [record for record in records if record["method"] == method]
        shares = [record["successes"] / record["draws"] for record in chosen]
        points = ([r["delta"] for r in chosen], [r["rho"] for r in chosen])
        panel.scatter(*points, c=shares, cmap="viridis", vmin=0.0, vmax=1.0, marker="s", s=60)
        panel.plot(curve, theory, color="#b3261e", linewidth=1.5, label="Donoho-Tanner, weak")
        panel.set_title(method, fontsize=9)
        panel.set_xlabel("rows / columns")
    panels[0].set_ylabel("nonzeros / rows")
    panels[0].legend(fontsize=7, loc="upper left")
    return figure
