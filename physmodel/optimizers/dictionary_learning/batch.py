"""The loop that K-SVD and MOD share: code, update, repair; too many atoms first, then fewer.

Learning gets stuck where one atom stands between two true ones and another does nothing. With a
third more atoms than asked for, each true one finds its own; those with the least energy then go.
It also gets stuck where poor atoms explain signals by their number: where nobody says how many a
signal mixes, each begins with one, and gets another as long as the typical signal pays for it.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array

from physmodel.optimizers.dictionary_learning.coding import encode
from physmodel.optimizers.dictionary_learning.opening import (
    check_counts,
    first_atoms,
    open_signals,
    open_start,
)
from physmodel.optimizers.dictionary_learning.record import LearnedDictionary, LearningStatus
from physmodel.optimizers.dictionary_learning.repair import atom_energies, idle_atoms, repair

Array = NDArray[np.float64]

#: ``(atoms, codes, residual (k, m)) -> the same three``, with the support of the codes unchanged.
Update = Callable[[Array, csr_array, Array], tuple[Array, csr_array, Array]]

#: Atoms at first, relative to those asked for.
SURPLUS = 1.3
#: Shares of the iterations at which the surplus begins to go and is gone.
PRUNING = (0.35, 0.5)
#: Iterations at the end in which atoms are left in peace.
QUIET = 5
#: Relative change of the objective at which it has settled.
SETTLED = 1e-4
#: Iterations below which there is no time for a surplus.
SHORT = 20
#: How often in the iterations a signal may get another atom, where their number is not given.
LOOKS = 15


def learn(
    signals: ArrayLike,
    n_atoms: int | None,
    sparsity: int | None,
    tolerance: float | None,
    start: ArrayLike | None,
    iterations: int,
    seed: int,
    update: Update,
) -> LearnedDictionary:
    """Alternate between sparse codes and atoms; see `k_svd` for the parameters.

    Returns: its history is the residual sum of squares after each update.
    """
    array = open_signals(signals)
    check_counts(iterations=iterations, n_atoms=1 if n_atoms is None else n_atoms)
    if start is not None:
        atoms = open_start(start, len(array), n_atoms)
        goal = atoms.shape[1]
    else:
        goal = min(2 * len(array), array.shape[1]) if n_atoms is None else n_atoms
        many = round(SURPLUS * goal) if iterations >= SHORT else goal
        atoms = first_atoms(array, max(goal, many), np.random.default_rng(seed))
    surplus = atoms.shape[1] - goal
    begin, end = (round(share * iterations) for share in PRUNING) if start is None else (0, 0)
    free = sparsity is None and tolerance is None
    few = _grown(None, atoms, array) if free and start is not None else 1 if free else sparsity
    period = max(1, iterations // LOOKS)
    history: list[float] = []
    replaced = 0
    settled, steady = False, not free
    energy = float(np.einsum("ij,ij->", array, array))
    for step in range(iterations):
        last = settled or step + 1 == iterations
        if free and step % period == period - 1:
            before, few = few, _grown(few, atoms, array)
            steady = few == before
        most = None if free and last else few
        codes = encode(atoms, array, sparsity=most, tolerance=tolerance)
        atoms, codes, residual = update(atoms, codes, residual_of(array, atoms, codes))
        misfit = np.einsum("ij,ij->i", residual, residual)
        history.append(float(misfit.sum()))
        if last:
            break
        if step > end and steady and atoms.shape[1] == goal:
            change = abs(history[-2] - history[-1])
            settled = bool(change <= SETTLED * history[-1] + np.finfo(float).eps * energy)
            if settled:
                continue
        uses, energies = atom_energies(codes)
        # Linear in time, so that the codes adapt to each loss before the next.
        left = goal + round(surplus * min(1.0, max(0.0, (end - step) / (end - begin or 1))))
        if atoms.shape[1] > left:
            kept = np.sort(np.argsort(-energies, kind="stable")[:left])
            atoms, uses, energies = atoms[:, kept], uses[kept], energies[kept]
        if step < iterations - QUIET:
            atoms, places = repair(atoms, uses, energies, array, misfit)
            replaced += len(places)
    status = LearningStatus.CONVERGED if settled else LearningStatus.LIMIT
    if idle_atoms(atom_energies(codes)[0]).any():
        status = LearningStatus.UNUSED
    return LearnedDictionary(atoms, codes, np.array(history), status, len(history), replaced)


def _grown(few: int | None, atoms: Array, signals: Array) -> int:
    """Atoms per signal: what the criterion pays for in the median, and not many more at once."""
    counts = np.diff(encode(atoms, signals).tocsc().indptr)
    typical = max(1, int(np.median(counts)))
    return typical if few is None else min(typical, few + 1 + few // 8)


def residual_of(signals: Array, atoms: Array, codes: csr_array) -> Array:
    """What the codes leave of the signals (m, k), one signal per row: (k, m)."""
    return np.asarray(signals.T - codes.T @ atoms.T)
