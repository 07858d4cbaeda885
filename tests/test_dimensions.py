"""Dimensional analysis: published groups, the Pi theorem, and terms that units rule out."""

from __future__ import annotations

import math
import re
import tomllib
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import physmodel as pm
from physmodel.models.integration.integrate import integrate
from physmodel.models.libraries.library import candidate_libraries
from physmodel.models.null_space import null_space
from physmodel.models.terms import polynomial_terms
from physmodel.problem.algebra.calculus import evaluate
from physmodel.problem.algebra.parser import parse
from physmodel.problem.measures.base_units import PURE, Measure, measure
from physmodel.problem.measures.consistency import measure_of, measures_of, possible
from physmodel.problem.measures.dimensions import exponents_of, pi_groups, rescalings
from physmodel.problem.measures.units import Unit, parse_unit, unit_of

Array = NDArray[np.float64]

#: Units of mechanics and electricity, derived ones among them.
UNITS = st.sampled_from(
    ("m", "mm", "s", "1/s", "Hz", "kg", "m/s", "m/s^2", "N", "J", "Pa*s", "kg/m^3", "V", "ohm", "1")
)
TABLES = st.lists(UNITS, min_size=1, max_size=7).map(
    lambda u: {f"q{k}": x for k, x in enumerate(u)}
)


def of(text: str) -> Measure:
    unit = parse_unit(text)
    assert unit is not None
    return measure(unit)


# --- Base units ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "base", "size"),
    [
        ("N", "kg*m/s^2", 1.0),
        ("kN*mm", "kg*m^2/s^2", 1.0),
        ("V*A", "W", 1.0),
        ("L", "m^3", 1e-3),
        ("mol/L", "mol/m^3", 1e3),
        ("cd", "cd", 1.0),  # no hundredth of a day
        ("min", "s", 60.0),  # no milli-inch
        ("Pa", "kg/m/s^2", 1.0),  # no peta-year
        ("mm/m", "1", 1e-3),
        ("deg", "1", math.pi / 180.0),
        ("rad/s", "1/s", 1.0),
        ("kpelt", "kpelt", 1.0),  # not known: a unit of its own
    ],
)
def test_units_in_base_units(text: str, base: str, size: float) -> None:
    assert of(text).dimension == of(base).dimension
    # A few products of decimal prefixes, each rounded once.
    assert of(text).size == pytest.approx(size * of(base).size, rel=1e-14)


# --- Groups ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("units", "groups"),
    [
        # Pendulum: the mass takes no part.
        ({"T": "s", "l": "m", "g": "m/s^2", "m": "kg"}, {"T^2*l^-1*g"}),
        # Drag on a sphere, Buckingham (1914): Reynolds number and F/(mu v d).
        (
            {"F": "N", "rho": "kg/m^3", "v": "m/s", "d": "m", "mu": "Pa*s"},
            {"rho*v*d*mu^-1", "F*v^-1*d^-1*mu^-1"},
        ),
        # Blast wave, Taylor (1950): R^5 = C E t^2 / rho.
        ({"R": "m", "E": "J", "t": "s", "rho": "kg/m^3"}, {"R^5*E^-1*t^-2*rho"}),
        # Kepler's third law.
        ({"T": "day", "a": "au", "GM": "au^3/day^2"}, {"T^2*a^-3*GM"}),
        ({"x": "", "y": "m"}, set()),
        ({"x": "°C", "y": "°C"}, set()),
        ({}, set()),
    ],
)
def test_published_groups(units: dict[str, str], groups: set[str]) -> None:
    assert {str(group) for group in pm.pi_groups(units)} == groups


@given(TABLES)
def test_groups_are_complete_and_dimensionless(units: dict[str, str]) -> None:
    groups = pi_groups(units)
    measures = {name: of(text) for name, text in units.items()}
    for group in groups:
        total = PURE
        for name, power in group.powers:
            total = total * measures[name] ** power
        assert total.dimension == Unit()  # exactly
        assert group.factor == pytest.approx(total.size, rel=1e-12)  # seven products
        assert math.gcd(*(power for _, power in group.powers)) == 1
        assert group.powers[0][1] > 0
    symbols = sorted({s for one in measures.values() for s, _ in one.dimension.powers})
    table = [
        [float(dict(m.dimension.powers).get(s, 0)) for s in symbols] for m in measures.values()
    ]
    rank = int(np.linalg.matrix_rank(np.array(table))) if symbols else 0
    assert len(groups) == len(units) - rank  # Buckingham (1914)
    powers = [[dict(group.powers).get(name, 0) for name in units] for group in groups]
    assert not groups or np.linalg.matrix_rank(np.array(powers)) == len(groups)


@given(TABLES, st.integers(0, 2**32 - 1))
def test_the_value_of_a_group_does_not_depend_on_units(units: dict[str, str], seed: int) -> None:
    changed = {n: {"m": "mm", "N": "kg*mm/s^2", "s": "min"}.get(u, u) for n, u in units.items()}
    values = np.exp(np.random.default_rng(seed).normal(size=len(units)))
    other = {n: v * of(units[n]).size / of(changed[n]).size
             for n, v in zip(units, values, strict=True)}  # fmt: skip
    before, after = pi_groups(units), pi_groups(changed)
    assert [g.powers for g in before] == [g.powers for g in after]
    named = dict(zip(units, values, strict=True))
    for one, two in zip(before, after, strict=True):
        sizes = [
            group.factor * math.prod(at[n] ** p for n, p in group.powers)
            for group, at in ((one, named), (two, other))
        ]
        # Exponents up to about 10 of numbers that are rounded once or twice.
        assert sizes[0] == pytest.approx(sizes[1], rel=1e-12)


def test_many_columns_of_one_unit_have_ratios() -> None:
    groups = pi_groups({f"x{k}": "au" for k in range(60)})
    assert len(groups) == 59
    assert all(len(group.powers) == 2 and group.factor == 1.0 for group in groups)


# --- Changes of units ------------------------------------------------------------------------


def test_the_scaling_of_keplers_third_law() -> None:
    (found,) = rescalings({"x": "m", "vx": "m/s"}, "s", {"GM": "m^3/s^2"})
    assert found.name == "scaling:x=2,vx=-1,t=3"
    assert rescalings({"x": "m"}, "s", {"g": "m/s^2", "L": "m"}) == ()
    with pytest.raises(pm.ProblemError, match="the unit of y is not known"):
        rescalings({"x": "m", "y": ""}, "s")


@given(TABLES, UNITS, st.lists(UNITS, max_size=2))
def test_groups_are_the_invariants_of_rescalings(
    units: dict[str, str], time: str, constants: list[str]
) -> None:
    known = {f"c{k}": unit for k, unit in enumerate(constants)}
    groups = pi_groups({**units, "t": time, **known})
    for symmetry in rescalings(units, time, known):
        (generator,) = symmetry.generators
        weights = dict(zip(symmetry.variables, np.diag(generator.linear), strict=True))
        weights["t"] = generator.time
        for group in groups:
            # Whole numbers: exact.
            assert sum(weights.get(name, 0.0) * power for name, power in group.powers) == 0.0


@settings(max_examples=40)
@given(st.tuples(UNITS, UNITS), UNITS, st.lists(UNITS, min_size=1, max_size=2), st.booleans())
def test_the_filter_is_equivariance_under_rescalings(
    units: tuple[str, str], time: str, constants: list[str], second: bool
) -> None:
    order = 2 if second else 1
    table = dict(zip("xy", units, strict=True))
    known = {f"c{k}": unit for k, unit in enumerate(constants)}
    problem = pm.Problem(("x", "y"), units=table, time_unit=time, constants=known, order=order)
    variables = ("x", "y", *(("x_t", "y_t") if second else ()), "t")
    terms = polynomial_terms(variables, 2)
    allowed = np.array(possible(problem, order, terms))
    conditions = [
        condition
        for symmetry in rescalings(table, time, known)
        for condition in symmetry.conditions(("x", "y"), (), order)
    ]
    basis = null_space([terms, terms], ("x", "y"), variables, conditions)
    np.testing.assert_array_equal(basis.any(axis=1), allowed.ravel())
    assert basis.shape[1] == allowed.sum()


# --- Terms (property 11 of the reference) ----------------------------------------------------


SYMBOLS = st.dictionaries(
    st.sampled_from(("m", "s", "kg", "pelt")),
    st.fractions(-3, 3, max_denominator=3),
    max_size=3,
).map(lambda table: Unit(tuple(sorted((s, e) for s, e in table.items() if e))))


def falling(noise: float = 0.0, seed: int = 0, n: int = 30, **changes: Any) -> Any:
    """A ball thrown up, with its velocity."""
    t = np.linspace(0.0, 1.2, n)
    x = np.column_stack([5.0 * t - 9.81 * t**2 / 2.0, 5.0 - 9.81 * t])
    x = x + noise * x.std(axis=0) * np.random.default_rng(seed).normal(size=x.shape)
    known: dict[str, Any] = {"units": {"x": "m", "v": "m/s"}, "time_units": "s", **changes}
    return pm.from_arrays(t, x, names=["x", "v"], **known)


@settings(max_examples=6)
@given(SYMBOLS, SYMBOLS, SYMBOLS)
def test_11_both_sides_of_an_equation_agree(x: Unit, v: Unit, time: Unit) -> None:
    assume(not {"°C"} & {s for unit in (x, v, time) for s, _ in unit.powers})
    law = pm.discover(falling(0.01, units={"x": str(x), "v": str(v)}, time_units=str(time)))
    known = {"x": x, "v": v, "t": time, "x_t": x / time, "v_t": v / time}
    rows = 0
    for state in ("x", "v"):
        for row in law.terms(state):
            unit, term = (
                parse_unit(row["unit"]),
                unit_of(parse(row["term"], tuple(known)), known),
            )
            assert unit is not None
            assert term is not None
            assert unit * term * time**law.model.order == known[state]  # exact fractions
            rows += 1
    assert rows


@settings(max_examples=25)
@given(st.tuples(UNITS, UNITS), UNITS, st.lists(UNITS, min_size=1, max_size=2))
def test_11_libraries_hold_consistent_terms_only(
    units: tuple[str, str], time: str, constants: list[str]
) -> None:
    known = {f"c{k}": unit for k, unit in enumerate(constants)}
    problem = pm.Problem(
        ("x", "y"), units=dict(zip("xy", units, strict=True)), time_unit=time, constants=known
    )
    at = measures_of(problem)
    try:
        libraries = candidate_libraries(problem, 500)
    except pm.ProblemError as error:
        assert "can be made of" in str(error)  # noqa: PT017 - some draws leave nothing
        return
    for library in libraries:
        terms = library.terms.terms
        used = np.ones((2, len(terms)), bool) if library.allowed is None else library.allowed
        for (e, k), kept in np.ndenumerate(used):
            term = measure_of(terms[k], at)
            assert term is not None
            wanted = (at["xy"[e]] / at["t"] ** library.order / term).dimension
            powers = exponents_of(wanted, [at[name].dimension for name in known])
            assert (powers is not None) == kept
            if kept:
                assert powers is not None
                made = PURE
                for name, power in zip(known, powers, strict=True):
                    made = made * at[name] ** Fraction(power)
                assert made.dimension == wanted


@pytest.mark.parametrize(
    ("known", "words"),
    [
        ({"terms": ("exp(-x)",)}, ["term 'exp(-x)'", "pure number", "is in m"]),
        ({"library": ("x", "sin(x)")}, ["term 'sin(x)'", "pure number"]),
        ({"functions": ("sin",)}, ["term 'sin(x)'", 'x0 = "1 m"', "sin(x/x0)"]),
        ({"terms": ("x+v",)}, ["term 'x+v'", "x is in m and v in m/s", "no sum"]),
        ({"terms": ("x/(1+x)",)}, ["term 'x/(1+x)'", "no sum"]),
        ({"terms": ("exp(x/L)",), "constants": {"L": "m"}}, ["needs the value of L", '"2.5 m"']),
        ({"terms": ("exp(x/L)",), "constants": {"L": "2 mm"}}, ["pure number", "units of 1000"]),
        ({"constants": {"g": "m//"}}, ["constants.g", "'m//' is not a unit"]),
        ({"constants": {"g": "0 m"}}, ["constants.g", "other than zero"]),
        ({"constants": {"g": ""}}, ["constants.g", "needs its unit"]),
        ({"constants": {"g": 9.81}}, ["constants.g", "needs its unit"]),
        ({"constants": {"T": "300 °C"}}, ["constants.T", "zero of its own", "K"]),
        ({"constants": {"x": "m"}}, ["'x'", "named twice"]),
        ({"constants": {"sin": "m"}}, ["'sin'", "cannot be the name"]),
        ({"constants": "g"}, ["constants", "table"]),
        (
            {"states": ("x",), "constants": {"q": "kg"}},
            ["can be made of q", "declare the constants"],
        ),
        ({"constants": {"g": "m/s^2"}, "time_unit": ""}, ["unit of the time is not known"]),
    ],
)
def test_what_does_not_fit_is_refused_by_name(known: dict[str, Any], words: list[str]) -> None:
    data = falling(time_units="") if known.get("time_unit") == "" else falling()
    with pytest.raises(pm.ProblemError) as caught:
        pm.discover(data, **known)
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize(
    ("units", "term", "written"),
    [
        ({"x": "rad", "v": "rad/s"}, "sin(v)", "sin(v/v0)"),
        ({"x": "m", "v": "m/s"}, "sin(v)", "sin(v/v0)"),
        ({"x": "mm", "v": "mm/s"}, "sin(2*v)", "sin((2*v)/v0)"),
        ({"x": "m", "v": "m/s"}, "sin(v*x)", "sin((x*v)/scale)"),
    ],
)
def test_the_advice_for_a_sine_of_a_unit_can_be_taken(
    units: dict[str, str], term: str, written: str
) -> None:
    """What the refusal says is enough, gives the same numbers, and every coefficient a unit."""
    names, time = ("x", "v", "t"), np.linspace(0.0, 9.0, 200)
    motion = np.column_stack([np.sin(time), np.cos(time)])
    data = pm.from_arrays(time, motion, names=["x", "v"], units=units, time_units="s")
    with pytest.raises(pm.ProblemError) as caught:
        pm.discover(data, library=("x", "v", term))
    assert caught.value.where == f"term {term!r}"
    told = re.fullmatch(r"declare (constants = .*}) and write the term (\S+), .*", caught.value.fix)
    assert told
    constants = tomllib.loads(told[1])["constants"]
    assert told[2] == written
    problem = pm.Problem(
        ("x", "v"), units=units, time_unit="s", constants=constants, library=("x", "v", written)
    )
    for library in candidate_libraries(problem, 500):
        assert library.allowed is None  # nothing is left out
        numbers = library.terms.evaluate(np.full((1, len(library.terms.variables)), 0.7))
        assert np.isclose(numbers, evaluate(parse(term, names), {"x": 0.7, "v": 0.7})).any()
    law = pm.discover(data, library=("x", "v", written), constants=constants)
    assert law.status == "identified"
    assert all(row["unit"] for state in ("x", "v") for row in law.terms(state))


def test_terms_with_constants_mean_what_they_say() -> None:
    problem = pm.Problem(
        ("x", "v"), units={"x": "m", "v": "m/s"}, time_unit="s",
        constants={"L": "2 m", "g": "m/s^2"}, terms=("v*exp(-x/L)", "L*x"), order=1,
    )  # fmt: skip
    library = candidate_libraries(problem, 500)[0]
    # v' in m/s^2 may hold (g/L)^(1/2) v exp(-x/L): the value stands in the term, its unit counts.
    assert {"v*exp(-0.5*x)", "2*x"} <= {str(term) for term in library.terms.terms}
    assert pm.Problem.from_mapping(problem.to_mapping()) == problem


def test_gravity_alone_leaves_the_law_of_falling() -> None:
    right = {"plain": 0, "constants": 0}
    for seed in range(4):
        for name, known in (("plain", {}), ("constants", {"constants": {"g": "m/s^2"}})):
            law = pm.discover(falling(0.1, seed), order=1, **known)
            terms = {(s, r["term"]) for s in ("x", "v") for r in law.terms(s)}
            right[name] += law.status == "identified" and terms == {("x", "v"), ("v", "1")}
    # Two coefficients of 20 can be made of g alone; noise of a tenth leaves one record ambiguous.
    assert right["plain"] < right["constants"]
    assert right["constants"] >= 3
    label = next(f.message for f in law.warnings if f.code == "I-LIBRARY")
    assert "without 18 of 20 coefficients that cannot be made of g" in label


def test_constants_and_symmetries_together() -> None:
    problem = pm.Problem(
        ("x", "y"), units={"x": "mol/L", "y": "mol/L"}, time_unit="s", order=1,
        constants={"k": "L/mol/s"}, symmetries=("permutation:x;y",),
    )  # fmt: skip
    library = candidate_libraries(problem, 500)[0]
    assert [str(term) for term in library.terms.terms] == ["x^2", "x*y", "y^2"]
    assert library.basis is not None
    assert library.basis.shape == (6, 3)
    # With unlike units each equation has terms of its own.
    mixed = pm.Problem(
        ("x", "v"), units={"x": "m", "v": "m/s"}, time_unit="s", constants={"g": "m/s^2"},
        symmetries=("time-translation",), order=1,
    )  # fmt: skip
    library = candidate_libraries(mixed, 500)[0]
    table = np.abs(library.basis).sum(axis=1).reshape(2, -1) if library.basis is not None else None
    assert [str(term) for term in library.terms.terms] == ["1", "v"]
    np.testing.assert_array_equal(table, [[0.0, 1.0], [1.0, 0.0]])


def test_sines_are_tried_of_pure_numbers_only() -> None:
    def labels(unit: str) -> list[str]:
        return [
            item.label for item in candidate_libraries(pm.Problem(("x",), units={"x": unit}), 99)
        ]

    assert any("sin" in label for label in labels("rad"))
    assert not any("sin" in label for label in (*labels("m"), *labels("deg")))


def test_degrees_are_converted_to_radians() -> None:
    """A pendulum that swings wide: its sine is seen in radians only, whatever the unit given."""
    t = np.linspace(0.0, 12.0, 480)
    swing = integrate(lambda _, s: np.array([s[1], -4.0 * np.sin(s[0])]), t, [2.0, 0.0])
    noisy = swing + 1e-3 * np.random.default_rng(0).standard_normal(swing.shape)
    names = ["angle [deg]", "speed [deg/s]"]
    data = pm.from_arrays(t, np.degrees(noisy), names=names, time_units="s")
    law = pm.discover(data)
    assert law.status == "identified"
    assert dict(law.problem.units) == {"angle": "rad", "speed": "rad/s"}
    assert {"I-DEGREES"} <= {finding.code for finding in law.warnings}
    (term,) = law.terms("speed")
    assert term["term"] == "sin(angle)"
    assert abs(term["coefficient"] + 4.0) < 5.0 * term["std"]
    # Data in degrees are scored as what they are: those of the fit, and others.
    assert law.score(data)["free_run_r2"] > 0.99
    assert float(np.abs(law.predict(data).values[:, 0] - noisy[:, 1]).max()) < 1e-2
