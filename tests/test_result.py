"""A result: what it says, what it computes, and that it survives being saved."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

import physmodel as pm
from physmodel.laws.parts import coefficient_table
from physmodel.laws.texts.latex import latex_number, unit_latex
from physmodel.laws.texts.render import left_side, number
from physmodel.models.fields.sparse_field import SparseField
from physmodel.models.integration.integrate import integrate
from physmodel.models.signals import Signal
from physmodel.models.simulated.systems import SYSTEMS
from physmodel.problem.algebra.expression import variable
from physmodel.problem.algebra.printing import name_latex
from physmodel.reports.figures import equation_svg
from tests.test_report import ALLOWED, Page

CASES = ("lorenz", "lynx-hare", "three-body", "forced-duffing", "damped")


@pytest.fixture(scope="module")
def laws() -> dict[str, pm.Result]:
    """One law of each kind: quadratic, positive states, bodies, an input, second order."""
    t = np.linspace(0.0, 40.0, 800)
    damped = np.exp(-0.1 * t) * np.cos(2.0 * t)  # x'' = -0.2 x' - 4.01 x, exactly
    data = {
        "lorenz": pm.catalogue.load("lorenz", periods=6.0),
        "lynx-hare": pm.catalogue.load("lynx-hare"),
        "three-body": pm.catalogue.load("three-body", periods=2.0),
        "forced-duffing": pm.catalogue.load("forced-duffing", periods=3.0),
        "damped": pm.from_arrays(t, damped, names=["x [m]"], time_units="s"),
    }
    data["forced-duffing"]["u"].attrs["hold"] = "band-limited"
    return {name: pm.discover(record) for name, record in data.items()}


@pytest.fixture(scope="module")
def saved(laws: dict[str, pm.Result], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one run for each law."""
    folder = tmp_path_factory.mktemp("runs")
    for name, law in laws.items():
        law.save(folder / name)
    return folder


@pytest.fixture(scope="module")
def model(saved: Path) -> dict[str, Any]:
    return json.loads((saved / "lynx-hare" / "model.json").read_text(encoding="utf-8"))


# Saved and loaded.


@pytest.mark.parametrize("case", CASES)
def test_a_loaded_law_is_the_saved_law_to_the_last_bit(
    laws: dict[str, pm.Result], saved: Path, case: str
) -> None:
    law, back = laws[case], pm.load(saved / case)
    for table in ("coefficients", "std_errors", "inclusion"):
        xr.testing.assert_identical(getattr(law, table), getattr(back, table))
    assert (back.status, back.solver_code, back.laws) == (law.status, law.solver_code, law.laws)
    assert back.problem == law.problem
    for state in law.problem.states:
        assert back.terms(state) == law.terms(state)  # units too
    assert [r.delta for r in back.rivals] == [r.delta for r in law.rivals]
    for mine, theirs in zip(law.rivals, back.rivals, strict=True):
        for state in law.problem.states:
            key = lambda item: item["term"]  # noqa: E731 - rivals may list their terms anew
            assert sorted(mine.terms(state), key=key) == sorted(theirs.terms(state), key=key)
    assert str(back) == str(law)
    assert back.to_latex() == law.to_latex()


@pytest.mark.parametrize("case", CASES)
def test_a_loaded_law_predicts_and_simulates_the_same_bits(
    laws: dict[str, pm.Result], saved: Path, case: str
) -> None:
    law, back = laws[case], pm.load(saved / case / "model.json")
    assert law.data is not None
    xr.testing.assert_identical(law.predict(law.data), back.predict(law.data))
    t = float(law.start["time"]) + np.linspace(0.0, 2.0, 5)
    xr.testing.assert_identical(law.simulate(t=t), back.simulate(t=t))


def test_the_saved_files_are_json_and_netcdf(saved: Path) -> None:
    assert {path.name for path in (saved / "lorenz").iterdir()} == {"model.json", "data.nc"}

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON")

    table = json.loads((saved / "lorenz" / "model.json").read_bytes(), parse_constant=refuse)
    assert table["schema_version"] == 1
    assert set(table["equations"]) == {"x", "y", "z"}
    assert set(table["equations"]["x"][0]) == {"term", "coefficient", "std", "inclusion", "unit"}


def test_saving_what_was_loaded_changes_no_byte(saved: Path, tmp_path: Path) -> None:
    again = pm.load(saved / "lynx-hare").save(tmp_path / "lynx-hare")
    assert again.read_bytes() == (saved / "lynx-hare" / "model.json").read_bytes()


def test_a_law_without_its_data_still_runs(saved: Path, tmp_path: Path) -> None:
    (tmp_path / "model.json").write_bytes((saved / "lorenz" / "model.json").read_bytes())
    law = pm.load(tmp_path)
    assert law.data is None
    assert np.isfinite(law.simulate(t=np.linspace(0.0, 1.0, 5))["x"].values).all()
    with pytest.raises(pm.ProblemError, match="needs the data"):
        pm.report(law, tmp_path)


def integrity(folder: Path, content: str | bytes) -> pm.IntegrityError:
    raw = content.encode() if isinstance(content, str) else content
    (folder / "model.json").write_bytes(raw)
    with pytest.raises(pm.IntegrityError) as caught:
        pm.load(folder)
    assert caught.value.exit_code == 4
    assert caught.value.where == "model.json"
    return caught.value


def test_a_missing_model_is_an_integrity_error_with_a_cure(tmp_path: Path) -> None:
    with pytest.raises(pm.IntegrityError, match="no model here") as caught:
        pm.load(tmp_path)
    assert "physmodel discover -o" in caught.value.fix


def test_a_truncated_model_is_refused_wherever_it_ends(saved: Path, tmp_path: Path) -> None:
    content = (saved / "lynx-hare" / "model.json").read_bytes().rstrip()
    for end in np.linspace(0, len(content) - 1, 25).astype(int):
        assert "not JSON" in integrity(tmp_path, content[:end]).what


@pytest.mark.parametrize(
    ("content", "word"),
    [
        ("[1, 2]", "not a model"),
        ("{}", "schema_version"),
        ('{"schema_version": 99}', "schema version 99"),
        (b"\x80\x04\x95pickle", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ('{"schema_version": ' + "9" * 5000 + "}", "not JSON"),
    ],
    ids=["list", "empty", "schema", "pickle", "deep", "digits"],
)
def test_a_foreign_file_is_refused(tmp_path: Path, content: str | bytes, word: str) -> None:
    assert word in str(integrity(tmp_path, content))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("status",), "certain"),
        (("order",), 3),
        (("start",), {}),
        (("start", "states"), [1.0]),
        (("problem", "states"), ["hare"]),
        (("equations", "hare", 0, "coefficient"), None),
        (("equations", "hare", 0, "coefficient"), "0.5"),
        (("equations", "hare", 0, "coefficient"), float("inf")),
        (("equations", "hare", 0, "term"), "hare*wolf"),
        (("equations", "hare", 0, "term"), "__import__('os').system('touch owned')"),
    ],
    ids=lambda part: str(part)[:25],
)
def test_a_tampered_model_is_refused(
    model: dict[str, Any], tmp_path: Path, path: tuple[Any, ...], value: Any
) -> None:
    error = integrity(tmp_path, json.dumps(_changed(model, path, value)))
    assert error.what.startswith("not a model")
    assert [entry.name for entry in tmp_path.iterdir()] == ["model.json"]  # nothing was run


@settings(max_examples=80)
@given(
    st.randoms(use_true_random=False),
    st.sampled_from((None, True, -1, 1e300, float("nan"), "", "x", "t", [], [None], {}, {"a": 1})),
)
def test_any_one_value_replaced_is_refused_or_harmless(
    model: dict[str, Any], tmp_path_factory: pytest.TempPathFactory, draw: Any, value: Any
) -> None:
    path = draw.choice(_paths(model))
    folder = tmp_path_factory.mktemp("tampered")
    text = json.dumps(_changed(model, path, value))
    (folder / "model.json").write_text(text, encoding="utf-8")
    try:
        law = pm.load(folder)
    except pm.IntegrityError:
        return
    assert str(law)
    assert law.to_latex()


def _changed(table: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    copy = list(table) if isinstance(table, list) else dict(table)
    copy[path[0]] = _changed(copy[path[0]], path[1:], value)
    return copy


def _paths(table: Any) -> list[tuple[Any, ...]]:
    inner = table.items() if isinstance(table, dict) else enumerate(table)
    found = []
    for key, item in inner:
        found.append((key,))
        if isinstance(item, dict | list):
            found += [(key, *rest) for rest in _paths(item)]
    return found


# What it computes.


def test_predict_is_the_right_hand_side(laws: dict[str, pm.Result]) -> None:
    x = np.random.default_rng(1).normal(scale=20.0, size=(50, 3))
    rates = laws["lorenz"].predict(pm.from_arrays(1.0, x, names=["x", "y", "z"]))
    assert rates.dims == ("sample", "equation")
    truth = np.array([SYSTEMS["lorenz"].rhs(0.0, row) for row in x])
    # The coefficients are good to 1e-8 of their values (test_discovery).
    np.testing.assert_allclose(rates.values, truth, rtol=0.0, atol=1e-7 * np.abs(truth).max())


@pytest.mark.parametrize("case", CASES)
def test_sympy_equations_are_the_model(laws: dict[str, pm.Result], case: str) -> None:
    sympy = pytest.importorskip("sympy")
    field, equations = laws[case].model, laws[case].to_sympy()
    rng, n, d = np.random.default_rng(2), 20, len(field.states)
    x, v, u = rng.uniform(0.5, 2.0, (n, d)), rng.normal(size=(n, d)), rng.normal(size=(n, 1))
    drive = u[:, : len(field.inputs)]
    rate = field.rate(np.zeros(n), x, v if field.order == 2 else None, drive)
    t = sympy.Symbol("t", real=True)
    functions = [sympy.Function(name)(t) for name in (*field.states, *field.inputs)]
    plain = sympy.symbols([f"a{k}" for k in range(len(functions) + d)])
    swap = [(f.diff(t), a) for f, a in zip(functions, plain[-d:], strict=False)]
    swap += list(zip(functions, plain, strict=False))
    for k, state in enumerate(field.states):
        left, right = equations[state].args
        assert left == functions[k].diff(t, field.order)
        value = sympy.lambdify(plain, right.subs(swap), "numpy")(*x.T, *drive.T, *v.T)
        # Both sum the same few products in float64; sums of size 1 lose a few digits at most.
        np.testing.assert_allclose(value, rate[:, k], rtol=1e-12, atol=1e-12 * np.abs(rate).max())


def test_score_tells_a_law_from_a_wrong_one(laws: dict[str, pm.Result]) -> None:
    t = np.linspace(0.0, 3.0, 301)
    rest = np.array([-6.0, 4.0, 30.0])  # not on the trajectory of the fit
    names = ["x", "y", "z"]

    def record(rho: float) -> xr.Dataset:
        def rhs(_: float, s: np.ndarray) -> np.ndarray:
            x, y, z = s
            return np.array([10 * (y - x), x * (rho - z) - y, x * y - 8 / 3 * z])

        return pm.from_arrays(t, integrate(rhs, t, rest, rtol=1e-12), names=names)

    right, wrong = (laws["lorenz"].score(record(rho)) for rho in (28.0, 15.0))
    # Errors of 1e-8 grow by exp(0.9 * 3) = 15; the integration of the score adds 1e-8 per unit.
    assert right["free_run_r2"] > 1.0 - 1e-10
    assert right["valid_time"] == right["record"] == pytest.approx(3.0)
    # At rho = 15 the states settle at a fixed point; the law goes on swinging.
    assert wrong["free_run_r2"] < 0.5
    assert wrong["valid_time"] < 1.0


def test_simulation_follows_the_exact_solution(laws: dict[str, pm.Result]) -> None:
    t = np.linspace(0.0, 10.0, 101)
    run = laws["damped"].simulate([1.0], t, v0=[-0.1])  # the start of exp(-0.1 t) cos 2t
    # Coefficients good to 1e-7 act over ten units of time.
    np.testing.assert_allclose(run["x"].values, np.exp(-0.1 * t) * np.cos(2.0 * t), atol=1e-6)
    np.testing.assert_array_equal(run["time"].values, t)
    assert (run["x"].attrs["units"], run["time"].attrs["units"]) == ("m", "s")


def test_inputs_are_those_given_or_those_recorded(laws: dict[str, pm.Result]) -> None:
    law = laws["forced-duffing"]
    assert law.data is not None
    t, u = law.data["time"].values, law.data["u"].values
    at = t[:60:10]  # kinks between samples make small steps: a loose tolerance will do
    signal = Signal(t, u[:, None], [dict(law.problem.hold)["u"]])
    given = law.simulate(t=at, inputs=signal, rtol=1e-6)
    xr.testing.assert_identical(law.simulate(t=at, rtol=1e-6), given)
    silent = law.simulate(t=at, inputs=lambda now: np.zeros(1), rtol=1e-6)
    assert np.abs(silent["x"] - given["x"]).max() > 0.1  # the force is of size 0.3
    with pytest.raises(pm.ProblemError, match="recorded from 0 to"):
        law.simulate(t=[0.0, 2.0 * t[-1]])


@settings(max_examples=15)
@given(st.lists(st.floats(-3.0, 3.0), min_size=2, max_size=2))
def test_positive_states_stay_positive(laws: dict[str, pm.Result], decades: list[float]) -> None:
    start = 30.0 * 10.0 ** np.array(decades)
    run = laws["lynx-hare"].simulate(start, np.linspace(0.0, 20.0, 101))
    for name, first in zip(("hare", "lynx"), start, strict=True):
        assert float(run[name].min()) > 0.0
        assert float(run[name][0]) == first


@pytest.mark.parametrize(
    ("case", "options", "word"),
    [
        ("lorenz", {}, "needs the times"),
        ("lorenz", {"t": []}, "one or more"),
        ("lorenz", {"t": [[0.0, 1.0]]}, "one or more"),
        ("lorenz", {"t": [0.0, np.nan]}, "finite"),
        ("lorenz", {"t": [1.0, 0.0]}, "do not increase"),
        ("lorenz", {"t": [0.0, 1.0, 1.0]}, "do not increase"),
        ("lorenz", {"t": [0.0, 1.0], "x0": [1.0, 2.0]}, "x, y, z"),
        ("lorenz", {"t": [0.0, 1.0], "x0": [1.0, np.nan, 2.0]}, "x0 of y is nan"),
        ("damped", {"t": [0.0, 1.0], "x0": [1.0]}, "pass v0="),
        ("damped", {"t": [0.0, 1.0], "x0": [1.0], "v0": [np.inf]}, "v0 of x is inf"),
        ("lynx-hare", {"t": [0.0, 1.0], "x0": [-1.0, 5.0]}, "hare starts at -1"),
        ("lynx-hare", {"t": [0.0, 1.0], "x0": [1.0, 0.0]}, "declared positive"),
    ],
)
def test_bad_requests_to_simulate(
    laws: dict[str, pm.Result], case: str, options: dict[str, Any], word: str
) -> None:
    with pytest.raises(pm.ProblemError) as caught:
        laws[case].simulate(**options)
    assert word in str(caught.value)
    assert caught.value.exit_code == 2


def test_data_of_another_system_are_refused_by_name(laws: dict[str, pm.Result]) -> None:
    other = pm.from_arrays(0.1, np.ones((9, 2)), names=["x", "y"])
    for ask in (laws["lorenz"].predict, laws["lorenz"].score):
        with pytest.raises(pm.ProblemError, match="needs 'z'"):
            ask(other)


# What it says.


@pytest.mark.parametrize(
    ("value", "std", "text"),
    [
        (0.5489, 0.0571, "0.549(57)"),
        (28.0, 0.0996, "28.00(10)"),  # 99.6 rounds up to another digit
        (1.0, 1.7e-12, "1.0000000000000(17)"),
        (2.5e9, 1.23e7, "2.500(12)e+09"),
        (3e-9, 4e-12, "3.0000(40)e-09"),
        (3.0, 0.0, "3"),
        (2.0, float("nan"), "2"),
    ],
)
def test_a_value_with_its_error_is_printed_as_physicists_do(
    value: float, std: float, text: str
) -> None:
    assert number(value, std) == text


@given(st.floats(-12.0, 12.0), st.floats(-11.0, -0.5))
def test_a_printed_number_can_be_read_back(decade: float, relative: float) -> None:
    value = 10.0**decade
    std = value * 10.0**relative
    match = re.fullmatch(r"(\d+\.?\d*)\((\d\d)\)(?:e([+-]\d+))?", number(value, std))
    assert match is not None, number(value, std)
    power = 10.0 ** int(match[3] or 0)
    last = power * 10.0 ** -len(match[1].partition(".")[2])
    # Half a unit of the last printed digit, and rounding of the division by the power of ten.
    assert abs(float(match[1]) * power - value) <= 0.5 * last * (1.0 + 1e-9) + 4e-15 * value
    assert abs(int(match[2]) * last - std) <= 0.5 * last * (1.0 + 1e-9)


def test_text_has_equations_with_error_bars_and_units(laws: dict[str, pm.Result]) -> None:
    law = laws["lynx-hare"]
    lines = str(law).splitlines()
    assert lines[0].startswith("ambiguous - Snowshoe hare")
    item = law.terms("hare")[0]
    value = number(item["coefficient"], item["std"])
    assert re.search(r"\(\d\d\)$", value)
    row = next(line for line in lines if line.startswith("dhare/dt ="))
    assert row.split() == ["dhare/dt", "=", "+", value, "*", "hare", "[1/year]"]
    assert " ".join(lines).endswith(law.remedy)
    assert sum(line.count("criterion +") for line in lines) == len(law.rivals)


def test_a_title_cannot_steer_the_terminal(laws: dict[str, pm.Result]) -> None:
    law = replace(laws["lorenz"], problem=laws["lorenz"].problem.replace(title="\x1b[2J\r\nowned"))
    assert "\x1b" not in str(law)
    assert str(law).splitlines()[0].endswith("owned")


@pytest.mark.parametrize("case", CASES)
def test_latex_is_well_formed(laws: dict[str, pm.Result], case: str) -> None:
    law = laws[case]
    text = law.to_latex()
    assert law._repr_latex_() == f"$$ {text} $$"
    bare = text.replace("\\{", "").replace("\\}", "")
    depth = np.cumsum([(c == "{") - (c == "}") for c in bare])
    assert depth.min() >= 0
    assert depth[-1] == 0
    assert text.count("\\left") == text.count("\\right")
    body = re.fullmatch(r"\\begin\{aligned\}\n(.*)\n\\end\{aligned\}", text, re.DOTALL)
    assert body is not None
    rows = body[1].split(" \\\\\n")
    bodies = law.laws[0]["strengths"] if law.laws else ()
    assert len(rows) == (1 + len(bodies) if bodies else len(law.problem.states))
    assert all(row.count("&=") == 1 for row in rows)
    for row in rows:  # a typesetter that stops at anything unknown
        assert equation_svg(row.replace("&", "")) is not None


@pytest.mark.parametrize("case", CASES)
def test_the_short_form_is_short(laws: dict[str, pm.Result], case: str) -> None:
    law = laws[case]
    lines = repr(law).splitlines()
    assert len(lines) <= 10
    assert max(map(len, lines)) < 100
    assert lines[0].startswith(f"<Result {law.status}")
    assert lines[-1].endswith(">")
    for state, line in zip(law.problem.states, lines[1:], strict=False):
        assert law.laws or left_side(state, law.model.order) in line


def test_the_short_form_of_a_wide_law_says_what_it_leaves_out(laws: dict[str, pm.Result]) -> None:
    law, n = laws["lorenz"], 30
    states = tuple(f"a{k}" for k in range(n))
    table = coefficient_table(states, states)(np.full((n, n), 1.25))
    field = SparseField(states, (), 1, tuple(map(variable, states)), table.values)
    wide = replace(
        law,
        problem=pm.Problem(states=states),
        model=field,
        coefficients=table,
        std_errors=table,
        inclusion=table,
    )
    lines = repr(wide).splitlines()
    assert len(lines) == 10
    assert max(map(len, lines)) < 100
    assert lines[-1] == "  ... and 22 more lines>"


@pytest.mark.parametrize("case", CASES)
def test_parameters_are_a_labelled_table(laws: dict[str, pm.Result], case: str) -> None:
    law = laws[case]
    table = law.parameters
    assert list(table.columns) == ["value", "std_error", "unit"]
    if law.laws:
        assert table.loc["body2", "value"] == law.laws[0]["strengths"]["body2"]["value"]
        return
    assert table.index.names == ["equation", "term"]
    for state in law.problem.states:
        for item in law.terms(state):
            row = [item["coefficient"], item["std"], item["unit"]]
            assert table.loc[(state, item["term"])].tolist() == row
    assert len(table) == sum(len(law.terms(state)) for state in law.problem.states)


@pytest.mark.parametrize("case", CASES)
def test_a_notebook_shows_equations_numbers_and_the_remedy(
    laws: dict[str, pm.Result], case: str
) -> None:
    law = laws[case]
    page = Page(law._repr_html_())
    assert {tag for tag, _ in page.tags} <= ALLOWED | {"i", "sup", "sub"}
    assert all(set(attributes) <= {"style"} for _, attributes in page.tags)  # nothing is loaded
    cells = page.texts["td"]
    values = zip(law.parameters["value"], law.parameters["std_error"], strict=True)
    assert all(number(value, std) in cells for value, std in values)
    text = " ".join(piece for pieces in page.texts.values() for piece in pieces)
    for said in (law.status, law.remedy, law.problem.title):
        assert said in text


def test_titles_and_names_in_a_notebook_are_only_text(laws: dict[str, pm.Result]) -> None:
    title = "<script>alert(1)</script>"
    law = laws["three-body"]
    table = {title: law.laws[0]["strengths"]["body1"]}
    law = replace(
        law,
        problem=law.problem.replace(title=title),
        laws=({**law.laws[0], "strengths": table},),
    )
    page = Page(law._repr_html_())
    assert "script" not in {tag for tag, _ in page.tags}
    assert title in page.texts["td"]
    assert page.texts["b"][0] == title


def test_latex_shows_the_errors(laws: dict[str, pm.Result]) -> None:
    law = laws["lynx-hare"]
    for state in law.problem.states:
        for item in law.terms(state):
            assert number(abs(item["coefficient"]), item["std"]) in law.to_latex()


@pytest.mark.parametrize(
    ("value", "std", "text"),
    [
        (10.02, 0.031, "10.020(31)"),
        (2.5e9, 1.23e7, r"2.500(12) \times 10^{9}"),
        (-3e-9, 4e-12, r"-3.0000(40) \times 10^{-9}"),
        (3.0, 4000.0, r"\left(3 \pm 4 \times 10^{3}\right)"),
    ],
)
def test_numbers_in_latex(value: float, std: float, text: str) -> None:
    assert latex_number(value, std) == text


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("θ", r"\theta"),
        ("Omega_2", r"\Omega_{\mathrm{2}}"),
        ("é", r"\acute{e}"),
        ("x\u030c", r"\check{x}"),
        ("x1_max_a", r"x_{1,\,\mathrm{max\_a}}"),
        ("_x", r"\mathrm{\_x}"),
        ("omicron", r"\mathrm{omicron}"),
        ("müde", r"\text{müde}"),
        ("位置", r"\text{位置}"),
        ("theta_t", r"\dot{\theta}"),
    ],
)
def test_names_in_latex(name: str, text: str) -> None:
    assert name_latex(name) == text


@pytest.mark.parametrize(
    ("unit", "text"),
    [
        ("", ""),
        ("1", ""),
        ("AU^3/d^2", r"\,\mathrm{AU}^{3}\mathrm{/d}^{2}"),
        ("s^(1/2)", r"\,\mathrm{s}^{1/2}"),
        ("µm", r"\,\text{$\mu$m}"),
        ("%", r"\,\text{\%}"),
        ("a_b{#$&\\~", r"\,\text{a\_b\{\#\$\&\textbackslash{}\textasciitilde{}}"),
    ],
)
def test_units_in_latex(unit: str, text: str) -> None:
    assert unit_latex(unit) == text
