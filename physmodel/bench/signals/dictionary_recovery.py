"""How many atoms of a known dictionary are found again from noisy mixtures of three."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from physmodel.optimizers.dictionary_learning import (
    k_svd,
    method_of_optimal_directions,
    online_dictionary_learning,
)
from physmodel.systems.sparse_problems import ATOMS, SPARSITY, mixtures, share_found

Array = NDArray[np.float64]
Record = dict[str, Any]

#: Ratio of signal to noise in dB.
LEVELS = (20.0, 10.0)


def _scikit_learn(signals: Array, name: str, **told: float) -> Array:
    """Atoms of a class of scikit-learn that is told the number of atoms, and more."""
    from sklearn import decomposition

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = getattr(decomposition, name)(n_components=ATOMS, random_state=0, **told)
        return np.asarray(model.fit(signals.T).components_.T, dtype=float)


#: Every method is told the number of atoms; ours with "told" also how many a signal mixes, and
#: scikit-learn's batch method a penalty that suits this problem.
METHODS: dict[str, Callable[[Array], Array]] = {
    "K-SVD": lambda y: k_svd(y, ATOMS).atoms,
    "K-SVD, told": lambda y: k_svd(y, ATOMS, sparsity=SPARSITY).atoms,
    "MOD": lambda y: method_of_optimal_directions(y, ATOMS).atoms,
    "online": lambda y: online_dictionary_learning(y, ATOMS).atoms,
    "scikit-learn mini-batch": lambda y: _scikit_learn(y, "MiniBatchDictionaryLearning"),
    "scikit-learn batch, 0.3": lambda y: _scikit_learn(
        y, "DictionaryLearning", alpha=0.3, max_iter=100
    ),
}


def recovery(decibels: float, seeds: int) -> list[Record]:
    """All methods at one noise level.

    Returns: ``found``: share of atoms, and ``seconds``, one record per seed and method.
    """
    records = []
    for seed in range(seeds):
        atoms, signals, _ = mixtures(decibels, seed)
        for method, learn in METHODS.items():
            start = perf_counter()
            learned = learn(signals)
            records.append(
                {
                    "part": "dictionary",
                    "case": f"{decibels:g} dB",
                    "seed": seed,
                    "method": method,
                    "found": share_found(atoms, learned),
                    "seconds": perf_counter() - start,
                }
            )
    return records
