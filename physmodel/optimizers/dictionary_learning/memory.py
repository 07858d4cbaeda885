"""What the online method keeps of the past: inner products of codes and of codes with signals."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

Array = NDArray[np.float64]

#: In the first pass block `t` scales what came before by ``(1 - 1 / t)`` to this power, because
#: early codes belong to poor atoms.
FADE = 2.0
#: Sweeps of coordinate descent over the atoms after each block.
SWEEPS = 2


@dataclass(frozen=True)
class Memory:
    """Sufficient statistics of the atoms.

    `gram` ``(p, p)``: sum of ``x x'``. `cross` ``(m, p)``: sum of ``y x'``. `uses` ``(p,)``:
    signals that used each atom. `now`: of the present pass alone. `past`: of the whole pass before.
    """

    gram: Array
    cross: Array
    uses: Array
    now: tuple[Array, Array, Array]
    past: tuple[Array, Array, Array] | None = None
    blocks: int = 0

    @staticmethod
    def empty(n_rows: int, n_atoms: int) -> Memory:
        """Nothing seen."""
        nothing = (np.zeros((n_atoms, n_atoms)), np.zeros((n_rows, n_atoms)), np.zeros(n_atoms))
        return Memory(*nothing, nothing)

    def learn(self, signals: Array, codes: csr_array, share: float | None) -> Memory:
        """Add a block.

        `signals` ``(m, k)``. `share`: how much of the pass is over, where its length is known: so
        much of the pass before is forgotten, and at its end only codes of this pass count, as in a
        batch method.
        """
        block = (
            np.asarray((codes @ codes.T).todense()),
            np.asarray((codes @ signals.T).T),
            np.asarray((codes != 0).sum(axis=1), dtype=float).ravel(),
        )
        if self.past is None:
            fade = (self.blocks / (self.blocks + 1)) ** FADE
            old = (self.gram, self.cross, self.uses)
            now = (
                fade * old[0] + block[0],
                fade * old[1] + block[1],
                fade * old[2] + block[2],
            )
            return Memory(*now, now, None, self.blocks + 1)
        now = (
            self.now[0] + block[0],
            self.now[1] + block[1],
            self.now[2] + block[2],
        )
        rest = max(0.0, 1.0 - (1.0 if share is None else share))
        mixed = (
            now[0] + rest * self.past[0],
            now[1] + rest * self.past[1],
            now[2] + rest * self.past[2],
        )
        return Memory(*mixed, now, self.past, self.blocks + 1)

    def next_pass(self) -> Memory:
        """Begin another pass over the same blocks."""
        nothing = (np.zeros_like(self.gram), np.zeros_like(self.cross), np.zeros_like(self.uses))
        return replace(self, now=nothing, past=self.now)

    def forget(self, places: NDArray[np.intp]) -> Memory:
        """Clear what is known of atoms that were replaced; their uses count as average."""
        if not len(places):
            return self

        def cleared(part: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
            gram, cross, uses = part[0].copy(), part[1].copy(), part[2].copy()
            gram[places], gram[:, places], cross[:, places] = 0.0, 0.0, 0.0
            uses[places] = uses.mean()
            return gram, cross, uses

        past = None if self.past is None else cleared(self.past)
        gram, cross, uses = cleared((self.gram, self.cross, self.uses))
        return Memory(gram, cross, uses, cleared(self.now), past, self.blocks)

    def update(self, atoms: Array) -> Array:
        """Coordinate descent over unit atoms, each the best one while the others stand still.

        `atoms` ``(m, p)``. Returns ``(m, p)``: the remembered misfit ``tr(D'D gram) / 2 - tr(D'
        cross)`` never rises.
        """
        atoms = atoms.copy()
        tiny = np.finfo(float).eps * float(np.diag(self.gram).max(initial=0.0))
        for _ in range(SWEEPS):
            for j in np.flatnonzero(np.diag(self.gram) > tiny):
                pull = self.cross[:, j] - atoms @ self.gram[:, j] + atoms[:, j] * self.gram[j, j]
                length = float(np.linalg.norm(pull))
                if length > 0.0:
                    atoms[:, j] = pull / length
        return atoms
