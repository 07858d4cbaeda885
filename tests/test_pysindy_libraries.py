"""Feature libraries of PySINDy as ours: every feature becomes a term with the same numbers."""

from __future__ import annotations

import ast
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pysindy as ps
import pytest
from hypothesis import given
from hypothesis import strategies as st

import physmodel as pm
from physmodel.errors import ProblemError
from physmodel.interop import library_terms
from physmodel.models.terms import TermLibrary
from physmodel.problem.algebra.parser import parse

STATES, INPUTS = ("x", "y"), ("u",)


def custom(*pairs: tuple[Callable[..., Any], Callable[..., str]], **options: Any) -> Any:
    functions, names = zip(*pairs, strict=True)
    return ps.CustomLibrary(list(functions), function_names=list(names), **options)


#: A library over x, y, u and the terms that its documentation promises, in its order.
LIBRARIES: dict[str, tuple[Callable[[], Any], str]] = {
    "polynomial": (
        lambda: ps.PolynomialLibrary(degree=2),
        "1 x y u x^2 x*y x*u y^2 y*u u^2",
    ),
    "no bias": (lambda: ps.PolynomialLibrary(degree=1, include_bias=False), "x y u"),
    "powers only": (
        lambda: ps.PolynomialLibrary(degree=3, include_interaction=False),
        "1 x y u x^2 y^2 u^2 x^3 y^3 u^3",
    ),
    "interactions only": (
        lambda: ps.PolynomialLibrary(degree=3, interaction_only=True),
        "1 x y u x*y x*u y*u x*y*u",
    ),
    "identity": (ps.IdentityLibrary, "x y u"),
    "fourier": (
        lambda: ps.FourierLibrary(n_frequencies=2),
        "sin(x) cos(x) sin(y) cos(y) sin(u) cos(u) "
        "sin(2*x) cos(2*x) sin(2*y) cos(2*y) sin(2*u) cos(2*u)",
    ),
    "sines": (lambda: ps.FourierLibrary(include_cos=False), "sin(x) sin(y) sin(u)"),
    "custom": (
        lambda: custom(
            (lambda x: np.exp(-x), lambda x: f"exp(-{x})"),
            (lambda x, y: x / (1 + y**2), lambda x, y: f"{x}/(1 + {y}^2)"),
            include_bias=True,
        ),
        "1 exp(-x) exp(-y) exp(-u) x*(1+y^2)^-1 x*(1+u^2)^-1 y*(1+u^2)^-1",
    ),
    "concatenated": (
        lambda: ps.IdentityLibrary() + ps.FourierLibrary(include_cos=False),
        "x y u sin(x) sin(y) sin(u)",
    ),
    "tensored": (
        lambda: ps.IdentityLibrary() * ps.FourierLibrary(include_cos=False),
        "x*sin(x) x*sin(y) x*sin(u) y*sin(x) y*sin(y) y*sin(u) u*sin(x) u*sin(y) u*sin(u)",
    ),
    "generalized": (
        lambda: ps.GeneralizedLibrary(
            [ps.PolynomialLibrary(degree=1), ps.FourierLibrary(include_cos=False)],
            tensor_array=[[1, 1]],
            inputs_per_library=[[0, 1], [2]],
        ),
        "1 x y sin(u) sin(u) x*sin(u) y*sin(u)",
    ),
    "parameters": (
        lambda: ps.ParameterizedLibrary(
            feature_library=ps.IdentityLibrary(),
            parameter_library=ps.PolynomialLibrary(degree=1),
            num_features=2,
            num_parameters=1,
        ),
        "x y x*u y*u",
    ),
}


@pytest.mark.parametrize("name", LIBRARIES)
def test_a_library_becomes_exactly_its_terms(name: str) -> None:
    make, promised = LIBRARIES[name]
    variables = (*STATES, *INPUTS)
    # A promise holds no space inside a term.
    wanted = [parse(text, variables) for text in promised.split(" ")]
    terms = library_terms(make(), STATES, INPUTS)
    assert [parse(term, variables) for term in terms] == wanted
    # Canonical names are the ones that a problem and a result use.
    assert list(terms) == [str(term) for term in wanted]
    assert pm.Problem(STATES, INPUTS, library=terms).library == terms


@pytest.mark.parametrize("name", LIBRARIES)
def test_terms_have_the_values_of_the_features(name: str) -> None:
    library = LIBRARIES[name][0]()
    variables = (*STATES, *INPUTS)
    terms = tuple(parse(text, variables) for text in library_terms(library, STATES, INPUTS))
    points = np.random.default_rng(7).uniform(-3.0, 3.0, (50, 3))
    features = np.asarray(library.fit(points).transform(points))
    # The same few operations in another order: a few units in the last place.
    np.testing.assert_allclose(
        TermLibrary(variables, terms).evaluate(points), features, rtol=1e-12, atol=1e-12
    )


@pytest.mark.parametrize("name", LIBRARIES)
def test_a_library_is_not_changed(name: str) -> None:
    library = LIBRARIES[name][0]()
    before = set(vars(library))
    terms = library_terms(library, STATES, INPUTS)
    assert set(vars(library)) == before
    library.fit(np.ones((5, 3)))
    assert library_terms(library, STATES, INPUTS) == terms  # fitted or not


@given(
    n_states=st.integers(1, 3),
    degree=st.integers(0, 4),
    bias=st.booleans(),
    kind=st.sampled_from([(True, False), (True, True), (False, False)]),
)
def test_polynomials_of_any_kind(
    n_states: int, degree: int, bias: bool, kind: tuple[bool, bool]
) -> None:
    names = tuple("abc"[:n_states])
    library = ps.PolynomialLibrary(
        degree=degree, include_bias=bias, include_interaction=kind[0], interaction_only=kind[1]
    )
    count = library.fit(np.ones((2, n_states))).n_output_features_
    if not count:
        return
    terms = library_terms(library, names)
    assert len(set(terms)) == len(terms) == count
    assert ("1" in terms) == bias


@pytest.mark.parametrize(
    ("library", "words"),
    [
        (ps.CustomLibrary([lambda x: x**2]), ["'f0(x)' has no formula", "f0", "function_names"]),
        (
            custom((lambda x: x**2, lambda x: f"square of {x}")),
            ["'square of x' has no formula", "unknown name 'of'"],
        ),
        (custom((lambda x: x, lambda x: "x; y")), ["has no formula"]),
        (custom((lambda x: x, lambda x: f"__import__('os').getcwd()+{x}")), ["has no formula"]),
        # Right grammar, wrong formula.
        (custom((lambda x: x**2, lambda x: f"{x}^3")), ["'x^3' is not what its name says"]),
        (custom((lambda x: x + 1e-9, lambda x: x)), ["'x' is not what its name says"]),
        (custom((lambda x: np.log(x), lambda x: f"log(abs({x}))")), ["not what its name says"]),
        (custom((lambda x: np.nan * x, lambda x: x)), ["'x' is not what its name says"]),
        # PySINDy's tensor product would need brackets around this sum.
        (
            custom((lambda x, y: x + y, lambda x, y: f"{x} + {y}")) * ps.FourierLibrary(),
            ["not what its name says", "brackets"],
        ),
        (
            ps.PDELibrary(
                function_library=ps.IdentityLibrary(),
                derivative_order=1,
                spatial_grid=np.linspace(0.0, 1.0, 8),
            ),
            ["PDELibrary"],
        ),
        (custom((lambda x: 1 / len(str(x)[10**9]), lambda x: x)), ["cannot be evaluated"]),
        (ps.STLSQ(), ["STLSQ is no PySINDy feature library"]),
        ("polynomials", ["str is no PySINDy feature library"]),
    ],
)
def test_a_library_without_formulas_is_refused(library: Any, words: list[str]) -> None:
    with pytest.raises(ProblemError) as caught:
        library_terms(library, STATES)
    for word in words:
        assert word in str(caught.value)


def test_brackets_make_a_sum_a_factor() -> None:
    library = custom((lambda x, y: x + y, lambda x, y: f"({x} + {y})")) * ps.IdentityLibrary()
    terms = library_terms(library, STATES)
    assert [parse(term, STATES) for term in terms] == [
        parse("(x + y)*x", STATES),
        parse("(x + y)*y", STATES),
    ]


def test_a_formula_must_hold_on_the_data_too() -> None:
    clipped = custom((lambda x: np.minimum(x, 100.0), lambda x: x))
    assert library_terms(clipped, ("x",)) == ("x",)
    with pytest.raises(ProblemError, match="not what its name says"):
        library_terms(clipped, ("x",), at=np.array([[1.0], [500.0]]))


def test_names_of_more_than_one_letter_and_digit() -> None:
    library = ps.PolynomialLibrary(degree=2, include_bias=False)
    assert library_terms(library, ("x1", "theta_2")) == (
        "x1",
        "theta_2",
        "x1^2",
        "x1*theta_2",
        "theta_2^2",
    )


def test_a_law_within_a_pysindy_library() -> None:
    data = pm.catalogue.load("pendulum", noise=0.01)
    names = ("theta", "omega")
    # Sines of the angle only: one of omega, in rad/s, would be another function in another unit.
    parts = [ps.IdentityLibrary(), ps.FourierLibrary()]
    library = ps.GeneralizedLibrary(parts, inputs_per_library=[[0, 1], [0]])
    result = pm.discover(data, library=library_terms(library, names))
    assert result.status == "identified"
    assert {s: {i["term"] for i in result.terms(s)} for s in names} == {
        "theta": {"omega"},
        "omega": {"sin(theta)"},
    }


def test_only_one_room_imports_pysindy() -> None:
    root = Path(pm.__file__).parent
    found = set()
    for path in root.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            if any(name.split(".")[0] == "pysindy" for name in names):
                found.add(path.parent.name)
    assert found == {"interop"}
