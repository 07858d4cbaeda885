"""Expressions as LaTeX and as SymPy objects."""

from __future__ import annotations

from typing import TYPE_CHECKING

from physmodel.problem.expression import Call, Expression, Product, Variable, exponent_text

if TYPE_CHECKING:
    import sympy

_LETTERS = """
alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau upsilon
phi chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega
"""
GREEK = frozenset(_LETTERS.split())


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
    """LaTeX of a variable name: Greek letters, subscripts, velocities as dots."""
    if name.endswith("_t") and len(name) > 2:
        return f"\\dot{{{name_latex(name[:-2])}}}"
    head, _, tail = name.partition("_")
    if not head:
        return "\\mathrm{" + name.replace("_", "\\_") + "}"
    letters = head.rstrip("0123456789")
    digits = head[len(letters) :]
    if letters in GREEK:
        body = f"\\{letters}"
    elif len(letters) == 1:
        body = letters
    else:
        body = f"\\mathrm{{{letters}}}"
    subscript = digits + (",\\," if digits and tail else "")
    if tail:
        subscript += "\\mathrm{" + tail.replace("_", "\\_") + "}"
    return f"{body}_{{{subscript}}}" if subscript else body


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
