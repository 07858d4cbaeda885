"""How Python, C and Julia write the same formulas."""

from __future__ import annotations

import keyword
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from physmodel.problem.algebra.expression import FUNCTIONS

#: Names that the text of every language uses itself.
_OWN = frozenset({"t", "state", "inputs", "rate", "rates", *FUNCTIONS})

_C_WORDS = """
alignas alignof auto bool break case char const constexpr continue default do double else enum
extern false float for goto if inline int linux long nullptr pow register restrict return short
signed sizeof static static_assert struct switch thread_local true typedef typeof unix union
unsigned void volatile while fabs
"""
_JULIA_WORDS = """
abstract baremodule begin break catch const continue do else elseif end export false finally for
function global if import in isa let local macro module mutable outer primitive public quote return
struct true try type using where while zeros Float64
"""


@dataclass(frozen=True)
class Language:
    """The grammar that a function of sums of products needs.

    Attributes
    ----------
    reserved : frozenset of str
        What no variable may be called.
    first : int
        Index of the first element of an array.
    integer_power, real_power : str
        With places ``base`` and ``exponent``.
    define : str
        A constant, with places ``name`` and ``value``.
    end : str
        Of a statement.
    comment : str
        To the end of a line, with one place.
    opening, closing : str
        Of the function, with places ``about`` (lines), ``helpers``, ``inputs`` and ``size``.
    inputs : str
        The argument that holds the inputs, where there are any.
    margin : str
        Before each line of ``about``.
    sign : str
        Helper that is written above the function where a law needs the sign of something.
    prefix : str
        Of functions.
    functions : mapping of str to str
        Those that are called something else.
    """

    reserved: frozenset[str]
    first: int
    integer_power: str
    real_power: str
    define: str
    end: str
    comment: str
    opening: str
    closing: str
    inputs: str
    margin: str
    sign: str = ""
    prefix: str = ""
    functions: Mapping[str, str] = field(default_factory=dict)

    def called(self, function: str) -> str:
        """Name of a function of `physmodel.problem.algebra.expression.FUNCTIONS`."""
        return self.functions.get(function, self.prefix + function)

    def raised(self, base: str, exponent: Fraction) -> str:
        """A power of a name, a call or a sum in parentheses."""
        whole = exponent.denominator == 1
        form = self.integer_power if whole else self.real_power
        if "({base}, " in form and base.startswith("("):
            base = base[1:-1]  # what is an argument needs no parentheses of its own
        return form.format(base=base, exponent=exponent.numerator if whole else float(exponent))


LANGUAGES = {
    "python": Language(
        _OWN | {*keyword.kwlist, "math"},
        0,
        "{base}**{exponent}",
        "math.pow({base}, {exponent})",
        "{name} = {value}",
        "",
        "  # {}",
        'import math\n\n\n{helpers}def rates(t, state{inputs}):\n    """{about}\n    """\n'
        "    rate = [0.0] * {size}\n",
        "    return rate\n",
        ", inputs",
        "    ",
        "def sign(x):\n    return math.copysign(1.0, x) if x else 0.0\n\n\n",
        "math.",
        {"abs": "abs", "sign": "sign"},
    ),
    "c": Language(
        _OWN | {*_C_WORDS.split()},
        0,
        "pow({base}, {exponent}.0)",
        "pow({base}, {exponent})",
        "const double {name} = {value}",
        ";",
        "  /* {} */",
        "#include <math.h>\n\n{helpers}/* {about}\n */\n"
        "void rates(double t, const double *state{inputs}, double *rate)\n{{\n",
        "}\n",
        ", const double *inputs",
        " * ",
        "static double sign(double x)\n{\n    return (x > 0.0) - (x < 0.0);\n}\n\n",
        "",
        {"abs": "fabs"},
    ),
    "julia": Language(
        _OWN | {*_JULIA_WORDS.split()},
        1,
        "{base}^{exponent}",
        "{base}^{exponent}",
        "{name} = {value}",
        "",
        "  # {}",
        '"""\n{about}\n"""\nfunction rates(t, state{inputs})\n    rate = zeros({size})\n',
        "    return rate\nend\n",
        ", inputs",
        "",
    ),
}
