"""Read symmetries as they are named in problem files: ``rotation:x,y``."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from physmodel.errors import ProblemError
from physmodel.problem.algebra.expression import Expression, Variable
from physmodel.problem.algebra.parser import parse, suggestion
from physmodel.problem.known.finite import (
    cyclic,
    mapped,
    mirror,
    parity,
    permutation,
    reflection,
    time_reversal,
)
from physmodel.problem.known.lie import (
    galilean,
    generated,
    phase,
    rotation,
    scaling,
    time_translation,
    translation,
)
from physmodel.problem.known.symmetry import Symmetry

#: Symmetries by name, each with an example.
EXAMPLES = {
    "parity": "parity or parity:x,y",
    "reflection": "reflection:x,y",
    "mirror": "mirror:x1,x2,x3",
    "time-reversal": "time-reversal:v",
    "permutation": "permutation:x1,x2 or permutation:x1,y1;x2,y2",
    "cyclic": "cyclic:x,y,z",
    "map": "map:x=-y,y=x",
    "translation": "translation:x or translation:x1,y1;x2,y2",
    "time-translation": "time-translation",
    "rotation": "rotation:x,y or rotation:x1,y1;x2,y2",
    "scaling": "scaling:x=2,y=2,t=3",
    "galilean": "galilean:x1;x2",
    "phase": "phase:a,b;c,d",
    "generator": "generator:x=-y,y=x",
}

#: Kinds that carry no numbers, so that what they mix or shift must have one unit.
PLAIN = frozenset(EXAMPLES) - {"map", "generator", "scaling"}


def read_symmetry(text: str, states: Sequence[str], inputs: Sequence[str] = ()) -> Symmetry:
    """Read a symmetry from its name.

    Parameters
    ----------
    text : str
        A kind and what it acts on; see `EXAMPLES`. Coordinates of one particle are separated by
        commas, particles by semicolons.
    states, inputs : sequence of str
        Variables of the model.

    Raises
    ------
    ProblemError
        For unknown kinds and variables, with the nearest known name.
    """
    kind, _, rest = (part.strip() for part in text.partition(":"))
    variables = (*states, *inputs)
    if kind not in EXAMPLES:
        raise ProblemError(
            f"{kind!r} is not a known symmetry",
            where=f"symmetry {text!r}",
            fix=suggestion(kind, EXAMPLES) + "known: " + ", ".join(EXAMPLES),
        )
    try:
        found = _BUILT[kind](rest, variables)
    except ProblemError as error:
        error.where = error.where or f"symmetry {text!r}"
        error.fix = error.fix or f"such as {EXAMPLES[kind]}"
        raise
    found.on(variables)
    return found


def bodies_of(text: str, known: Sequence[str]) -> list[tuple[str, ...]]:
    """Particles separated by semicolons, their coordinates by commas.

    Raises ProblemError if a name is not among the known ones.
    """
    bodies = [tuple(name.strip() for name in one.split(",")) for one in text.split(";")]
    for name in (name for body in bodies for name in body):
        if name not in known:
            raise ProblemError(
                f"{name!r} is no variable of the model" if name else "a name is missing",
                fix=suggestion(name, known) + "variables: " + ", ".join(known),
            )
    return bodies


def assignments(text: str) -> dict[str, str]:
    """``x=1,y=2`` as a table of texts.

    Raises ProblemError if a part is no assignment, or a name comes twice.
    """
    table: dict[str, str] = {}
    for part in text.split(","):
        name, equals, value = (piece.strip() for piece in part.partition("="))
        if not (name and equals and value):
            raise ProblemError(f"{part.strip()!r} is not of the form name=value")
        if name in table:
            raise ProblemError(f"{name!r} is given twice")
        table[name] = value
    return table


def numeric(table: dict[str, str], known: Sequence[str]) -> dict[str, float]:
    """Values of `assignments` that must be numbers, of known variables."""
    found = {}
    for name, text in table.items():
        bodies_of(name, known)
        value = parse(text, ())
        found[name] = dict(value.summands).popitem()[1] if value.summands else 0.0
        if any(inner.factors for inner, _ in value.summands):
            raise ProblemError(f"{text!r} is not a number")
    return found


def _together(maker: Callable[..., Symmetry]) -> Callable[[str, Sequence[str]], Symmetry]:
    def build(rest: str, known: Sequence[str]) -> Symmetry:
        return maker(*bodies_of(rest, known))

    return build


def _each(maker: Callable[..., Symmetry]) -> Callable[[str, Sequence[str]], Symmetry]:
    """Without semicolons every name is a particle."""

    def build(rest: str, known: Sequence[str]) -> Symmetry:
        bodies = bodies_of(rest, known)
        return maker(*(bodies[0] if len(bodies) == 1 else bodies))

    return build


def _parity(rest: str, known: Sequence[str]) -> Symmetry:
    return parity(*(bodies_of(rest, known)[0] if rest else known))


def _reversal(rest: str, known: Sequence[str]) -> Symmetry:
    return time_reversal(*(bodies_of(rest, known)[0] if rest else ()))


def _time_translation(rest: str, known: Sequence[str]) -> Symmetry:
    if rest:
        raise ProblemError("time-translation takes no names")
    return time_translation()


def _scaling(rest: str, known: Sequence[str]) -> Symmetry:
    parts = [part if "=" in part else f"{part}=1" for part in rest.split(",")]
    weights = numeric(assignments(",".join(parts)), (*known, "t"))
    time = weights.pop("t", 0.0)
    return scaling(weights, time)


def _map(rest: str, known: Sequence[str]) -> Symmetry:
    linear, offset, boost, time, shift = _forms(rest, known, 1.0)
    if boost or shift:
        raise ProblemError("a map of finite order adds no multiple of t")
    return mapped(linear, offset=offset, time=time, name=f"map:{rest}")


def _generator(rest: str, known: Sequence[str]) -> Symmetry:
    linear, offset, boost, time, shift = _forms(rest, known, 0.0)
    return generated(
        linear, offset=offset, boost=boost, time=time, shift=shift, name=f"generator:{rest}"
    )


_Forms = tuple[dict[str, dict[str, float]], dict[str, float], dict[str, float], float, float]


def _forms(rest: str, known: Sequence[str], still: float) -> _Forms:
    """Affine images of variables and of the time."""
    linear: dict[str, dict[str, float]] = {}
    offset: dict[str, float] = {}
    boost: dict[str, float] = {}
    time, shift = still, 0.0
    for name, text in assignments(rest).items():
        bodies_of(name, (*known, "t"))
        row = _affine(parse(text, (*known, "t")), text)
        added, by_time = row.pop("", 0.0), row.pop("t", 0.0)
        if name == "t":
            if row:
                raise ProblemError("the image of t may depend on t alone")
            time, shift = by_time, added
            continue
        linear[name] = row
        offset |= {name: added} if added else {}
        boost |= {name: by_time} if by_time else {}
    return linear, offset, boost, time, shift


def _affine(form: Expression, text: str) -> dict[str, float]:
    """Coefficients of a form of first degree, the constant under the empty name."""
    row = {}
    for inner, coefficient in form.summands:
        base, exponent = inner.factors[0] if inner.factors else (None, 1)
        if len(inner.factors) > 1 or exponent != 1 or not isinstance(base, Variable | None):
            raise ProblemError(f"{text!r} is not of first degree in the variables")
        row["" if base is None else base.name] = coefficient
    return row


_BUILT: dict[str, Callable[[str, Sequence[str]], Symmetry]] = {
    "parity": _parity,
    "reflection": _each(reflection),
    "mirror": _each(mirror),
    "time-reversal": _reversal,
    "permutation": _each(permutation),
    "cyclic": _each(cyclic),
    "map": _map,
    "translation": _together(translation),
    "time-translation": _time_translation,
    "rotation": _together(rotation),
    "scaling": _scaling,
    "galilean": _together(galilean),
    "phase": _together(phase),
    "generator": _generator,
}
