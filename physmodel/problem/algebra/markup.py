"""Expressions as HTML that needs no typesetter and takes the colour of its surroundings."""

from __future__ import annotations

from html import escape, unescape

from physmodel.problem.algebra.expression import Call, Expression, Variable, exponent_text
from physmodel.problem.algebra.printing import GREEK

MINUS = "&minus;"

#: Between factors, and between function and argument.
_THIN = "\u2009"


def to_html(expression: Expression) -> str:
    """An expression: variables in italics, powers raised."""
    text = ""
    for inner, coefficient in expression.summands:
        size = abs(coefficient)
        parts = [] if size == 1.0 and inner.factors else [f"{size:g}"]
        for base, exponent in inner.factors:
            if isinstance(base, Variable):
                body = name_html(base.name)
            elif isinstance(base, Call):
                body = f"{base.function}({to_html(base.argument)})"
            else:
                body = f"({to_html(base)})"
            parts.append(body if exponent == 1 else f"{body}<sup>{exponent_text(exponent)}</sup>")
        sign = MINUS if coefficient < 0 else "+"
        lead = f" {sign} " if text else (MINUS if sign == MINUS else "")
        text += lead + _THIN.join(parts)
    return text or "0"


def name_html(name: str) -> str:
    """A variable: Greek letters, subscripts, velocities as derivatives."""
    if name.endswith("_t") and len(name) > 2:
        return f"(d{name_html(name[:-2])}/d<i>t</i>)"  # a dot over a letter is lost in many fonts
    head, _, tail = name.partition("_")
    if not head:
        return f"<i>{escape(name)}</i>"
    letters = head.rstrip("0123456789")
    below = ",".join(piece for piece in (head[len(letters) :], tail) if piece)
    body = unescape(f"&{letters};") if letters in GREEK else letters
    return f"<i>{escape(body)}</i>" + (f"<sub>{escape(below)}</sub>" if below else "")


def rate_html(state: str, order: int) -> str:
    """The left side of an equation: ``dx/dt`` or ``d²x/dt²``."""
    power = "" if order == 1 else f"<sup>{order}</sup>"
    return f"d{power}{name_html(state)}/d<i>t</i>{power}"
