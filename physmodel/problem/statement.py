"""Fields of a problem: what is measured, in which units, and what is known before any fit."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Self


@dataclass(frozen=True)
class Statement:
    """Fields of `Problem`, for what checks and reads one.

    Attributes
    ----------
    states : tuple of str
        Variables that have an equation.
    inputs : tuple of str
        Measured variables that act on the states and have none.
    units : mapping of str to str
        Units of states and inputs; a missing one is unknown. Stored as sorted pairs.
    time_unit : str
    positive : tuple of str
        States that cannot be negative: modelled through their logarithm, so that every term is
        a per-capita rate times the state.
    order : {1, 2} or None
        Order in time; None lets the data decide.
    degree : int or None
        Highest polynomial degree of the terms (of the per-capita rates for positive states).
    functions : tuple of str
        Functions of single states to add to the library, such as ``sin``.
    terms : tuple of str
        Further terms, such as ``x*exp(-y)``.
    library : tuple of str
        Exactly these terms and no others, instead of `degree`, `functions` and `terms` (of the
        per-capita rates for positive states).
    bodies : mapping of str to tuple of str
        Coordinates of each body when the states are positions of bodies that act on each other.
        Stored as pairs in the order given.
    symmetries, laws : tuple of str
        What is known to hold, such as ``rotation:x,y`` and ``conserves:energy``; see
        `physmodel.problem.known.symmetry_text` and `physmodel.problem.known.law_text`.
    constants : mapping of str to str
        Constants that the law may hold, and no others: ``{"g": "m/s^2", "L": "0.5 m"}``. The unit
        of every coefficient is then a product of powers of theirs; those with a value may be
        named in terms. Stored as pairs in the order given.
    hold : mapping of str to {"linear", "zero", "band-limited"}
        How inputs run between samples: straight, held until the next sample, or smoothly; the data
        decide for the others. Stored as sorted pairs.
    title : str
    """

    states: tuple[str, ...]
    inputs: tuple[str, ...] = ()
    units: Any = ()
    time_unit: str = ""
    positive: tuple[str, ...] = ()
    order: int | None = None
    degree: int | None = None
    functions: tuple[str, ...] = ()
    terms: tuple[str, ...] = ()
    library: tuple[str, ...] = ()
    bodies: Any = ()
    symmetries: tuple[str, ...] = ()
    laws: tuple[str, ...] = ()
    constants: Any = ()
    hold: Any = ()
    title: str = ""

    @property
    def body_table(self) -> dict[str, tuple[str, ...]]:
        """Coordinates of each body."""
        return dict(self.bodies)

    def replace(self, **changes: Any) -> Self:
        """A copy with some fields changed."""
        return replace(self, **changes)
