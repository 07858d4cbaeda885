"""Carry a trained network to another regime with few samples: rank and size from the evidence.

References
----------
MacKay (1992), Bayesian interpolation, Neural Computation 4, 415 (evidence);
Hu et al. (2021), LoRA: low-rank adaptation of large language models, arXiv:2106.09685.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from physmodel.errors import ProblemError
from physmodel.losses.field_residuals import Stack
from physmodel.losses.penalty import l2_penalty
from physmodel.optimizers.least_squares.levenberg_marquardt import levenberg_marquardt
from physmodel.optimizers.least_squares.residuals import Residuals

if TYPE_CHECKING:
    from physmodel.models.nets.net_field import NetField

Array = NDArray[np.float64]

#: Sizes of the update that are tried, as parts of the size of the weights.
SIZES = (1.0, 0.3, 0.1, 0.03, 0.01)
#: Iterations of a fit at most, and the relative change of the cost that ends it.
ITERATIONS, TOLERANCE = 30, 1e-3


@dataclass(frozen=True, eq=False)
class Carried:
    """A network in another regime.

    Attributes
    ----------
    field : NetField
        With its update; see `physmodel.models.nets.weights.low_rank.merged`.
    rank : int
        Of the update.
    size : float
        Expected size of the update as a part of the size of the weights; zero where the samples
        speak for the network as it was.
    evidence : dict of (int, float) to float
        Logarithm of the evidence, up to a constant, of each rank and size.
    """

    field: NetField
    rank: int
    size: float
    evidence: dict[tuple[int, float], float]


def carry(
    base: NetField, loss: Callable[[NetField], Residuals], *, ranks: Sequence[int] = (1, 2)
) -> Carried:
    """Fit an update of low rank, about no update, by the loss of few samples.

    Parameters
    ----------
    base : NetField
        Trained in the old regime.
    loss : callable
        Residuals of a field on the samples of the new regime, in units of their noise, such as
        ``lambda field: KnownStates(field, states, slopes, noise)``.
    ranks : sequence of int
        That are tried.

    Raises
    ------
    ProblemError
        If a rank is not positive, or the residuals are not finite.

    Notes
    -----
    For each rank and size the most likely update is found by Levenberg-Marquardt; Laplace's
    approximation around it gives the evidence. No update competes too.
    """
    from physmodel.models.nets.weights.low_rank import with_update

    if not isinstance(ranks, Sequence):
        raise ProblemError(f"the ranks are {ranks!r}", fix="give a list of them, such as (1, 2)")
    if not ranks:
        raise ProblemError("no rank to try", fix="give at least one, such as 1")
    found: dict[tuple[int, float], tuple[float, NetField]] = {}
    for rank in ranks:
        start = with_update(base, rank=rank)
        residuals, expected = loss(start), _expected(start)
        still = residuals.values(start.parameters)
        found[rank, 0.0] = -float(still @ still) / 2.0, start
        for size in SIZES:
            prior = l2_penalty(size * expected)
            ended = levenberg_marquardt(
                Stack((residuals, prior)),
                start.parameters,
                max_iterations=ITERATIONS,
                tolerance=TOLERANCE,
            )
            _, jacobian = residuals.linearised(ended.parameters)
            scaled = jacobian * (size * expected)
            # In the smaller of the two spaces; both have the same determinant.
            gram = scaled @ scaled.T if len(scaled) < scaled.shape[1] else scaled.T @ scaled
            volume = float(np.linalg.slogdet(np.eye(len(gram)) + gram)[1])
            evidence = -ended.cost - volume / 2.0
            found[rank, size] = evidence, start.with_parameters(ended.parameters)
    rank, size = max(found, key=lambda key: found[key][0])
    return Carried(
        found[rank, size][1], rank, size, {key: value for key, (value, _) in found.items()}
    )


def _expected(field: NetField) -> Array:
    """Sizes of the numbers of an update that is as large as the weights are, ``(p,)``.

    The rows of ``A`` have unit length, as drawn, so that ``B`` has the size of the weights.
    """
    from physmodel.models.nets.weights.low_rank import LowRank

    form = field.form
    if not isinstance(form, LowRank):  # with_update makes no other
        raise ProblemError("the field has no update", fix="start from with_update(field)")
    typical = float(np.sqrt(np.mean(form.base**2))) or 1.0
    parts: list[Array] = []
    for count, matrix in form.pieces:
        if matrix is None:
            parts.append(np.full(count, typical))
        else:
            parts.append(np.full(form.rank * matrix.rows, typical))
            parts.append(np.full(form.rank * matrix.columns, matrix.columns**-0.5))
    return np.concatenate(parts)
