"""Laws as source text: it runs without physmodel and computes what the law computes."""

from __future__ import annotations

import ast
import ctypes
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import physmodel as pm
from physmodel.laws.export.identifiers import identifiers
from physmodel.laws.export.languages import LANGUAGES
from physmodel.laws.parts import coefficient_table
from physmodel.models.fields.central_force import CentralForce
from physmodel.models.fields.sparse_field import SparseField, term_variables
from physmodel.models.integration.integrate import integrate
from physmodel.problem.algebra.expression import FUNCTIONS
from physmodel.problem.algebra.parser import parse

Rates = Callable[..., list[float]]

#: Names that need care: Greek, accented, of another script, words of Python, C and Julia, and
#: words that the text uses itself.
AWKWARD = ("θ", "é", "位置", "double", "end", "rate", "math", "_x", "Ω", "y0", "pow", "state")


def law_of(
    states: tuple[str, ...], equations: dict[str, dict[str, float]], order: int = 1, **known: object
) -> pm.Result:
    """A law with these coefficients."""
    problem = pm.Problem(states=states, order=order, **known)
    variables = term_variables(states, problem.inputs, order)
    names = list(dict.fromkeys(term for row in equations.values() for term in row))
    weights = np.array([[equations[s].get(name, 0.0) for name in names] for s in states])
    terms = tuple(parse(name, variables) for name in names)
    field = SparseField(states, problem.inputs, order, terms, weights.reshape(len(states), -1))
    table = coefficient_table(states, names)
    return pm.Result(
        "identified", "converged", problem, field, *(table(k * weights) for k in (1.0, 0.01, 1.0))
    )


def python(law: pm.Result) -> Rates:
    """The exported function, from nothing but its text."""
    text = law.to_python()
    imported = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Import)]
    assert [alias.name for node in imported for alias in node.names] == ["math"]
    names: dict[str, Rates] = {}
    exec(compile(text, "law.py", "exec"), names)  # noqa: S102 - what the user would do
    return names["rates"]


@st.composite
def laws(draw: st.DrawFn) -> pm.Result:
    """Any support of any library: powers, negative and broken ones, functions, inputs, time."""
    states = tuple(draw(st.lists(st.sampled_from(AWKWARD), min_size=1, max_size=3, unique=True)))
    order = draw(st.sampled_from([1, 2]))
    inputs = tuple(draw(st.lists(st.sampled_from(["u", "Φ"]), max_size=2, unique=True)))
    names = st.sampled_from(term_variables(states, inputs, order))
    power = st.sampled_from(["", "^2", "^3", "^-1", "^-2", "^0.5", "^-1.5", "^(1/3)"])
    monomial = st.lists(st.tuples(names, power).map("".join), min_size=1, max_size=3).map("*".join)
    inner = st.sampled_from(["{}", "2*{}", "{}^2 - 1"])
    call = st.tuples(st.sampled_from(FUNCTIONS), inner, names).map(
        lambda one: f"{one[0]}({one[1].format(one[2])})"
    )
    term = st.just("1") | monomial | call | st.tuples(names, call).map("*".join)
    weight = st.floats(-2.0, 2.0).filter(lambda value: abs(value) > 1e-3)
    row = st.dictionaries(term, weight, max_size=4)
    return law_of(states, {state: draw(row) for state in states}, order, inputs=inputs)


@settings(max_examples=150)
@given(laws(), st.integers(0, 2**32 - 1))
def test_python_gives_the_rates_of_the_law(law: pm.Result, seed: int) -> None:
    rng, d, field = np.random.default_rng(seed), len(law.model.states), law.model
    rates = python(law)
    for _ in range(3):
        x, u = rng.uniform(0.2, 1.5, d * field.order), rng.uniform(0.2, 1.5, len(field.inputs))
        velocities = x[None, d:] if field.order == 2 else None
        with np.errstate(all="ignore"):
            true = field.rate(np.array([0.7]), x[None, :d], velocities, u[None])[0]
        assume(np.isfinite(true).all())  # log and roots of what is negative
        drive = [list(u)] if field.inputs else []
        got = np.array(rates(0.7, list(x), *drive))
        np.testing.assert_array_equal(got[: len(got) - d], x[d:])
        # The same few products, added in another order; tan and negative powers may cancel.
        size = np.abs(field.coefficients).sum() * max(1.0, np.abs(true).max())
        np.testing.assert_allclose(got[-d:], true, rtol=1e-11, atol=1e-11 * size)


@settings(max_examples=40)
@given(laws())
def test_integrating_the_text_is_simulating_the_law(law: pm.Result) -> None:
    rates, t, d = python(law), np.linspace(0.1, 0.6, 6), len(law.model.states)
    x0, v0 = np.linspace(0.4, 0.9, d), np.linspace(0.3, 0.6, d)

    def drive(now: float) -> np.ndarray:
        return np.array([1.0 + 0.2 * np.sin(now), 0.5 + now])[: len(law.model.inputs)]

    def right_hand_side(now: float, values: np.ndarray) -> np.ndarray:
        inputs = [list(drive(now))] if law.model.inputs else []
        return np.array(rates(now, list(values), *inputs))

    try:
        with np.errstate(all="ignore"):
            run = law.simulate(
                x0, t, v0=v0 if law.model.order == 2 else None, inputs=drive, rtol=1e-12
            )
    except pm.PhysmodelError:
        assume(False)  # it blows up or leaves the domain
    start = np.concatenate([x0, v0]) if law.model.order == 2 else x0
    path = integrate(right_hand_side, t, start, rtol=1e-12)
    own = np.column_stack([run[state].values for state in law.model.states])
    assume(np.abs(own).max() < 1e3)  # beyond, errors of the integration are no longer small
    np.testing.assert_allclose(path[:, :d], own, rtol=1e-9, atol=1e-9)


def shared(text: str, folder: Path) -> Callable[..., list[float]]:
    """The C function, compiled with all warnings as errors."""
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("there is no C compiler")
    (folder / "law.c").write_text(text, encoding="utf-8")
    library = folder / "law.so"
    command = [compiler, "-Wall", "-Werror", "-std=c99", "-pedantic", "-O1", "-shared", "-fPIC"]
    subprocess.run([*command, "-o", str(library), str(folder / "law.c"), "-lm"], check=True)
    function = ctypes.CDLL(str(library)).rates
    function.restype = None

    def rates(t: float, state: list[float], *inputs: list[float]) -> list[float]:
        out = (ctypes.c_double * len(state))()
        columns = [(ctypes.c_double * len(one))(*one) for one in (state, *inputs)]
        function(ctypes.c_double(t), *columns, out)
        return list(out)

    return rates


EVERYTHING = law_of(
    AWKWARD,
    {
        state: {
            f"{function}({AWKWARD[k - 1]})": 0.5,
            f"{state}^{(-1, 2, 3, 0.5)[k % 4]}": -1.25,
            f"u*{AWKWARD[k - 2]}": 1e-7,
            "t": 2.0,
            "1": -3.0,
        }
        for k, (state, function) in enumerate(zip(AWKWARD, (*FUNCTIONS, "sin"), strict=True))
    },
    inputs=("u", "unused"),
    units={"θ": "rad", "Ω": "1/s", "u": "µm"},
    time_unit="s",
    title='"""*/ \\ /* $(rm) ??/\n\x1b[2J" # -- #{x}',
)


def test_c_compiles_without_a_warning_and_gives_the_same_numbers(tmp_path: Path) -> None:
    rates, other = shared(EVERYTHING.to_c(), tmp_path), python(EVERYTHING)
    rng = np.random.default_rng(3)
    for _ in range(5):
        state, inputs = list(rng.uniform(0.2, 1.5, len(AWKWARD))), [0.7, 0.1]
        # The same operations in the same order; only pow may differ, in its last bit.
        assert rates(0.3, state, inputs) == pytest.approx(other(0.3, state, inputs), rel=1e-14)


def test_julia_is_the_python_text_in_its_own_words() -> None:
    text = EVERYTHING.to_julia()
    assert re.search(r"^function rates\(t, state, inputs\)$", text, re.MULTILINE)
    assert text.endswith("    return rate\nend\n")
    assert "rate = zeros(12)" in text
    assert "state[0]" not in text
    assert "math." not in text
    assert "**" not in text
    body = text[text.index("function rates") :]
    assert body.count("rate[") == EVERYTHING.to_python().count("rate[")
    assert "end_ = state[5]  # end in the data" in body
    assert "u4f4du7f6e = state[3]" in body


def test_bodies_are_written_pair_by_pair(tmp_path: Path) -> None:
    model = CentralForce(("a", "*/b"), ("x1", "y1", "x2", "y2"), -2.0, np.array([3.0, 0.5]))
    table = coefficient_table(model.states, ())(np.zeros((4, 0)))
    strengths = {
        body: {"value": value, "std": 0.1, "unit": ""}
        for body, value in zip(model.bodies, model.strengths, strict=True)
    }
    law = pm.Result(
        "identified",
        "converged",
        pm.Problem(states=model.states),
        model,
        table,
        table,
        table,
        laws=({"exponent": -2.0, "strengths": strengths},),
    )
    state = [0.0, 0.0, 3.0, 4.0, 0.1, 0.2, 0.3, 0.4]
    # Distance 5: body a is pulled by 0.5 / 25 along (3, 4) / 5, body b by 3 / 25 the other way.
    pulls = [0.02 * 0.6, 0.02 * 0.8, -0.12 * 0.6, -0.12 * 0.8]
    assert python(law)(0.0, state) == pytest.approx([*state[4:], *pulls], rel=1e-14)
    assert shared(law.to_c(), tmp_path)(0.0, state) == pytest.approx([*state[4:], *pulls])


@given(st.lists(st.text(min_size=1, max_size=4), unique=True, max_size=6))
def test_any_names_become_different_identifiers(names: list[str]) -> None:
    names = [name for name in names if name.isidentifier()]
    for language in LANGUAGES.values():
        found = identifiers(names, language.reserved)
        assert len(set(found.values())) == len(names)
        assert not set(found.values()) & language.reserved
        assert all(re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", text) for text in found.values())


def test_the_text_says_what_is_known_about_the_law() -> None:
    t = np.linspace(0.0, 30.0, 600)
    noise = 0.003 * np.random.default_rng(0).standard_normal(600)
    x = np.exp(-0.1 * t) * np.cos(2.0 * t) + noise
    law = pm.discover(pm.from_arrays(t, x, names=["x [m]"], time_units="s"))
    text = law.to_python()
    for said in (law.status, "state x [m], seen from", "time t [s], seen from 0 to 30", "[1/s^2]"):
        assert said in text
    for item in law.terms("x"):
        assert repr(item["coefficient"]) in text.replace("= -", "= -")  # all digits
    assert len(re.findall(r"# -?[\d.]+\(\d\d\)", text)) == len(law.terms("x"))
