"""Symmetries of a fitted field by name: rotations, scalings, translations, reflections, others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from fractions import Fraction
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from physmodel.conserved import finite
from physmodel.conserved.generators import Condition, Generator, Place, everything, scales
from physmodel.conserved.of_field import UncertainField, points_around
from physmodel.conserved.search.phase import Phase
from physmodel.conserved.search.spectrum import combinations_of
from physmodel.models.fields.sparse_field import SparseField

Array = NDArray[np.float64]

#: States up to which all reflections (two to that power) and all generators are tried.
MOST_STATES = 8
#: Largest denominator of a ratio of scaling exponents that is written as a fraction.
DENOMINATOR = 6


@dataclass(frozen=True)
class LawSymmetry:
    """A transformation that turns every motion of a law into another one.

    Attributes
    ----------
    name : str
        As a `Problem` takes it in `symmetries`: ``"rotation:x,y"``, ``"scaling:x=2,t=3"``.
    generator : mapping of str to str
        What each variable that moves becomes (finite) or by what it changes (continuous).
    defect : float
        Root mean square violation relative to the size of the field.
    p_value : float
        Probability that errors of the coefficients make the defect so large.
    continuous : bool
        Whether it is one of a group with a parameter ``e``, of which `generator` is the slope.
    """

    name: str
    generator: Mapping[str, str]
    defect: float
    p_value: float
    continuous: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return asdict(self)

    def __str__(self) -> str:
        """One line; of a continuous one what it does for small ``e``."""
        moved = ", ".join(
            f"{key} -> {_shifted(key, value) if self.continuous else value}"
            for key, value in self.generator.items()
        )
        return f"{self.name}   {moved}   (defect {self.defect:.2g}, p = {self.p_value:.2g})"


def _shifted(name: str, change: str) -> str:
    """``x + e*(y - 2*x)`` and simpler, for a change that is a sum of products."""
    if " " in change:
        return f"{name} + e*({change})"
    sign, size = ("-", change[1:]) if change.startswith("-") else ("+", change)
    return f"{name} {sign} e" + ("" if size == "1" else f"*{size}")


def field_symmetries(
    field: UncertainField, phase: Phase, pairs: list[tuple[str, str]]
) -> tuple[LawSymmetry, ...]:
    """Symmetries that the errors of the coefficients allow.

    Parameters
    ----------
    field : UncertainField
    phase : Phase
        With velocities for a field of second order.
    pairs : list of (str, str)
        Positions and their velocities among the states of a field of first order.

    Returns
    -------
    tuple of LawSymmetry
        Continuous ones first.
    """
    points = points_around(phase)
    return (*_continuous(field, points, pairs), *_finite(field, points, pairs))


def _continuous(
    field: UncertainField, points: Array, pairs: list[tuple[str, str]]
) -> list[LawSymmetry]:
    names = field.model.states
    condition = Condition(field, points)
    named = [*_rotations(names, pairs), *_translations(names), *_scalings(names, condition)]
    found = [(name, one) for name, one in named if condition.judge(one).holds]
    # Of a linear field every linear field that commutes with it would be one.
    if len(names) <= MOST_STATES and not _is_linear(field.model):
        found += _others(names, condition, [one for _, one in found])
    made = []
    for name, one in found:
        said = condition.judge(one)
        made.append(LawSymmetry(name, _changes(names, one), said.defect, said.p_value, True))
    return made


def _is_linear(model: SparseField) -> bool:
    plain = {"1", *model.library.variables}
    used = zip(model.terms, model.coefficients.T, strict=True)
    return all(str(term) in plain for term, column in used if column.any())


def _rotations(names: tuple[str, ...], pairs: list[tuple[str, str]]) -> list[tuple[str, Generator]]:
    partner = dict(pairs)
    turning = [p for p, _ in pairs] if len(pairs) > 1 else list(names)
    made: list[tuple[str, Generator]] = []
    for one, other in combinations(turning, 2):
        planes = [(one, other)]
        if one in partner and other in partner:
            planes.append((partner[one], partner[other]))
        generator: dict[Place, float] = {}
        for a, b in planes:
            i, j = names.index(a), names.index(b)
            generator |= {("L", i, j): -1.0, ("L", j, i): 1.0}
        made.append(("rotation:" + ";".join(f"{a},{b}" for a, b in planes), generator))
    return made


def _translations(names: tuple[str, ...]) -> list[tuple[str, Generator]]:
    """Shifts of single states."""
    return [(f"translation:{name}", {("b", i, 0): 1.0}) for i, name in enumerate(names)]


def _scalings(names: tuple[str, ...], condition: Condition) -> list[tuple[str, Generator]]:
    """Rescalings of states and time by powers of one number."""
    places, keys = scales(len(names)), (*names, "t")
    made: list[tuple[str, Generator]] = []
    for weights in combinations_of(condition.pose(places).spectrum, most=len(places)):
        exponents = _fractions(weights)
        text = ",".join(f"{k}={x}" for k, x in zip(keys, exponents, strict=True) if x)
        generator = {place: float(x) for place, x in zip(places, exponents, strict=True) if x}
        made.append((f"scaling:{text}", generator))
    return made


def _fractions(weights: Array) -> list[Fraction]:
    """Exponents as whole numbers where they are close to small fractions of each other."""
    smallest = weights[np.flatnonzero(weights)][np.argmin(np.abs(weights[weights != 0.0]))]
    near = [Fraction(float(w / smallest)).limit_denominator(DENOMINATOR) for w in weights]
    common = int(np.lcm.reduce([x.denominator for x in near]))
    whole = [x * common for x in near]
    first = next(x for x in whole if x)
    return [x if first > 0 else -x for x in whole]


def _others(
    names: tuple[str, ...], condition: Condition, known: list[Generator]
) -> list[tuple[str, Generator]]:
    """Sparse generators of what the null space holds besides those that have names."""
    posed = condition.pose(everything(len(names)))
    span = [np.array([one.get(place, 0.0) for place in posed.places]) for one in known]
    left_out = [int(np.argmax(np.abs(vector / posed.units))) for vector in span]
    made: list[tuple[str, Generator]] = []
    for weights in combinations_of(posed.spectrum, len(names) ** 2, left_out):
        unknowns = weights * posed.units
        unknowns = unknowns / unknowns[np.argmax(np.abs(weights))]
        pairs = zip(posed.places, unknowns.tolist(), strict=True)
        generator = {place: value for place, value in pairs if value}
        if condition.judge(generator).holds:
            changes = _changes(names, generator)
            text = ",".join(f"{k}={v.replace(' ', '')}" for k, v in changes.items())
            made.append((f"generator:{text}", generator))
    return made


def _changes(names: tuple[str, ...], generator: Generator) -> dict[str, str]:
    """By what each variable changes under a generator."""
    sums: dict[str, list[str]] = {}
    for (kind, i, j), value in generator.items():
        number = f"{value:.6g}"
        variable = "t" if kind == "s" else names[i]
        factor = {"b": "", "L": names[j], "s": "t"}[kind]
        sign = {"1": "", "-1": "-"}.get(number, f"{number}*") if factor else number
        sums.setdefault(variable, []).append(f"{sign}{factor}")
    keys = [name for name in (*names, "t") if name in sums]
    return {key: " + ".join(sums[key]).replace("+ -", "- ") for key in keys}


def _finite(
    field: UncertainField, points: Array, pairs: list[tuple[str, str]]
) -> list[LawSymmetry]:
    names = field.model.states
    if len(names) > MOST_STATES:
        return []
    particles = [[k] for k in range(len(names))]
    if len(pairs) > 1 and 2 * len(pairs) == len(names):
        particles = [[names.index(p), names.index(v)] for p, v in pairs]
    moving = [velocity for _, velocity in pairs]
    tried = [
        # Time reversal proper changes the sign of the velocities and of nothing else.
        *sorted(
            finite.reflections(names),
            key=lambda item: item.name != "time-reversal:" + ",".join(moving),
        ),
        *finite.exchanges(names, particles),
        *finite.cycles(names),
    ]
    chosen: list[finite.Element] = []
    made = []
    here = field.at(points)
    for element in tried:
        if not finite.independent_of(chosen, element):
            continue
        said = finite.judge(field, here, element)
        if said.holds:
            chosen.append(element)
            generator = _mapped(names, element)
            made.append(LawSymmetry(element.name, generator, said.defect, said.p_value))
    return made


def _mapped(names: tuple[str, ...], element: finite.Element) -> dict[str, str]:
    made = {}
    for name, row in zip(names, element.matrix, strict=True):
        source = int(np.argmax(np.abs(row)))
        if row[source] < 0.0 or names[source] != name:
            made[name] = ("-" if row[source] < 0.0 else "") + names[source]
    if element.clock < 0.0:
        made["t"] = "-t"
    return made
