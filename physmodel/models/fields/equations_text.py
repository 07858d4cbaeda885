"""Read equations as people write them: ``x' = a*x, y' = -d*y`` or ``theta'' = -k*sin(theta)``."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from physmodel.errors import ProblemError
from physmodel.models.fields.expression_field import ExpressionField, expression_field
from physmodel.models.fields.sparse_field import velocity_name
from physmodel.problem.algebra.parser import suggestion

#: A name, which may hold combining marks: everything up to the next operator or bracket.
_NAME = r"[^\W\d][^\s'\"/*+\-^()\[\],;=<>|.:]*"

#: A rate of change on the left: ``x'``, ``x''``, ``dx/dt``, ``d2x/dt2``, ``d^2x/dt^2``.
_PRIMED = re.compile(rf"\s*({_NAME})\s*('{{1,2}})\s*")
_QUOTIENT = re.compile(rf"\s*d(\^?2)?\s*({_NAME})\s*/\s*dt(\^?2)?\s*")

#: A velocity on the right.
_VELOCITY = re.compile(rf"({_NAME})'(?!')")

EXAMPLE = "such as \"x' = a*x, y' = -d*y\" or \"theta'' = -k*sin(theta)\""


def read_known(
    known: str | Mapping[str, str],
    states: Sequence[str],
    inputs: Sequence[str] = (),
    start: Mapping[str, float] | None = None,
) -> ExpressionField:
    """The known part of a law as a field over all states.

    Parameters
    ----------
    known : str or mapping of left side to right side
        Equations separated by commas, semicolons or line ends; ``==`` says that nothing is hidden
        in one, as in ``theta' == w``. Names that are no column, no
        velocity (``x'`` or ``x_t``, second order only), no function and not ``t`` are unknown
        parameters.
    states, inputs : sequence of str
        Columns of the data. Of a state without an equation nothing is known.
    start : mapping of str to float, optional
        Where the search for a parameter starts; matters only for those inside a function.

    Raises
    ------
    ProblemError
        If a text cannot be read or does not fit the columns.
    """
    _, order = _equations(known, states)
    texts = {
        state: _velocities(text, states, order)
        for state, text in known_texts(known, states).items()
    }
    return expression_field(texts, inputs=inputs, order=order, start=start)


def require_equations(model: object) -> ExpressionField:
    """A field that is made of equations; any other is refused.

    Raises
    ------
    ProblemError
    """
    if not isinstance(model, ExpressionField):
        raise ProblemError(
            f"a {type(model).__name__} has no equations to write down",
            fix="networks are saved by pm.nets.save_net(model, folder)",
        )
    return model


def right_sides(equations: str | Mapping[str, str]) -> tuple[dict[str, str], int]:
    """Right side of every state that has an equation, and the order in time.

    Parameters
    ----------
    equations : str or mapping of left side to right side
        As of `read_known`, one equation for each state.

    Raises
    ------
    ProblemError
        If a text cannot be read.
    """
    pairs = equations.items() if isinstance(equations, Mapping) else _split(equations)
    states = [_left(str(left))[0] for left, _ in pairs]
    texts, order = _equations(equations, states)
    return {
        state: _velocities(text.removeprefix("=").strip(), states, order)
        for state, text in texts.items()
    }, order


def known_texts(known: str | Mapping[str, str], states: Sequence[str]) -> dict[str, str]:
    """Right side of every state as it was written; ``"0"`` where nothing is known.

    Parameters
    ----------
    known, states
        As of `read_known`.
    """
    found, _ = _equations(known, states)
    return {state: found.get(state, "0").removeprefix("=").strip() for state in states}


def closed_states(known: str | Mapping[str, str], states: Sequence[str]) -> tuple[str, ...]:
    """States whose known equation is said to be complete, ``theta' == w``: nothing is hidden there.

    Parameters
    ----------
    known, states
        As of `read_known`.
    """
    found, _ = _equations(known, states)
    return tuple(state for state in states if found.get(state, "").startswith("="))


def _equations(known: str | Mapping[str, str], states: Sequence[str]) -> tuple[dict[str, str], int]:
    """Right sides by state, and the order in time."""
    if not isinstance(known, str | Mapping):
        raise ProblemError(
            f"the known equations are {known!r}", fix=f"one text, or one per rate: {EXAMPLE}"
        )
    pairs = list(known.items()) if isinstance(known, Mapping) else _split(known)
    found: dict[str, str] = {}
    orders: dict[str, int] = {}
    for left, right in pairs:
        state, order = _left(str(left))
        if state not in states:
            raise ProblemError(
                f"the equations speak of {state!r}, which is no state of the data",
                fix=suggestion(state, states) + "states: " + ", ".join(states),
            )
        if state in found:
            raise ProblemError(f"there are two equations for {state!r}", fix="keep one")
        found[state], orders[state] = str(right).strip(), order
    if len({*orders.values()}) > 1:
        raise ProblemError(
            "the equations are of different order in time",
            where=", ".join(f"{state}: {order}" for state, order in orders.items()),
            fix="write all of them with ' or all of them with ''",
        )
    if not found:
        raise ProblemError("no equation was given", fix=EXAMPLE)
    return found, next(iter(orders.values()))


def _split(text: str) -> list[tuple[str, str]]:
    """Equations of a text; commas inside parentheses separate nothing."""
    parts, depth, piece = [], 0, ""
    for letter in text:
        depth += (letter in "([") - (letter in ")]")
        if letter in ",;\n" and depth <= 0:
            parts.append(piece)
            piece = ""
        else:
            piece += letter
    pairs = []
    for part in [*parts, piece]:
        left, equals, right = part.partition("=")
        if not part.strip():
            continue
        if not equals or not right.strip("= \t"):
            raise ProblemError(f"{part.strip()!r} is no equation", fix=EXAMPLE)
        pairs.append((left, right))
    return pairs


def _left(text: str) -> tuple[str, int]:
    """Name of the state and order of its derivative."""
    primed = _PRIMED.fullmatch(text)
    if primed:
        return primed[1], len(primed[2])
    quotient = _QUOTIENT.fullmatch(text)
    if quotient and bool(quotient[1]) == bool(quotient[3]):
        return quotient[2], 2 if quotient[1] else 1
    raise ProblemError(
        f"{text.strip()!r} is no rate of change",
        why="an equation says what the rate of a state is",
        fix=EXAMPLE,
    )


def _velocities(text: str, states: Sequence[str], order: int) -> str:
    """Write ``x'`` on the right as the velocity that terms are made of."""

    def named(hit: re.Match[str]) -> str:
        if hit[1] not in states or order == 1:
            raise ProblemError(
                f"{hit[0]!r} cannot stand on the right of an equation",
                why="only equations of second order hold velocities, and only of states",
                fix=f"write {hit[1]}'' = ... on the left, or another name",
            )
        return velocity_name(hit[1])

    return _VELOCITY.sub(named, text)


def read_start(table: Mapping[str, str]) -> dict[str, float]:
    """Start values written as text.

    Parameters
    ----------
    table : mapping of name to text

    Raises
    ------
    ProblemError
        If one is no number.
    """
    found = {}
    for name, text in table.items():
        try:
            found[name] = float(text)
        except ValueError:
            raise ProblemError(
                f"the start value of {name!r} is {text!r}", fix="a number, such as --start w=2"
            ) from None
    return found
