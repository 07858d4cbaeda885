"""Standard errors of the terms of a law, of one model or averaged over several."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from physmodel.discovery.regression import Regression
from physmodel.discovery.selection import Candidate
from physmodel.models.constrain import ConstrainedField
from physmodel.models.term_field import TermField
from physmodel.optimizers.triangular import Solution

Array = NDArray[np.float64]


def term_errors(
    field: TermField | ConstrainedField,
    fit: Regression,
    chosen: Solution,
    ranked: Sequence[Candidate],
) -> Array:
    """Standard errors of one of several models, averaged over all of them.

    What the models that keep a term say about it differs by more than each of them admits; the
    law of total variance adds that difference.

    Parameters
    ----------
    field : TermField or ConstrainedField
    fit : Regression
    chosen : Solution
    ranked : sequence of Candidate
        As from `Regression.ranked`, `chosen` among them; none for the errors of the model itself.

    Returns
    -------
    ndarray (d, p)
        In user units, zero for terms that are not in use.

    References
    ----------
    Hoeting, Madigan, Raftery, Volinsky (1999), Statistical Science 14, 382, equation 3.
    """
    if not ranked:
        return field.errors(fit.covariance_root(chosen))
    own = field.physical(fit.weights(chosen))
    variance, share = np.zeros_like(own), np.zeros_like(own)
    for item in ranked:
        kept = field.touched(item.solution.support).reshape(own.shape)
        apart = field.physical(fit.weights(item.solution)) - own
        spread = field.errors(fit.covariance_root(item.solution)) ** 2 + apart**2
        variance += np.where(kept, item.probability * spread, 0.0)
        share += np.where(kept, item.probability, 0.0)
    used = field.touched(chosen.support).reshape(own.shape)
    return np.where(used, np.sqrt(variance / np.where(used, share, 1.0)), 0.0)
