"""Continuous symmetries by their generators: translations, rotations, scalings, boosts, phases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np

from physmodel.errors import ProblemError
from physmodel.problem.known.affine import Affine, Array, generator
from physmodel.problem.known.particles import Particles, flat, one_body, written
from physmodel.problem.known.symmetry import Symmetry


def translation(*bodies: str | Sequence[str]) -> Symmetry:
    """Shift coordinates: all bodies together, along each axis.

    Returns: one generator for each axis.

    Parameters
    ----------
    *bodies : str or sequence of str
        Coordinates of one body, or of each.
    """
    together = one_body(bodies)
    shifts = tuple(
        generator(np.zeros((len(along), len(along))), offset=along) for along in _axes(together)
    )
    return Symmetry(
        written("translation", together, alone=False), flat(together), generators=shifts
    )


def time_translation() -> Symmetry:
    """The law is the same at all times: no term holds ``t``."""
    return Symmetry("time-translation", (), generators=(generator(np.zeros((0, 0)), shift=1.0),))


def rotation(*bodies: str | Sequence[str]) -> Symmetry:
    """Rotations of the plane or of space, SO(2), SO(3) or SO(n), of all bodies together.

    Returns: one generator for each pair of axes, in the order xy, xz, yz. Raises ProblemError if
    there is only one coordinate.

    Parameters
    ----------
    *bodies : str or sequence of str
        Coordinates of one vector, or of each: positions and velocities turn together.
    """
    return _rotation("rotation", one_body(bodies))


def phase(*pairs: str | Sequence[str]) -> Symmetry:
    """One phase factor for all complex amplitudes.

    Parameters
    ----------
    *pairs : str or sequence of str
        Real and imaginary part of one amplitude, or of each.
    """
    amplitudes = one_body(pairs)
    if len(amplitudes[0]) != 2:
        raise ProblemError(
            "an amplitude has a real and an imaginary part", fix="such as phase:a,b;c,d"
        )
    return _rotation("phase", amplitudes)


def scaling(weights: Mapping[str, float], time: float = 0.0) -> Symmetry:
    """Rescaling: every variable by its own power of one factor.

    `weights`: ``{"x": 2.0, "y": 2.0}`` with ``time = 3.0`` is the scaling of Kepler's third law.
    `time`: weight of the time.
    """
    names = flat(one_body(tuple(weights))) if weights else ()
    if not any((*weights.values(), time)):
        raise ProblemError("a scaling with all weights zero moves nothing")
    parts = [*weights.items(), *([("t", time)] if time else [])]
    name = "scaling:" + ",".join(f"{part}={weight:g}" for part, weight in parts)
    rates = generator(np.diag([float(w) for w in weights.values()]), time=time)
    return Symmetry(name, names, generators=(rates,))


def galilean(*bodies: str | Sequence[str]) -> Symmetry:
    """A constant velocity added to all bodies together, along each axis.

    Parameters
    ----------
    *bodies : str or sequence of str
        Coordinates of positions. For models of second order, whose velocities follow.
    """
    together = one_body(bodies)
    boosts = tuple(
        generator(np.zeros((len(along), len(along))), boost=along) for along in _axes(together)
    )
    return Symmetry(written("galilean", together, alone=False), flat(together), generators=boosts)


def generated(
    linear: Mapping[str, Mapping[str, float]],
    *,
    offset: Mapping[str, float] | None = None,
    boost: Mapping[str, float] | None = None,
    time: float = 0.0,
    shift: float = 0.0,
    name: str = "generator",
) -> Symmetry:
    """The one-parameter group of a generator, written out.

    `linear`: ``{"x": {"y": -1.0}, "y": {"x": 1.0}}`` is ``dx = -y, dy = x``, a rotation. `offset`,
    `boost`: constant part, and part that grows with the time. `time`, `shift`: ``dt = time t +
    shift``.
    """
    offset, boost = offset or {}, boost or {}
    rows = (*linear, *offset, *boost)
    names = tuple(dict.fromkeys([*rows, *(n for row in linear.values() for n in row)]))
    matrix = [[linear.get(row, {}).get(column, 0.0) for column in names] for row in names]
    one = generator(
        np.reshape(matrix, (len(names), len(names))),
        offset=[offset.get(name, 0.0) for name in names],
        boost=[boost.get(name, 0.0) for name in names],
        time=time,
        shift=shift,
    )
    if not one.matrix.any():
        raise ProblemError(f"the generator {name!r} moves nothing")
    return Symmetry(name, names, generators=(one,))


def _rotation(kind: str, bodies: Particles) -> Symmetry:
    n_axes = len(bodies[0])
    if n_axes < 2:
        raise ProblemError(
            f"a {kind} needs two coordinates or more of each body",
            fix=f"such as {kind}:x,y or {kind}:x1,y1;x2,y2",
        )
    turns: list[Affine] = []
    for i, j in combinations(range(n_axes), 2):
        turn = np.zeros((n_axes, n_axes))
        turn[i, j], turn[j, i] = -1.0, 1.0
        turns.append(generator(np.kron(np.eye(len(bodies)), turn)))
    return Symmetry(written(kind, bodies, alone=False), flat(bodies), generators=tuple(turns))


def _axes(bodies: Particles) -> list[Array]:
    """For each axis, one where a coordinate belongs to it."""
    n_axes = len(bodies[0])
    return [np.tile(np.eye(n_axes)[axis], len(bodies)) for axis in range(n_axes)]
