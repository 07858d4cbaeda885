"""Which invariants belong to translations and rotations that are given by their generators."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components

from physmodel.errors import ProblemError
from physmodel.models.nets.symmetry.averaged import Rows
from physmodel.models.nets.symmetry.invariants import Invariants

Array = NDArray[np.float64]

#: Entries below this, relative to one, are rounding.
ROUNDING = 1e-12


@dataclass(frozen=True, eq=False)
class Flow:
    """Velocity ``linear z + shift`` of a one-parameter group of maps of a point.

    `name`: of the symmetry, for messages. `linear` ``(D, D)``, `shift` ``(D,)``.
    """

    name: str
    linear: Array
    shift: Array


def invariants_of(flows: Sequence[Flow], n_variables: int) -> Invariants:
    """Invariants of the group that some flows generate.

    `flows`: translations, and rotations of vectors in the plane or in space, all vectors together.
    Raises ProblemError for any other flow; the message names the symmetry.
    """
    turns = [one for one in flows if np.abs(one.linear).max(initial=0.0) > ROUNDING]
    shifts = [one for one in flows if np.abs(one.linear).max(initial=0.0) <= ROUNDING]
    for one in turns:
        _require_turn(one)
    vectors = _vectors(turns, n_variables)
    places = [place for one in vectors for place in one]
    plain = [place for place in range(n_variables) if place not in places]
    in_plain, in_vectors = [], []
    for one in shifts:
        if not one.shift.any():
            continue
        if one.shift[plain].any() and one.shift[places].any():
            raise _unsupported(one, "it shifts vectors that turn together with other variables")
        if one.shift[plain].any():
            in_plain.append(one.shift[plain])
        else:
            in_vectors.append(one)
    return Invariants(
        n_variables,
        tuple(plain),
        _annihilator(np.reshape(in_plain, (len(in_plain), len(plain)))),
        vectors,
        _between(in_vectors, vectors),
    )


def _require_turn(flow: Flow) -> None:
    entries = flow.linear
    sound = (
        np.abs(entries + entries.T).max() <= ROUNDING
        and np.all((np.abs(entries) <= ROUNDING) | (np.abs(np.abs(entries) - 1.0) <= ROUNDING))
        and np.all(np.count_nonzero(np.abs(entries) > ROUNDING, axis=1) <= 1)
    )
    if not sound:
        raise _unsupported(
            flow, "it is no rotation: if it should be one, give the turning variables one scale"
        )
    if np.abs(flow.shift).max() > ROUNDING:
        raise _unsupported(flow, "it turns about another point than zero")


def _vectors(turns: Sequence[Flow], n_variables: int) -> tuple[tuple[int, ...], ...]:
    """Places of the components of each vector, in the same sense for all."""
    if not turns:
        return ()
    linked = sum(np.abs(one.linear) for one in turns) > ROUNDING
    _, labels = connected_components(linked, directed=False)
    groups = [np.flatnonzero(labels == label) for label in range(labels.max() + 1)]
    groups = [group for group in groups if len(group) > 1]
    first = turns[0]
    if len({len(group) for group in groups}) > 1 or len(groups[0]) > 3:
        raise _unsupported(first, "its vectors have not all two or all three components")
    found = []
    for group in groups:
        row, column = np.nonzero(first.linear[np.ix_(group, group)] < -0.5)
        if len(row) != 1:
            raise _unsupported(first, "some vectors turn and others do not")
        x, y = int(group[row[0]]), int(group[column[0]])
        found.append((x, y, *(int(place) for place in group if place not in (x, y))))
    for one in turns:
        blocks = [one.linear[np.ix_(vector, vector)] for vector in found]
        if any(np.abs(block - blocks[0]).max() > ROUNDING for block in blocks):
            raise _unsupported(one, "it does not turn all vectors alike")
    return tuple(found)


def _between(shifts: Sequence[Flow], vectors: tuple[tuple[int, ...], ...]) -> Rows:
    """Combinations of vectors that no shift changes."""
    if not vectors:
        return ()
    by_axis = [
        np.reshape([one.shift[[vector[axis] for vector in vectors]] for one in shifts], (-1, k))
        for axis, k in enumerate([len(vectors)] * len(vectors[0]))
    ]
    ranks = {int(np.linalg.matrix_rank(rows)) if len(rows) else 0 for rows in by_axis}
    together = np.concatenate(by_axis)
    if len(together) and ranks != {int(np.linalg.matrix_rank(together))}:
        raise _unsupported(
            shifts[0], "together with the rotations it needs the shifts along all axes"
        )
    return _annihilator(together)


def _annihilator(rows: Array) -> Rows:
    """Combinations that vanish on all rows: ``x_2 - x_1`` for a common shift of two variables.

    By elimination, not by singular vectors: the entries of common shifts are then exact.
    """
    left, n = rows.copy(), rows.shape[1]
    pivots: list[int] = []
    for row in range(len(left)):
        best = int(np.argmax(np.abs(left[row])))
        if abs(left[row, best]) <= ROUNDING * np.abs(rows).max():
            left[row] = 0.0
            continue
        left[row] /= left[row, best]
        others = [k for k in range(len(left)) if k != row]
        left[others] -= np.outer(left[others, best], left[row])
        pivots.append(best)
    solved = left[np.abs(left).max(axis=1, initial=0.0) > 0.5] if len(left) else left
    found = []
    for free in (place for place in range(n) if place not in pivots):
        line = np.zeros(n)
        line[free] = 1.0
        line[pivots] = -solved[:, free]
        found.append(tuple(float(value) for value in line))
    return tuple(found)


def _unsupported(flow: Flow, why: str) -> ProblemError:
    return ProblemError(
        f"networks cannot keep the symmetry {flow.name!r} exactly",
        why=why,
        fix="name translations and rotations of the plane or of space, or finite symmetries",
    )
