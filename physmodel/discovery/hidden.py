"""What the data would not have shown: terms that a law lacks and that could still be large.

That a term is not significant says little where its standard error is large: absence of evidence
is no evidence of absence. So a law counts as identified only if the data bound every other term
of its library, as in a test of equivalence (Schuirmann 1987, J. Pharmacokinet. Biopharm. 15, 657).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import qr

from physmodel.constants import ENGINE
from physmodel.discovery.candidates import Candidate
from physmodel.discovery.linearisation import Linearisation

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Hidden:
    """The term that a law lacks and that could be largest, as a share of the rates of change."""

    term: str
    equation: int
    share: float


def hidden_term(candidate: Candidate) -> Hidden | None:
    """The term that the data would have shown least, None if the law has them all."""
    law, setting = candidate.law, candidate.setting
    others = np.setdiff1d(np.arange(len(law.weights)), law.key)
    if not len(others):
        return None
    step = setting.at(law.weights, law.latent, law.errors, off=law.off)
    errors = _errors_when_added(step, np.array(law.key, dtype=np.intp), others)
    errors *= np.sqrt(law.variance)
    shares = ENGINE.bound_deviations * errors * candidate.sizes[:, others]
    # The size of another term would depend on where zero is.
    shares[[candidate.shift_closed(equation) for equation in range(law.n_states)]] = 0.0
    equation, k = np.unravel_index(shares.argmax(), shares.shape)
    touched = candidate.field.touched(others[k : k + 1]).reshape(law.n_states, -1)
    term = candidate.library.terms.terms[int(np.argmax(touched[equation]))]
    return Hidden(str(term), int(equation), float(shares[equation, k]))


def _errors_when_added(
    step: Linearisation, support: NDArray[np.intp], others: NDArray[np.intp]
) -> Array:
    """Standard error of each other column where it alone joins a support, for unit noise.

    A column that the support explains to all digits can be told from it by no data; its error
    counts as zero here, because `TIE` decides about it.
    """
    factor = step.factor
    basis = qr(factor.r[:, support], mode="economic", check_finite=False)[0]
    column = factor.r[:, others]
    left = np.linalg.norm(column - basis @ (basis.T @ column), axis=0)
    told = left > np.sqrt(np.finfo(float).eps)
    errors = np.zeros(len(others))
    errors[told] = 1.0 / (left[told] * factor.scale[others[told]])
    return errors
