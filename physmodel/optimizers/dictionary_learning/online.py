"""Online dictionary learning: blocks of signals come and go, two small matrices remember them.

References
----------
Mairal, Bach, Ponce, Sapiro (2010), J. Mach. Learn. Res. 11, 19.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array

from physmodel.errors import ProblemError
from physmodel.optimizers.dictionary_learning.coding import encode
from physmodel.optimizers.dictionary_learning.memory import Memory
from physmodel.optimizers.dictionary_learning.opening import (
    check_counts,
    first_atoms,
    open_signals,
    open_start,
)
from physmodel.optimizers.dictionary_learning.record import LearnedDictionary, LearningStatus
from physmodel.optimizers.dictionary_learning.repair import idle_atoms, repair

Array = NDArray[np.float64]

#: Relative change of the objective from one pass to the next at which it has settled.
SETTLED = 1e-3
#: Average uses of an atom before idle ones can be told.
EXPERIENCE = 20.0
#: Passes over an array; a stream is read once.
PASSES = 20
#: Mairal's penalty for signals of unit norm, times the square root of their length.
PENALTY = 1.2


def online_dictionary_learning(
    blocks: Array | Iterable[ArrayLike],
    n_atoms: int | None = None,
    *,
    penalty: float | None = None,
    sparsity: int | None = None,
    start: ArrayLike | None = None,
    passes: int | None = None,
    block: int = 256,
    seed: int = 0,
) -> LearnedDictionary:
    """Learn a dictionary from blocks of signals; memory does not grow with their number.

    Minimises the mean of ``|y - D x|^2 / 2 + penalty |x|_1`` over unit atoms, or of
    ``|y - D x|^2 / 2`` with `sparsity` coefficients each.

    Parameters
    ----------
    blocks : ndarray (m, k) or iterable of array_like (m, k)
        An array is cut into blocks. Anything that can be iterated over again may be read in
        several passes.
    n_atoms : int, optional
        By default twice the length of a signal.
    penalty : float, optional
        By default ``1.2 / sqrt(m)`` times the root mean square norm of the first block's signals.
    sparsity : int, optional
        Code by orthogonal matching pursuit with so many atoms in place of the penalty.
    start : array_like (m, p), optional
        Warm start. Its columns keep their places.
    passes : int, optional
        By default 20 over an array, 1 over a stream.
    block : int
        Signals per block of an array.
    seed : int
        The same seed gives the same bits.

    Returns
    -------
    LearnedDictionary
        The history has the mean objective of each block, before its signals changed the atoms.
        Codes only for an array.

    Raises
    ------
    ProblemError
        If blocks disagree in length, are empty or not finite, or can be read only once where
        several passes were asked for.
    """
    if penalty is not None and (sparsity is not None or not penalty > 0.0):
        raise ProblemError(
            f"penalty {penalty} and sparsity {sparsity}",
            why="each of them decides how many atoms a signal gets",
            fix="pass a positive penalty or a sparsity, not both",
        )
    array, source, passes = _open(blocks, passes, block)
    check_counts(passes=passes, block=block, n_atoms=1 if n_atoms is None else n_atoms)
    learning, count = _Learning(n_atoms, start, seed, sparsity, penalty), 0
    means: list[float] = []
    for count in range(1, passes + 1):
        means.append(learning.one_pass(source, last=passes > 1 and count == passes))
        if _settled(means):
            break
    status = LearningStatus.CONVERGED if _settled(means) else LearningStatus.LIMIT
    if learning.memory is not None and idle_atoms(learning.memory.uses).any():
        status = LearningStatus.UNUSED
    atoms, penalty, history = learning.atoms, learning.penalty, np.array(learning.history)
    codes_of_all: csr_array | None = None
    if array is not None:
        codes_of_all = encode(atoms, array, sparsity=sparsity, penalty=penalty)
    return LearnedDictionary(atoms, codes_of_all, history, status, count, learning.replaced)


def _settled(means: list[float]) -> bool:
    """Whether the last pass changed the mean objective no more."""
    return len(means) > 1 and abs(means[-2] - means[-1]) <= SETTLED * means[-1]


@dataclass
class _Learning:
    """A dictionary on its way: atoms, and what is remembered of the signals that were seen."""

    n_atoms: int | None
    start: ArrayLike | None
    seed: int
    sparsity: int | None
    penalty: float | None
    atoms: Array = field(default_factory=lambda: np.empty((0, 0)))
    memory: Memory | None = None
    history: list[float] = field(default_factory=list)
    replaced: int = 0
    total: int = 0

    def one_pass(self, source: Iterable[ArrayLike], *, last: bool) -> float:
        """Learn from all blocks once; the mean objective. The `last` pass replaces no atom."""
        seen, objective = 0, 0.0
        for number, given in enumerate(source):
            signals = open_signals(given, f"block {number}")
            memory = self._begun(signals)
            _same_length(signals, self.atoms, number)
            seen += signals.shape[1]
            share = seen / self.total if self.total else None
            objective += self._block(memory, signals, share, last=last)
        if self.memory is None:
            raise ProblemError("there are no blocks", fix="pass at least one block (m, k)")
        self.total = seen
        self.memory = self.memory.next_pass()
        return objective / seen

    def _begun(self, signals: Array) -> Memory:
        """The memory; the first block makes it, and the atoms."""
        if self.memory is None:
            self.atoms = _first(signals, self.n_atoms, self.start, self.seed)
            self.memory = Memory.empty(*self.atoms.shape)
            if self.sparsity is None and self.penalty is None:
                scale = np.sqrt(np.mean(np.einsum("ij,ij->j", signals, signals)))
                self.penalty = PENALTY * float(scale) / np.sqrt(len(signals))
        return self.memory

    def _block(self, memory: Memory, signals: Array, share: float | None, *, last: bool) -> float:
        """Learn from one block; its objective before the atoms changed.

        `share`: part of the signals that this pass has seen with it, if their number is known.
        """
        codes = encode(self.atoms, signals, sparsity=self.sparsity, penalty=self.penalty)
        misfit = ((signals - self.atoms @ codes) ** 2).sum(axis=0)
        loss = 0.5 * float(misfit.sum()) + (self.penalty or 0.0) * float(abs(codes).sum())
        self.history.append(loss / signals.shape[1])
        memory = memory.learn(signals, codes, share)
        atoms = memory.update(self.atoms)
        if memory.uses.mean() >= EXPERIENCE and not last:
            energies = np.diag(memory.gram)
            atoms, places = repair(atoms, memory.uses, energies, signals, np.asarray(misfit))
            self.replaced += len(places)
            memory = memory.forget(places)
        self.memory, self.atoms = memory, atoms
        return loss


def _open(
    blocks: Array | Iterable[ArrayLike], passes: int | None, block: int
) -> tuple[Array | None, Iterable[ArrayLike], int]:
    if isinstance(blocks, np.ndarray):
        array = open_signals(blocks)
        return array, _Tiles(array, max(block, 1)), PASSES if passes is None else passes
    if not isinstance(blocks, Iterable):
        raise ProblemError(
            f"{type(blocks).__name__} is no array and no iterable of blocks",
            fix="pass an array (m, k), or a list or generator of them",
        )
    passes = 1 if passes is None else passes
    if passes > 1 and iter(blocks) is blocks:
        raise ProblemError(
            f"{passes} passes over blocks that can be read once",
            why="a generator is empty after the first pass",
            fix="pass a list or an object whose __iter__ begins anew",
        )
    return None, blocks, passes


class _Tiles:
    """An array as blocks that can be read again."""

    def __init__(self, array: Array, width: int) -> None:
        self.array, self.width = array, width

    def __iter__(self) -> Iterator[Array]:
        for first in range(0, self.array.shape[1], self.width):
            yield self.array[:, first : first + self.width]


def _first(signals: Array, n_atoms: int | None, start: ArrayLike | None, seed: int) -> Array:
    if start is not None:
        return open_start(start, len(signals), n_atoms)
    count = 2 * len(signals) if n_atoms is None else n_atoms
    return first_atoms(signals, count, np.random.default_rng(seed))


def _same_length(signals: Array, atoms: Array, number: int) -> None:
    if len(signals) != len(atoms):
        raise ProblemError(
            f"signals of length {len(signals)}, where those before had {len(atoms)}",
            where=f"block {number}",
            fix="cut all signals to one length",
        )
