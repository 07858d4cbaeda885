"""How many atoms the data pay for, when nobody says.

References
----------
Chen and Chen (2008), Biometrika 95, 759 (extended Bayesian information criterion).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

from physmodel.errors import ProblemError

Array = NDArray[np.float64]

#: Residual energy, relative to the signal's, that is rounding.
ROUNDING = 1e-20


def extended_bic(rss: Array, energy: Array, n_rows: int, n_atoms: int) -> Array:
    """Criterion (k, n) of residual sums of squares (k, n) with 0, 1, ... n - 1 atoms.

    `rss` ``(k, n)``. `energy` ``(k,)``: squared norms of the signals.
    """
    sizes = np.arange(rss.shape[1], dtype=float)
    supports = gammaln(n_atoms + 1.0) - gammaln(sizes + 1.0) - gammaln(n_atoms - sizes + 1.0)
    # Beyond half of the atoms supports become fewer; as a reward for more atoms that would make
    # the full fit the cheapest of the large ones.
    supports = np.maximum.accumulate(supports)
    floor = np.maximum(rss, ROUNDING * energy[:, None] + np.finfo(float).tiny)
    return n_rows * np.log(floor / n_rows) + sizes * np.log(n_rows) + 2.0 * supports


def check_sparsity(sparsity: int | None, n_rows: int, n_atoms: int) -> int:
    """The largest number of atoms that may be tried.

    By default all of them where they leave half of the rows over: what does not fit is then noise,
    whichever are chosen. Among more atoms some fit the noise, and the criterion can tell noise from
    signal only up to a third as many atoms as rows.

    Raises ProblemError if the number that was asked for is impossible.
    """
    most = min(n_rows, n_atoms) if n_rows > 0 else n_atoms
    if sparsity is None:
        rows = n_rows or n_atoms
        return most if 2 * n_atoms <= rows else max(1, min(most, rows // 3))
    if not 1 <= sparsity <= most:
        raise ProblemError(
            f"{sparsity} atoms asked for; {n_rows} rows and {n_atoms} columns allow 1 to {most}",
            fix="ask for fewer atoms, or leave sparsity out",
        )
    return int(sparsity)
