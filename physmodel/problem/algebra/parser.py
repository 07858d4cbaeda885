"""Read expressions from text: one whitelisted walker, no code is ever run."""

from __future__ import annotations

import ast
import difflib
import io
import math
import re
import tokenize
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from fractions import Fraction

from physmodel.errors import ProblemError
from physmodel.problem.algebra.calculus import ordered
from physmodel.problem.algebra.expression import (
    FUNCTIONS,
    MAX_DENOMINATOR,
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

_LAYOUT = {tokenize.NEWLINE, tokenize.NL, tokenize.ENDMARKER, tokenize.INDENT, tokenize.DEDENT}


def parse(text: str, names: Sequence[str]) -> Expression:
    """Read an expression such as ``x^2*z - 3*sin(y)``.

    `text`: ``+ - * / ^ **``, numbers, parentheses, the names given and the functions of
    `physmodel.problem.algebra.expression.FUNCTIONS`. ``^`` is a power and binds like ``**``.
    `names`: allowed variables; their order is the canonical order of factors. Raises ProblemError
    for anything else, naming the offending piece and its column.
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
            why=getattr(error, "msg", "") or str(error) or type(error).__name__,
            fix="write it with + - * / ^, numbers, parentheses, names and functions",
        ) from None
    # Python reads identifiers in Unicode's compatibility form: the micro sign becomes a mu.
    known = {unicodedata.normalize("NFKC", name): name for name in names}
    return ordered(_walk(tree.body, text, known, 0), tuple(names))


def identifiers(text: str) -> list[str]:
    """Names of variables and functions in a text, in its order; the letter of ``1e5`` is none.

    Raises ProblemError if the text holds what no expression can.
    """
    return [piece for piece in _pieces(text) if piece.isidentifier()]


def _powers_as_stars(text: str) -> str:
    """Write powers as Python does, which itself would read ``x^2*z`` as ``x^(2*z)``."""
    return " ".join("**" if piece == "^" else piece for piece in _pieces(text))


def _pieces(text: str) -> list[str]:
    """Names, numbers and operators of a text."""
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(text.strip()).readline))
    except (tokenize.TokenError, SyntaxError, IndentationError) as error:
        raise ProblemError(f"cannot read the expression {_short(text)}", why=str(error)) from None
    pieces: list[str] = []
    end = (0, 0)
    for token in tokens:
        if token.type in _LAYOUT:
            continue
        joined = pieces[-1] + token.string if pieces and token.start == end else ""
        end = token.end
        if joined.isidentifier():
            # The tokeniser ends a name before a combining mark; Python's grammar does not.
            pieces[-1] = joined
        elif token.type in {tokenize.NAME, tokenize.NUMBER, tokenize.OP}:
            pieces.append(token.string)
        else:
            raise ProblemError(
                f"{_short(token.string)} is not allowed in an expression",
                where=f"expression {_short(text)}",
                fix="use + - * / ^, numbers, names and functions of one argument",
            )
    return pieces


def _walk(node: ast.AST, text: str, names: Mapping[str, str], depth: int) -> Expression:
    if depth > MAX_DEPTH:
        raise ProblemError(f"the expression {_short(text)} is nested deeper than {MAX_DEPTH}")
    if isinstance(node, ast.Constant):
        return constant(_finite(node.value, text))
    if isinstance(node, ast.Name):
        return _name(node.id, text, names)
    if _is_product(node):
        return _limited(product(*_factors(node, text, names, depth)), text)
    if isinstance(node, ast.BinOp):
        return _operation(node, text, names, depth)
    if isinstance(node, ast.Call):
        return _function(node, text, names, depth)
    raise ProblemError(
        f"{type(node).__name__} is not allowed in an expression",
        where=f"expression {_short(text)}",
        fix="use + - * / ^, numbers, names and functions of one argument",
    )


def _is_product(node: ast.AST) -> bool:
    return isinstance(node, ast.UnaryOp | ast.BinOp) and isinstance(
        node.op, ast.USub | ast.UAdd | ast.Mult | ast.Div
    )


def _factors(node: ast.AST, text: str, names: Mapping[str, str], depth: int) -> list[Expression]:
    """Factors in the order written; multiplied at once, so that no sum takes up the number."""
    found = []
    while _is_product(node):
        if isinstance(node, ast.BinOp):
            factor = _walk(node.right, text, names, depth + 1)
            if isinstance(node.op, ast.Div):
                if not factor.summands:
                    raise ProblemError("division by zero", where=f"expression {_short(text)}")
                factor = power(factor, -1)
            found.append(factor)
            node = node.left
        elif isinstance(node, ast.UnaryOp):
            found.append(constant(-1.0 if isinstance(node.op, ast.USub) else 1.0))
            node = node.operand
    return [_walk(node, text, names, depth + 1), *reversed(found)]


def _operation(node: ast.BinOp, text: str, names: Mapping[str, str], depth: int) -> Expression:
    left = _walk(node.left, text, names, depth + 1)
    if isinstance(node.op, ast.Pow):
        exponent = _exponent(node.right, text, depth)
        _require_exponent(exponent, text)
        if not left.summands and exponent <= 0:
            raise ProblemError("zero cannot be raised to this power", where=_short(text))
        return _limited(power(left, exponent), text)
    right = _walk(node.right, text, names, depth + 1)
    if isinstance(node.op, ast.Add):
        return add(left, right)
    if isinstance(node.op, ast.Sub):
        return add(left, product(constant(-1.0), right))
    raise ProblemError(
        f"the operator {type(node.op).__name__} is not allowed",
        where=f"expression {_short(text)}",
        fix="use + - * / ^",
    )


def _function(node: ast.Call, text: str, names: Mapping[str, str], depth: int) -> Expression:
    name = node.func.id if isinstance(node.func, ast.Name) else None
    if name not in FUNCTIONS:
        raise ProblemError(
            f"{name or 'this call'} is not a known function",
            where=f"expression {_short(text)}",
            fix=suggestion(name or "", FUNCTIONS) + "known functions: " + ", ".join(FUNCTIONS),
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
    return value


def _limited(expression: Expression, text: str) -> Expression:
    """The expression, if the exponents that have come together in it can be written down again."""
    for inner, _ in expression.summands:
        for _, exponent in inner.factors:
            _require_exponent(exponent, text)
    return expression


def _require_exponent(value: Fraction, text: str) -> None:
    if abs(value) > MAX_EXPONENT:
        raise ProblemError(
            f"the exponent {float(value):g} is too large",
            where=f"expression {_short(text)}",
            fix=f"exponents go from -{MAX_EXPONENT} to {MAX_EXPONENT}",
        )
    if value.denominator > MAX_DENOMINATOR:
        raise ProblemError(
            f"the exponent {float(value)!r} has too many digits",
            where=f"expression {_short(text)}",
            fix="write six decimals, or a quotient such as (1/3)",
        )


def _name(name: str, text: str, names: Mapping[str, str]) -> Expression:
    if name in names:
        return variable(names[name])
    found = re.search(rf"\b{re.escape(name)}\b", unicodedata.normalize("NFKC", text))
    raise ProblemError(
        f"the function {name} needs an argument, as in {name}(x)"
        if name in FUNCTIONS
        else f"unknown name {_short(name)}",
        where=f"expression {_short(text)}" + (f", column {found.start() + 1}" if found else ""),
        fix=f"{suggestion(name, names.values())}known names: {', '.join(names.values())}",
    )


def suggestion(name: str, known: Collection[str]) -> str:
    """A did-you-mean, or nothing."""
    near = difflib.get_close_matches(name, list(known), n=1)
    return f"did you mean {near[0]!r}? " if near else ""


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
