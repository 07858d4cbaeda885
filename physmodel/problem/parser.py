"""Read expressions from text: one whitelisted walker, no code is ever run."""

from __future__ import annotations

import ast
import difflib
import io
import math
import tokenize
from collections.abc import Sequence
from fractions import Fraction

from physmodel.errors import ProblemError
from physmodel.problem.calculus import ordered
from physmodel.problem.expression import (
    FUNCTIONS,
    Expression,
    add,
    call,
    constant,
    power,
    product,
    variable,
)

MAX_LENGTH = 10_000
MAX_DEPTH = 50
MAX_EXPONENT = 16


def parse(text: str, names: Sequence[str]) -> Expression:
    """Read an expression such as ``x^2*z - 3*sin(y)``.

    Parameters
    ----------
    text : str
        ``+ - * / ^ **``, numbers, parentheses, the names given and the functions of
        `physmodel.problem.expression.FUNCTIONS`. ``^`` is a power and binds like ``**``.
    names : sequence of str
        Allowed variables; their order is the canonical order of factors.

    Returns
    -------
    Expression

    Raises
    ------
    ProblemError
        For anything else, naming the offending piece and its column.

    Notes
    -----
    Python reads ``x^2*z`` as ``x^(2*z)``; the text is tokenised and ``^`` replaced before it is
    parsed, so that precedence is the usual one.
    """
    if len(text) > MAX_LENGTH:
        raise ProblemError(
            f"an expression of {len(text)} characters is too long",
            fix=f"the limit is {MAX_LENGTH} characters",
        )
    source = _powers_as_stars(text)
    try:
        tree = ast.parse(source, mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise ProblemError(
            f"cannot read the expression {_short(text)}",
            why=str(error) or type(error).__name__,
            fix="write it with + - * / ^, numbers, parentheses, names and functions",
        ) from None
    return ordered(_walk(tree.body, text, tuple(names), 0), tuple(names))


def _powers_as_stars(text: str) -> str:
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(text.strip()).readline))
    except (tokenize.TokenError, SyntaxError, IndentationError) as error:
        raise ProblemError(f"cannot read the expression {_short(text)}", why=str(error)) from None
    skip = {tokenize.NEWLINE, tokenize.NL, tokenize.ENDMARKER, tokenize.INDENT, tokenize.DEDENT}
    return " ".join("**" if t.string == "^" else t.string for t in tokens if t.type not in skip)


def _walk(node: ast.AST, text: str, names: tuple[str, ...], depth: int) -> Expression:
    if depth > MAX_DEPTH:
        raise ProblemError(f"the expression {_short(text)} is nested deeper than {MAX_DEPTH}")
    if isinstance(node, ast.Constant):
        return constant(_finite(node.value, text))
    if isinstance(node, ast.Name):
        return _name(node.id, text, names)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
        inner = _walk(node.operand, text, names, depth + 1)
        return product(constant(-1.0), inner) if isinstance(node.op, ast.USub) else inner
    if isinstance(node, ast.BinOp):
        return _operation(node, text, names, depth)
    if isinstance(node, ast.Call):
        return _function(node, text, names, depth)
    raise ProblemError(
        f"{type(node).__name__} is not allowed in an expression",
        where=f"expression {_short(text)}",
        fix="use + - * / ^, numbers, names and functions of one argument",
    )


def _operation(node: ast.BinOp, text: str, names: tuple[str, ...], depth: int) -> Expression:
    left = _walk(node.left, text, names, depth + 1)
    if isinstance(node.op, ast.Pow):
        exponent = _exponent(node.right, text, depth)
        if not left.summands and exponent <= 0:
            raise ProblemError("zero cannot be raised to this power", where=_short(text))
        return power(left, exponent)
    right = _walk(node.right, text, names, depth + 1)
    if isinstance(node.op, ast.Add):
        return add(left, right)
    if isinstance(node.op, ast.Sub):
        return add(left, product(constant(-1.0), right))
    if isinstance(node.op, ast.Mult):
        return product(left, right)
    if isinstance(node.op, ast.Div):
        if not right.summands:
            raise ProblemError("division by zero", where=f"expression {_short(text)}")
        return product(left, power(right, -1))
    raise ProblemError(
        f"the operator {type(node.op).__name__} is not allowed",
        where=f"expression {_short(text)}",
        fix="use + - * / ^",
    )


def _function(node: ast.Call, text: str, names: tuple[str, ...], depth: int) -> Expression:
    name = node.func.id if isinstance(node.func, ast.Name) else None
    if name not in FUNCTIONS:
        raise ProblemError(
            f"{name or 'this call'} is not a known function",
            where=f"expression {_short(text)}",
            fix="known functions: " + ", ".join(FUNCTIONS),
        )
    if len(node.args) != 1 or node.keywords:
        raise ProblemError(f"{name} takes exactly one argument", where=f"expression {_short(text)}")
    return call(name, _walk(node.args[0], text, names, depth + 1))


def _exponent(node: ast.AST, text: str, depth: int) -> Fraction:
    """A constant exponent: a number, a signed number or a quotient of two."""
    if depth > MAX_DEPTH:
        raise ProblemError(f"the expression {_short(text)} is nested deeper than {MAX_DEPTH}")
    value: Fraction | None = None
    if isinstance(node, ast.Constant):
        value = Fraction(repr(_finite(node.value, text)))
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
        inner = _exponent(node.operand, text, depth + 1)
        value = -inner if isinstance(node.op, ast.USub) else inner
    elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
        bottom = _exponent(node.right, text, depth + 1)
        if bottom:
            value = _exponent(node.left, text, depth + 1) / bottom
    if value is None:
        raise ProblemError(
            "an exponent must be a number such as 2, -1.5 or (3/2)",
            where=f"expression {_short(text)}",
        )
    if abs(value) > MAX_EXPONENT:
        raise ProblemError(
            f"the exponent {float(value):g} is too large",
            where=f"expression {_short(text)}",
            fix=f"exponents go from -{MAX_EXPONENT} to {MAX_EXPONENT}",
        )
    return value


def _name(name: str, text: str, names: tuple[str, ...]) -> Expression:
    if name in names:
        return variable(name)
    near = difflib.get_close_matches(name, [*names, *FUNCTIONS], n=1)
    hint = f"did you mean {near[0]!r}? " if near else ""
    raise ProblemError(
        f"unknown name {_short(name)}",
        where=f"expression {_short(text)}, column {text.find(name) + 1}",
        fix=f"{hint}known names: {', '.join(names)}",
    )


def _finite(value: object, text: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ProblemError(
            f"{_short(str(value))} is not a number", where=f"expression {_short(text)}"
        )
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise ProblemError("a number is too large", where=f"expression {_short(text)}")
    return number


def _short(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:57] + "...")
