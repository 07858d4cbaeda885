"""Expressions as LaTeX and as SymPy objects."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from physmodel.problem.algebra.expression import Call, Expression, Product, Variable, exponent_text

if TYPE_CHECKING:
    import sympy

_LETTERS = """
alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau upsilon
phi chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega
"""
GREEK = frozenset(_LETTERS.split())

#: Combining marks and LaTeX's accents, and what LaTeX's text does not show as it is.
_ACCENTS = {
    "\u0300": "grave",
    "\u0301": "acute",
    "\u0302": "hat",
    "\u0303": "tilde",
    "\u0304": "bar",
    "\u0306": "breve",
    "\u0307": "dot",
    "\u0308": "ddot",
    "\u030a": "mathring",
    "\u030c": "check",
}
_ESCAPES = {
    **{mark: f"\\{mark}" for mark in "#$%&_{}"},
    "\\": "\\textbackslash{}",
    "^": "\\textasciicircum{}",
    "~": "\\textasciitilde{}",
    "\u00b0": "$^\\circ$",
    "\u00b7": "$\\cdot$",
    "<": "$<$",
    ">": "$>$",
}


def to_latex(expression: Expression) -> str:
    """LaTeX of an expression."""
    if not expression.summands:
        return "0"
    text = ""
    for inner, coefficient in expression.summands:
        body = _product_latex(inner, abs(coefficient))
        if text:
            text += f" - {body}" if coefficient < 0 else f" + {body}"
        else:
            text = f"-{body}" if coefficient < 0 else body
    return text


def _product_latex(inner: Product, coefficient: float) -> str:
    parts = [] if coefficient == 1.0 and inner.factors else [f"{coefficient:g}"]
    for base, exponent in inner.factors:
        if isinstance(base, Variable):
            body = name_latex(base.name)
            body = f"{{{body}}}" if exponent != 1 and ("_" in body or "dot" in body) else body
        elif isinstance(base, Call):
            name = base.function
            head = "\\operatorname{" + name + "}" if name in {"abs", "sign"} else f"\\{name}"
            body = f"{head}\\left({to_latex(base.argument)}\\right)"
            body = f"{{{body}}}" if exponent != 1 else body
        else:
            body = f"\\left({to_latex(base)}\\right)"
        parts.append(body if exponent == 1 else f"{body}^{{{exponent_text(exponent)}}}")
    return " \\, ".join(parts)


def name_latex(name: str) -> str:
    """LaTeX of a variable name: Greek letters, accents, subscripts, velocities as dots."""
    if name.endswith("_t") and len(name) > 2:
        return f"\\dot{{{name_latex(name[:-2])}}}"
    head, _, tail = name.partition("_")
    if not head:
        return text_latex(name)
    letters = head.rstrip("0123456789")
    digits = head[len(letters) :]
    spelled = greek(letters) or letters
    body = f"\\{spelled}" if spelled in GREEK else _accented(letters) or text_latex(letters)
    subscript = digits + (",\\," if digits and tail else "")
    if tail:
        subscript += text_latex(tail)
    return f"{body}_{{{subscript}}}" if subscript else body


def text_latex(text: str) -> str:
    """Any text upright: special characters escaped, Greek letters spelled."""
    if re.fullmatch(r"[A-Za-z0-9_/.]*", text):
        return "\\mathrm{" + text.replace("_", "\\_") + "}"
    return "\\text{" + "".join(map(_escaped, text)) + "}"


def greek(letter: str) -> str:
    """The spelled name of a Greek letter, ``theta`` or ``Theta``; empty for any other text."""
    words = unicodedata.name(letter, "").split() if len(letter) == 1 else []
    if words[:1] != ["GREEK"] or words[2:3] != ["LETTER"]:
        return ""
    spelled = words[3].lower().replace("lamda", "lambda")
    return spelled.capitalize() if words[1] == "CAPITAL" else spelled


def _escaped(letter: str) -> str:
    letter = unicodedata.normalize("NFKC", letter)  # the micro sign is a mu
    if letter in _ESCAPES:
        return _ESCAPES[letter]
    if greek(letter) in GREEK:
        return f"$\\{greek(letter)}$"
    return letter if letter.isprintable() else " "


def _accented(letter: str) -> str:
    """One letter of Latin script, with its accent as LaTeX's mathematics has it; or nothing."""
    base, *marks = list(unicodedata.normalize("NFD", letter))
    if not base.isascii() or len(marks) > 1 or not set(marks) <= _ACCENTS.keys():
        return ""
    return f"\\{_ACCENTS[marks[0]]}{{{base}}}" if marks else base


def to_sympy(expression: Expression) -> sympy.Expr:
    """SymPy expression, built object by object (never from a string)."""
    import sympy

    total = sympy.Integer(0)
    for inner, coefficient in expression.summands:
        term = (
            sympy.Integer(int(coefficient))
            if coefficient == int(coefficient)
            else (sympy.Float(coefficient))
        )
        for base, exponent in inner.factors:
            if isinstance(base, Variable):
                value = sympy.Symbol(base.name, real=True)
            elif isinstance(base, Call):
                head = {"abs": "Abs"}.get(base.function, base.function)
                value = getattr(sympy, head)(to_sympy(base.argument))
            else:
                value = to_sympy(base)
            term = term * value ** sympy.Rational(exponent.numerator, exponent.denominator)
        total = total + term
    return total
