"""Shapes: functions of one argument with numbers inside, such as ``1/(k + u)`` or ``exp(-u/k)``.

One table; a new shape is one entry. Values and derivatives follow from the text.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import product as combinations
from typing import Literal

from physmodel.problem.algebra.calculus import derivative, substituted
from physmodel.problem.algebra.expression import Expression, constant
from physmodel.problem.algebra.parser import parse

#: What an inner number is. A *size* is positive and in the unit of the argument; a *width* may
#: have either sign; a *place* is a value of the argument; a *rate* is one over a size; a *phase*
#: is an angle; an *exponent* is a pure number.
Kind = Literal["size", "width", "place", "rate", "phase", "exponent"]

#: Digits of an exponent that can be written down.
EXPONENT_DIGITS = 6

#: Largest exponent that is looked for.
MOST_EXPONENT = 8.0


@dataclass(frozen=True)
class Inner:
    """A number inside a shape.

    `simple`: values at which it is no free number: it is then written and not fitted. `free`:
    whether it may be fitted as well.
    """

    name: str
    kind: Kind
    simple: tuple[float, ...] = ()
    free: bool = True


@dataclass(frozen=True)
class Shape:
    """A function of ``u`` with numbers inside.

    `text`: as it is written; exponents stand in braces. `smooth`: the same with free exponents,
    where there are any. `positive`: what has to be positive wherever the shape is used. `own`: the
    highest power of the argument that may multiply it, no higher than its exponent ``n``.
    `crosses`: whether the argument has to change its sign, or it is another shape. `pairs`: whether
    sums and differences of two variables are arguments too. `pure`: whether its simple numbers need
    an argument without unit.
    """

    text: str
    inner: tuple[Inner, ...] = ()
    smooth: str = ""
    positive: str = ""
    own: int = 2
    crosses: bool = False
    pairs: bool = False
    pure: bool = False

    def variants(self) -> Iterator[dict[str, float]]:
        """Numbers that are held at simple values: each choice, then none."""
        options = [
            [*one.simple, *([None] if one.free or not one.simple else [])] for one in self.inner
        ]
        for values in combinations(*options):
            names = [one.name for one in self.inner]
            yield {name: v for name, v in zip(names, values, strict=True) if v is not None}


_SIZE, _WIDTH, _PLACE = Inner("k", "size"), Inner("s", "width"), Inner("a", "place")
_W = Inner("w", "rate", (1.0,))

SHAPES: tuple[Shape, ...] = (
    # Monod, Michaelis-Menten and Hill: times u, u^2, ... rising, alone falling.
    Shape(
        "1/(k^{n} + u^{n})",
        (_SIZE, Inner("n", "exponent", (1.0, 2.0, 4.0))),
        "1/(exp(n*log(k)) + exp(n*log(u)))",
        "k^{n} + u^{n}",
    ),
    Shape(
        "u^{n}/(k^{n} + u^{n})",
        (_SIZE, Inner("n", "exponent")),
        "1/(1 + exp(n*log(k/u)))",
        own=0,
    ),
    Shape("exp(-u/k)", (Inner("k", "width"),)),
    Shape("exp(-k/u)", (_SIZE,), positive="u"),
    Shape("log(u/k)", (_SIZE,), positive="u"),
    Shape(
        "u^{p}",
        (Inner("p", "exponent", (0.5, 1.5, -0.5, -1.0, -2.0)),),
        "exp(p*log(u))",
        "u",
        own=0,
    ),
    Shape(
        "sign(u)*abs(u)^{p}",
        (Inner("p", "exponent", (0.5, 1.5)),),
        "sign(u)*exp(p*log(abs(u)))",
        own=0,
        crosses=True,
    ),
    Shape("u*abs(u)", own=0, crosses=True),
    Shape("abs(u)", own=0, crosses=True),
    Shape("sign(u)", own=0, crosses=True),
    Shape("tanh(u/s)", (Inner("s", "size"),)),
    Shape("1/(1 + exp((u - a)/s))", (_PLACE, _WIDTH)),
    Shape("0.5*(u - a + abs(u - a))", (_PLACE,)),
    Shape("sin(w*u)", (_W,), pairs=True, pure=True),
    Shape("cos(w*u)", (_W,), pairs=True, pure=True),
    Shape("sin(w*u + f)", (Inner("w", "rate", (1.0,), free=False), Inner("f", "phase")), pure=True),
)


@cache
def formulas(shape: Shape, fixed: tuple[tuple[str, float], ...]) -> tuple[Expression, ...]:
    """A shape over ``u`` and its free numbers, and its derivative by each of them."""
    held = dict(fixed)
    exponents = {one.name: one for one in shape.inner if one.kind == "exponent"}
    names = ("u", *(one.name for one in shape.inner))
    smooth = any(name not in held for name in exponents)
    written = {name: digits(held[name]) for name in exponents if not smooth}
    text = shape.smooth if smooth else shape.text.format(**written)
    values = {name: constant(value) for name, value in held.items()}
    whole = substituted(parse(text, names), values)
    free = [one.name for one in shape.inner if one.name not in held]
    return (whole, *(derivative(whole, name) for name in free))


@cache
def positive(shape: Shape, fixed: tuple[tuple[str, float], ...]) -> Expression | None:
    """What has to be positive; nothing where free exponents ask for logarithms already."""
    held = dict(fixed)
    exponents = [one.name for one in shape.inner if one.kind == "exponent"]
    if not shape.positive or not set(exponents) <= held.keys():
        return None
    text = shape.positive.format(**{name: digits(held[name]) for name in exponents})
    return parse(text, ("u", *(one.name for one in shape.inner)))


def digits(value: float) -> str:
    """An exponent as expressions hold it."""
    return f"({round(float(value), EXPONENT_DIGITS)!r})"
