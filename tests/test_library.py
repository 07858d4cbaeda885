"""Exactly the terms that were named: no more, in any problem, file or search."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import physmodel as pm
from physmodel.errors import ProblemError
from physmodel.models.libraries.library import candidate_libraries
from physmodel.models.terms import polynomial_terms
from physmodel.problem.toml import dumps, read_problem

NAMES = ("x", "y", "z")


def cubic() -> tuple[str, ...]:
    return tuple(str(term) for term in polynomial_terms(NAMES, 3))


def test_the_same_terms_give_the_same_law() -> None:
    data = pm.catalogue.load("lorenz", noise=0.01)
    by_degree = pm.discover(data, degree=3)
    by_name = pm.discover(data, library=cubic())
    # The same numbers in the same order: the same bits.
    assert by_name.coefficients.identical(by_degree.coefficients)
    assert by_name.status == by_degree.status


def test_polynomials_by_name_are_searched_like_polynomials_by_degree() -> None:
    by_degree = candidate_libraries(pm.Problem(NAMES, degree=3), 1000)
    by_name = candidate_libraries(pm.Problem(NAMES, library=cubic()), 1000)
    # Of second order the degrees include velocities, which the names do not.
    assert [item.terms for item in by_name if item.order == 1] == [
        item.terms for item in by_degree if item.order == 1
    ]


def test_no_other_term_appears() -> None:
    data = pm.catalogue.load("lorenz")
    result = pm.discover(data, library=["x", "y", "x*z"], order=1)
    assert set(result.coefficients["term"].values) <= {"x", "y", "x*z"}
    # The law of z needs x*y, so these terms cannot explain the data, and that is said.
    assert result.status == "no-law"


def test_a_library_without_a_constant_has_none() -> None:
    (found,) = candidate_libraries(pm.Problem(("x",), order=1, library=("sin(x)", "x")), 100)
    assert [str(term) for term in found.terms.terms] == ["sin(x)", "x"]


def test_velocities_in_a_library_mean_second_order() -> None:
    problem = pm.Problem(("x",), library=("x", "x_t", "x*x_t"))
    assert {item.order for item in candidate_libraries(problem, 100)} == {2}
    t = np.linspace(0.0, 20.0, 400)
    data = pm.from_arrays(t, (np.exp(-0.1 * t) * np.cos(3.0 * t))[:, None], names=["x"])
    result = pm.discover(data, library=["x", "x_t"])
    # x = exp(-a t) cos(w t) solves x'' = -(a^2 + w^2) x - 2 a x'.
    found = {item["term"]: item["coefficient"] for item in result.terms("x")}
    assert found == pytest.approx({"x": -9.01, "x_t": -0.2}, rel=1e-7)


def test_a_library_replaces_what_a_dataset_says_about_its_terms() -> None:
    data = pm.catalogue.load("lynx-hare")  # its card says degree 1
    result = pm.discover(data, library=["1", "lynx", "hare"])
    assert [item["term"] for item in result.terms("hare")] == ["hare", "hare*lynx"]


def test_a_repeated_term_counts_once() -> None:
    (found,) = candidate_libraries(pm.Problem(("x",), order=1, library=("x", "1*x", "x")), 100)
    assert len(found.terms) == 1


@pytest.mark.parametrize("other", [{"degree": 0}, {"terms": ("x^5",)}, {"functions": ("sin",)}])
def test_a_library_and_other_terms_contradict_each_other(other: dict[str, object]) -> None:
    with pytest.raises(ProblemError, match="contradict") as caught:
        pm.Problem(("x",), library=("x",), **other)
    assert f"`{next(iter(other))}`" in str(caught.value)


def test_a_term_of_a_column_that_stands_still_is_refused() -> None:
    t = np.linspace(0.0, 10.0, 200)
    states = np.column_stack([np.sin(t), np.cos(t), np.full(200, 2.0)])
    data = pm.from_arrays(t, states, names=NAMES)
    with pytest.raises(ProblemError, match="'x\\*z' uses z, which does not move"):
        pm.discover(data, library=["x", "y", "x*z"])
    # Where no term needs it, the column is left out as ever.
    assert pm.discover(data, library=["x", "y"], order=1).problem.states == ("x", "y")


def test_a_library_survives_a_file(tmp_path: Path) -> None:
    problem = pm.Problem(NAMES, library=("x*exp(-y)", "sin(2*z)"))
    path = tmp_path / "problem.toml"
    path.write_text(dumps(problem))
    assert read_problem(path) == problem
