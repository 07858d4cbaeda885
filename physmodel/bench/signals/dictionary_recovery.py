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

Array = NDArray[np.float64]
Record = dict[str, Any]

#: The standard experiment (Aharon, Elad and Bruckstein 2006): length, atoms, signals, per signal.
LENGTH, ATOMS, SIGNALS, SPARSITY = 20, 50, 1500, 3
#: Cosine above which an atom counts as found.
FOUND = 0.99
#: Ratio of signal to noise in dB.
LEVELS = (20.0, 10.0)


def mixtures(decibels: float, seed: int) -> tuple[Array, Array, Array]:
    """Random unit atoms and noisy sums of three of them.

    Returns `atoms` ``(20, 50)``; `signals` ``(20, 1500)``; `noise` ``(20, 1500)``: what the signals
    contain of it.
    """
    rng = np.random.default_rng(seed)
    atoms = rng.standard_normal((LENGTH, ATOMS))
    atoms /= np.linalg.norm(atoms, axis=0)
    codes = np.zeros((ATOMS, SIGNALS))
    for column in range(SIGNALS):
        where = rng.choice(ATOMS, SPARSITY, replace=False)
        codes[where, column] = rng.standard_normal(SPARSITY)
    clean = atoms @ codes
    noise = rng.standard_normal(clean.shape)
    size = np.linalg.norm(clean) / np.linalg.norm(noise) * 10.0 ** (-decibels / 20.0)
    return atoms, clean + size * noise, size * noise


def share_found(atoms: Array, learned: Array) -> float:
    """Share of the true atoms that a learned one resembles up to sign."""
    lengths = np.linalg.norm(learned, axis=0)
    unit = learned[:, lengths > 0.0] / lengths[lengths > 0.0]
    return float(np.mean(np.abs(atoms.T @ unit).max(axis=1, initial=0.0) > FOUND))


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
