"""Which atoms do no work, and what takes their place."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

Array = NDArray[np.float64]

#: Cosine from which two atoms are one.
DUPLICATE = 0.95
#: An atom in fewer signals than this share of the average is idle.
IDLE = 0.05
#: Energy of a residual, relative to the average signal, that is not worth an atom.
EXPLAINED = 1e-16


def idle_atoms(uses: Array) -> NDArray[np.bool_]:
    """Atoms that next to no signal uses.

    `uses` ``(p,)``: signals that use each atom.
    """
    return (uses < 1.0) | (uses < IDLE * uses.mean())


def atom_energies(codes: csr_array) -> tuple[Array, Array]:
    """Number of signals that use each atom, and the sum of squares of its coefficients."""
    squares = codes.multiply(codes)
    uses = np.asarray((codes != 0).sum(axis=1), dtype=float).ravel()
    return uses, np.asarray(squares.sum(axis=1), dtype=float).ravel()


def repair(
    atoms: Array, uses: Array, energies: Array, signals: Array, misfit: Array
) -> tuple[Array, NDArray[np.intp]]:
    """Put the worst represented signals in the place of idle and duplicate atoms.

    `atoms` ``(m, p)``. `uses`, `energies` ``(p,)``: as from `atom_energies`; of two duplicates the
    one with less energy goes. `signals` ``(m, k)``. `misfit` ``(k,)``: energy of the residual of
    each signal. Returns `atoms` ``(m, p)``; `places`: where they were replaced.
    """
    cosines = np.abs(atoms.T @ atoms)
    np.fill_diagonal(cosines, 0.0)
    idle = idle_atoms(uses)
    floor = EXPLAINED * float(np.mean(signals**2)) * len(signals)
    # More candidates than atoms: some resemble an atom that is already there.
    worst = np.argsort(-misfit, kind="stable")[: 4 * atoms.shape[1]]
    candidates = iter(worst[misfit[worst] > floor])
    atoms = atoms.copy()
    places = []
    for place in np.argsort(energies, kind="stable"):
        if not idle[place] and cosines[place].max() <= DUPLICATE:
            continue
        for candidate in candidates:
            atom = signals[:, candidate] / np.linalg.norm(signals[:, candidate])
            row = np.abs(atoms.T @ atom)
            row[place] = 0.0
            if row.max() <= DUPLICATE:
                atoms[:, place] = atom
                cosines[place], cosines[:, place] = row, row
                places.append(place)
                break
        else:
            # Nothing better to offer: the atom keeps its place, but makes no other a duplicate.
            cosines[place], cosines[:, place] = 0.0, 0.0
    return atoms, np.array(places, dtype=np.intp)
