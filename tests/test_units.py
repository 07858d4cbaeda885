"""Units: a small grammar, an exact algebra, and refusal of anything that is a guess."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from physmodel.errors import ProblemError
from physmodel.problem.algebra.parser import parse
from physmodel.problem.measures.units import Unit, coefficient_unit, parse_unit, unit_of

SYMBOLS = ("m", "s", "kg", "rad", "°C", "%", "µmol", "smoot", "k_B")
EXPONENTS = st.fractions(-5, 5, max_denominator=7).filter(bool)
UNITS = st.dictionaries(st.sampled_from(SYMBOLS), EXPONENTS, max_size=5).map(
    lambda powers: Unit(tuple(sorted(powers.items())))
)
ONE = Unit()


def unit(**powers: str | int) -> Unit:
    return Unit(tuple((symbol, Fraction(exponent)) for symbol, exponent in sorted(powers.items())))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1", ONE),
        (" 1 ", ONE),
        ("1/1", ONE),
        ("m/m", ONE),
        ("m^0", ONE),
        ("m", unit(m=1)),
        ("1 m", unit(m=1)),
        ("m²", unit(m=2)),
        ("m s⁻²", unit(m=1, s=-2)),
        ("m s-2", unit(m=1, s=-2)),
        ("m·s^-2", unit(m=1, s=-2)),
        ("m s**-2", unit(m=1, s=-2)),
        ("m/s/s", unit(m=1, s=-2)),
        ("m/s^2", unit(m=1, s=-2)),
        ("m s+2", unit(m=1, s=2)),
        ("kg*m/s^2", unit(kg=1, m=1, s=-2)),
        ("m/s kg", unit(kg=1, m=1, s=-1)),
        ("m/(s*kg)", unit(kg=-1, m=1, s=-1)),
        ("(m/s)^2", unit(m=2, s=-2)),
        ("1/s", unit(s=-1)),
        ("s^-1", unit(s=-1)),
        ("m^(1/2)", unit(m="1/2")),
        ("m^0.5", unit(m="1/2")),
        ("m^(-2/3)", unit(m="-2/3")),
        ("m^(1/3000)", unit(m="1/3000")),
        ("m^0.0001", unit(m="1/10000")),
        ("(m^(1/3))^3", unit(m=1)),
        ("au^3/day^2", unit(au=3, day=-2)),
        ("smoot/fortnight", unit(smoot=1, fortnight=-1)),
        ("°C/%", Unit((("%", Fraction(-1)), ("°C", Fraction(1))))),
        ("°", Unit((("°", Fraction(1)),))),
        ("µm", Unit((("µm", Fraction(1)),))),
    ],
)
def test_grammar(text: str, expected: Unit) -> None:
    assert parse_unit(text) == expected


@pytest.mark.parametrize("text", ["", " ", "\t\n"])
def test_no_text_is_an_unknown_unit_and_not_the_pure_number(text: str) -> None:
    assert parse_unit(text) is None


@pytest.mark.parametrize(
    "text",
    [
        *("m//", "m//s", "m*", "/m", "*m", "m^", "m**", "m^^2", "m^-", "m^*2"),
        *("1e3 m", "10 m", "2", "0", "1.5", "60 s", "3m", "1.0 m", "1e3", "-m", "+m", "-1"),
        *("m^1/2", "m^2^3", "m^(1/0)", "m^(2", "m)", "(m", "()", "(", "m^()", "m^s", "m+s"),
        *("m.s", "m;s", "m$", "m,s", "m=s", "'m'", "[m]", "m\x00", "m\ud800", "_m"),
        *("__import__('os')", "m.__class__", "lambda: 1"),
        *("(" * 5000 + "m" + ")" * 5000, "m^" + "(" * 5000, "m^" + "9" * 5000),
    ],
)
def test_what_is_not_a_unit_is_refused(text: str) -> None:
    with pytest.raises(ProblemError, match="not a unit"):
        parse_unit(text)


@given(a=UNITS)
def test_text_round_trips(a: Unit) -> None:
    assert parse_unit(str(a)) == a


@given(a=UNITS, b=UNITS, c=UNITS)
def test_units_are_an_abelian_group(a: Unit, b: Unit, c: Unit) -> None:
    assert a * b == b * a
    assert (a * b) * c == a * (b * c)
    assert a * ONE == a
    assert a / a == ONE
    assert (a / b) * b == a
    assert hash(a * b) == hash(b * a)


@given(a=UNITS, b=UNITS, p=EXPONENTS, q=EXPONENTS)
def test_powers_are_exact(a: Unit, b: Unit, p: Fraction, q: Fraction) -> None:
    assert a**p * a**q == a ** (p + q)
    assert (a**p) ** q == a ** (p * q)
    assert (a**p) ** (1 / p) == a
    assert (a * b) ** p == a**p * b**p
    assert a**0 == ONE
    assert a ** float(p) == a**p  # a float stands for the simple fraction next to it


@given(a=UNITS, b=UNITS)
def test_text_is_a_quotient_and_a_product(a: Unit, b: Unit) -> None:
    assert parse_unit(f"({a})*({b})") == a * b
    assert parse_unit(f"({a}) ({b})") == a * b
    assert parse_unit(f"({a})/({b})") == a / b
    assert parse_unit(f"({a})^(-2/3)") == a ** Fraction(-2, 3)


@given(a=UNITS, b=UNITS)
def test_unit_of_a_term_follows_its_algebra(a: Unit, b: Unit) -> None:
    def found(text: str) -> Unit | None:
        return unit_of(parse(text, ("x", "y")), {"x": a, "y": b})

    assert found("x^2*y") == a**2 * b
    assert found("3*x/sqrt(y)") == a / b ** Fraction(1, 2)
    assert found("y*sin(x)") == b
    assert found("abs(x)*y") == a * b
    assert found("x*y + 2*y*x") == a * b
    assert found("(x + 2*x)*y") == a * b
    assert found("7") == ONE
    assert found("x + x*y") == (a if b == ONE else None)
    assert found("y/(1 + x)") == (b if a == ONE else None)


def test_unknown_units_stay_unknown() -> None:
    units = {"x": parse_unit("m"), "y": None}
    assert unit_of(parse("x*y", ("x", "y")), units) is None
    assert unit_of(parse("x + abs(y)", ("x", "y")), units) is None
    assert unit_of(parse("x*z", ("x", "z")), units) is None
    assert unit_of(parse("x^2", ("x", "y")), units) == unit(m=2)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("1", True), ("rad", True), ("rad^2/sr", True), ("m", False), ("rad/s", False), ("%", False)],
)
def test_angles_are_numbers(text: str, expected: bool) -> None:
    found = parse_unit(text)
    assert found is not None
    assert found.is_number == expected


@pytest.mark.parametrize(
    ("order", "term", "expected"),
    [
        (1, "x", "1/s"),
        (2, "x", "1/s^2"),
        (2, "1", "m/s^2"),
        (2, "x*t^-2", "1"),
        (1, "x^3", "1/s/m^2"),
    ],
)
def test_unit_of_a_coefficient_makes_both_sides_agree(order: int, term: str, expected: str) -> None:
    known = {"x": parse_unit("m"), "t": parse_unit("s")}
    found = coefficient_unit(known["x"], known["t"], order, unit_of(parse(term, ("x", "t")), known))
    assert found
    assert parse_unit(found) == parse_unit(expected)


@pytest.mark.parametrize("unknown", ["state", "time", "term"])
def test_unit_of_a_coefficient_is_empty_where_one_is_unknown(unknown: str) -> None:
    known = {"state": parse_unit("m"), "time": parse_unit("s"), "term": parse_unit("1")}
    known[unknown] = None
    assert coefficient_unit(known["state"], known["time"], 1, known["term"]) == ""
