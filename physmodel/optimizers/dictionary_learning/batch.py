"""The loop that K-SVD and MOD share: code, update, repair; too many atoms first, then fewer.

Learning gets stuck where one atom stands between two true ones and another does nothing. With a
third more atoms than asked for, each true one finds its own; those with the least energy then go.
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
#: Samples per coefficient while atoms form: a criterion that looks at poor atoms takes too many.
FORMING = 8


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

    Returns
    -------
    LearnedDictionary
        Its history is the residual sum of squares after each update.
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
    few = sparsity
    if sparsity is None and tolerance is None:
        few = min(max(1, len(array) // FORMING), goal)
    history: list[float] = []
    replaced = 0
    status = LearningStatus.LIMIT
    energy = float(np.einsum("ij,ij->", array, array))
    for step in range(iterations):
        most = few if step < end else sparsity
        codes = encode(atoms, array, sparsity=most, tolerance=tolerance)
        atoms, codes, residual = update(atoms, codes, residual_of(array, atoms, codes))
        misfit = np.einsum("ij,ij->i", residual, residual)
        history.append(float(misfit.sum()))
        last = step + 1 == iterations
        settled = step > end and abs(history[-2] - history[-1]) <= (
            SETTLED * history[-1] + np.finfo(float).eps * energy
        )
        if last or (settled and atoms.shape[1] == goal):
            status = LearningStatus.CONVERGED if settled else LearningStatus.LIMIT
            break
        uses, energies = atom_energies(codes)
        # Linear in time, so that the codes adapt to each loss before the next.
        left = goal + round(surplus * min(1.0, max(0.0, (end - step) / (end - begin or 1))))
        if atoms.shape[1] > left:
            kept = np.sort(np.argsort(-energies, kind="stable")[:left])
            atoms, uses, energies = atoms[:, kept], uses[kept], energies[kept]
        if step < iterations - QUIET:
            atoms, places = repair(atoms, uses, energies, array, misfit)
            replaced += len(places)
    if idle_atoms(atom_energies(codes)[0]).any():
        status = LearningStatus.UNUSED
    return LearnedDictionary(atoms, codes, np.array(history), status, len(history), replaced)


def residual_of(signals: Array, atoms: Array, codes: csr_array) -> Array:
    """What the codes leave of the signals (m, k), one signal per row: (k, m)."""
    return np.asarray(signals.T - codes.T @ atoms.T)
