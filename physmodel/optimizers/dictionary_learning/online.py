"""Online dictionary learning: blocks of signals come and go, two small matrices remember them.

References
----------
Mairal, Bach, Ponce, Sapiro (2010), J. Mach. Learn. Res. 11, 19.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

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
    memory: Memory | None = None
    history: list[float] = []
    means: list[float] = []
    replaced = total = count = 0
    atoms = np.empty((0, 0))
    for count in range(1, passes + 1):
        seen, objective = 0, 0.0
        for number, given in enumerate(source):
            signals = open_signals(given, f"block {number}")
            if memory is None:
                atoms = _first(signals, n_atoms, start, seed)
                memory = Memory.empty(*atoms.shape)
                if sparsity is None and penalty is None:
                    scale = np.sqrt(np.mean(np.einsum("ij,ij->j", signals, signals)))
                    penalty = PENALTY * float(scale) / np.sqrt(len(signals))
            _same_length(signals, atoms, number)
            codes = encode(atoms, signals, sparsity=sparsity, penalty=penalty)
            misfit = ((signals - atoms @ codes) ** 2).sum(axis=0)
            loss = 0.5 * float(misfit.sum()) + (penalty or 0.0) * float(abs(codes).sum())
            history.append(loss / signals.shape[1])
            seen, objective = seen + signals.shape[1], objective + loss
            memory = memory.learn(signals, codes, seen / total if total else None)
            atoms = memory.update(atoms)
            if memory.uses.mean() >= EXPERIENCE and not (passes > 1 and count == passes):
                atoms, places = repair(
                    atoms, memory.uses, np.diag(memory.gram), signals, np.asarray(misfit)
                )
                replaced += len(places)
                memory = memory.forget(places)
        if memory is None:
            raise ProblemError("there are no blocks", fix="pass at least one block (m, k)")
        total = seen
        memory = memory.next_pass()
        means.append(objective / seen)
        if count > 1 and abs(means[-2] - means[-1]) <= SETTLED * means[-1]:
            break
    status = LearningStatus.LIMIT
    if len(means) > 1 and abs(means[-2] - means[-1]) <= SETTLED * means[-1]:
        status = LearningStatus.CONVERGED
    if memory is not None and idle_atoms(memory.uses).any():
        status = LearningStatus.UNUSED
    codes_of_all: csr_array | None = None
    if array is not None:
        codes_of_all = encode(atoms, array, sparsity=sparsity, penalty=penalty)
    return LearnedDictionary(atoms, codes_of_all, np.array(history), status, count, replaced)


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
