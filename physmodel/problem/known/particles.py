"""Coordinates of particles as they are named in symmetries: ``x1,y1;x2,y2``."""

from __future__ import annotations

from collections.abc import Sequence

from physmodel.errors import ProblemError

Particles = tuple[tuple[str, ...], ...]


def one_body(parts: Sequence[str | Sequence[str]]) -> Particles:
    """Plain names are the coordinates of one body; sequences are bodies that move together."""
    if parts and all(isinstance(part, str) for part in parts):
        return _checked((tuple(str(part) for part in parts),))
    return _checked(tuple((part,) if isinstance(part, str) else tuple(part) for part in parts))


def many_bodies(parts: Sequence[str | Sequence[str]]) -> Particles:
    """Plain names are particles of one coordinate each; sequences have several."""
    return _checked(tuple((part,) if isinstance(part, str) else tuple(part) for part in parts))


def written(kind: str, particles: Particles, *, alone: bool) -> str:
    """Name of a symmetry as in a problem file.

    `alone`: particles of one coordinate are joined by commas, not by semicolons.
    """
    joint = "," if alone and all(len(one) == 1 for one in particles) else ";"
    return f"{kind}:" + joint.join(",".join(one) for one in particles)


def flat(particles: Particles) -> tuple[str, ...]:
    """All coordinates, particle by particle."""
    return tuple(name for one in particles for name in one)


def _checked(particles: Particles) -> Particles:
    names = flat(particles)
    if not names or not all(particles):
        raise ProblemError("a symmetry needs the names of variables", fix="such as rotation:x,y")
    if len({len(one) for one in particles}) > 1:
        raise ProblemError(
            "all particles of a symmetry need the same number of coordinates",
            where=";".join(",".join(one) for one in particles),
        )
    for name in names:
        if names.count(name) > 1:
            raise ProblemError(f"a symmetry names {name!r} twice")
    return particles
