"""Discovery under symmetries and laws: less data and more noise, the same honest answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from numpy.typing import NDArray

import physmodel as pm
from physmodel.cli.root import root
from physmodel.models.defect import law_defect, symmetry_defect
from physmodel.models.fields.linear_field import Points
from physmodel.models.integration.integrate import integrate
from physmodel.problem.known.knowledge import laws_of, symmetries_of

Array = NDArray[np.float64]

HOPF = {
    ("x", "x"): 0.5, ("x", "y"): -2.0, ("x", "x^3"): -1.0, ("x", "x*y^2"): -1.0,
    ("y", "y"): 0.5, ("y", "x"): 2.0, ("y", "y^3"): -1.0, ("y", "x^2*y"): -1.0,
}  # fmt: skip


def hopf(noise: float, seed: int = 0, n: int = 100, scale: float = 1.0) -> Any:
    """A spiral onto a limit cycle."""

    def rate(_: float, v: Array) -> Array:
        x, y = v
        r = x * x + y * y
        return np.array([0.5 * x - 2 * y - x * r, 2 * x + 0.5 * y - y * r])

    t = np.linspace(0.0, 12.0, n)
    v = integrate(rate, t, np.array([0.05, 0.0]))
    v = v + noise * v.std(axis=0) * np.random.default_rng(seed).normal(size=v.shape)
    return pm.from_arrays(t, scale * v, names=["x", "y"])


def found(law: pm.Result) -> dict[tuple[str, str], float]:
    return {
        (state, row["term"]): row["coefficient"]
        for state in law.problem.states
        for row in law.terms(state)
    }


def test_rotation_finds_at_ten_per_cent_noise_what_is_lost_without() -> None:
    plain, turned = [], []
    for seed in range(2):
        data = hopf(0.1, seed)
        plain.append(set(found(pm.discover(data, degree=3))) == set(HOPF))
        law = pm.discover(data, degree=3, symmetries=("rotation:x,y",))
        turned.append(set(found(law)) == set(HOPF))
    # Four coefficients that two equations share, against twenty.
    assert (sum(turned), sum(plain)) == (2, 0)


def test_the_law_obeys_and_its_errors_are_right() -> None:
    scores = []
    for seed in range(12):
        law = pm.discover(hopf(0.05, seed), degree=3, symmetries=("rotation:x,y",))
        assert set(found(law)) == set(HOPF)
        points = Points(*(np.random.default_rng(0).normal(size=s) for s in ((9,), (9, 2))), None,
                        np.empty((9, 0)))  # fmt: skip
        (symmetry,) = symmetries_of(law.problem)
        assert symmetry_defect(symmetry, law.model, points) <= 1e-12
        for (state, term), truth in HOPF.items():
            row = {"equation": state, "term": term}
            error = float(law.std_errors.sel(row))
            scores.append((float(law.coefficients.sel(row)) - truth) / error)
            assert float(law.inclusion.sel(row)) > 0.5
    # Mean square of 12 times four independent normal numbers: 1 +- sqrt(2 / 48).
    assert abs(np.mean(np.square(scores)) - 1.0) < 3.0 * np.sqrt(2.0 / 48.0)


@pytest.mark.parametrize("scale", [1e-6, 1e6])
def test_units_change_nothing(scale: float) -> None:
    known: dict[str, Any] = {"degree": 3, "symmetries": ("rotation:x,y",)}
    base, other = (found(pm.discover(hopf(0.05, scale=s), **known)) for s in (1.0, scale))
    assert set(base) == set(other)
    for key, value in base.items():
        cubic = key[1] in {"x^3", "x*y^2", "x^2*y", "y^3"}
        # The rounding of the search's stopping rule, as in the tests of invariance.
        np.testing.assert_allclose(other[key] * (scale**2 if cubic else 1.0), value, rtol=1e-4)


def lorenz(noise: float = 0.02, n: int = 400) -> Any:
    def rate(_: float, v: Array) -> Array:
        x, y, z = v
        return np.array([10 * (y - x), x * (28 - z) - y, x * y - 8 * z / 3])

    t = np.linspace(0.0, 4.0, n)
    v = integrate(rate, t, np.array([-8.0, 7.0, 27.0]))
    v = v + noise * v.std(axis=0) * np.random.default_rng(0).normal(size=v.shape)
    return pm.from_arrays(t, v, names=["x", "y", "z"])


LORENZ = {
    ("x", "x"), ("x", "y"), ("y", "x"), ("y", "y"), ("y", "x*z"), ("z", "z"), ("z", "x*y"),
}  # fmt: skip


@pytest.mark.parametrize(
    "known",
    [
        {"symmetries": ("reflection:x,y",)},
        # Quadratic terms keep the energy: three that share a balance, of which two are in the law.
        {"laws": ("balance:x^2/2 + y^2/2 + z^2/2=x^2,y^2,z^2,x*y",)},
    ],
)
def test_the_sparse_law_is_found_in_any_basis(known: dict[str, Any]) -> None:
    law = pm.discover(lorenz(), order=1, degree=2, **known)
    assert set(found(law)) == LORENZ
    defects = [law_defect(one, law.model, _cube(3)) for one in laws_of(law.problem)]
    assert max(defects, default=0.0) <= 1e-12
    if "laws" in known:
        value = found(law)
        # y gains from x z what z loses through x y.
        assert value["y", "x*z"] == pytest.approx(-value["z", "x*y"], rel=1e-12)


def _cube(n_states: int) -> Points:
    x = np.random.default_rng(0).normal(size=(20, n_states))
    return Points(np.zeros(20), x, None, np.empty((20, 0)))


def test_an_equilibrium_that_is_known() -> None:
    t = np.linspace(0.0, 12.0, 60)
    v = integrate(lambda _, v: np.array([v[0] - v[0] * v[1], -v[1] + v[0] * v[1]]), t,
                  np.array([2.0, 1.0]))  # fmt: skip
    v = v + 0.1 * v.std(axis=0) * np.random.default_rng(0).normal(size=v.shape)
    data = pm.from_arrays(t, v, names=["x", "y"])
    law = pm.discover(data, order=1, degree=2, laws=("equilibrium:x=1,y=1",))
    value = found(law)
    assert set(value) == {("x", "x"), ("x", "x*y"), ("y", "y"), ("y", "x*y")}
    assert value["x", "x"] == pytest.approx(-value["x", "x*y"], rel=1e-12)


def test_energy_decides_the_order_and_forbids_damping() -> None:
    t = np.linspace(0.0, 10.0, 120)
    x = np.cos(2.0 * t) + 0.1 * np.random.default_rng(0).normal(size=120)
    law = pm.discover(pm.from_arrays(t, x, names=["x"]), laws=("conserves:energy",))
    assert law.problem.order == 2
    assert set(found(law)) == {("x", "x")}
    assert not [one for one in law.warnings if one.code == "W-NOT-OBEYED"]


def test_a_law_that_the_data_break_is_reported() -> None:
    t = np.linspace(0.0, 6.0, 200)
    x = np.exp(0.2 * t) * np.cos(2.0 * t)
    data = pm.from_arrays(t, x, names=["x"])
    law = pm.discover(data, order=2, degree=1, laws=("dissipates:energy",))
    (warning,) = [one for one in law.warnings if one.code == "W-NOT-OBEYED"]
    assert warning.where == "dissipates:energy"
    wrong = pm.discover(data, order=2, degree=1, laws=("conserves:energy",))
    assert wrong.status in {"approximate", "no-law"}
    assert wrong.fit_scores["unexplained"] > 0.05  # growth is a tenth of the motion
    (reason,) = [one for one in wrong.warnings if one.code == "W-IMPOSED"]
    assert reason.where == "conserves:energy"


@pytest.mark.parametrize(
    "wrong", ["reflection:x", "permutation:x,y", "scaling:x,y", "translation:x"]
)
def test_a_wrong_symmetry_finds_no_law(wrong: str) -> None:
    law = pm.discover(hopf(0.05), degree=3, order=1, symmetries=(wrong,))
    assert law.status in {"approximate", "no-law"}  # a rotation alone leaves a part of the rates
    assert law.fit_scores["unexplained"] > 0.05


def test_pairwise_forces_are_compared_with_what_was_asked() -> None:
    t = np.linspace(0.0, 8.0, 200)

    def rate(_: float, s: Array) -> Array:
        a, b, v, w = s.reshape(4, 2)
        gap = b - a
        pull = gap / (gap @ gap) ** 1.5
        return np.concatenate([v, w, pull, -3.0 * pull])

    s = integrate(rate, t, np.array([1.0, 0.0, -3.0, 0.0, 0.0, 0.3, 0.0, -0.9]))
    names = ["ax", "ay", "bx", "by"]
    law = pm.discover(
        pm.from_arrays(t, s[:, :4], names=names),
        bodies={"a": ("ax", "ay"), "b": ("bx", "by")},
        symmetries=("rotation:ax,ay;bx,by", "galilean:ax,ay;bx,by", "permutation:ax,ay;bx,by"),
        laws=("conserves:energy",),
    )
    # The strengths are 1 and 3: an exchange of the bodies changes the law.
    (warning,) = [one for one in law.warnings if one.code == "W-NOT-OBEYED"]
    assert warning.where == "permutation:ax,ay;bx,by"


def test_what_names_a_column_left_out_is_not_imposed() -> None:
    t = np.linspace(0.0, 12.0, 100)
    whole = hopf(0.02)
    v = np.column_stack([whole["x"].values, whole["y"].values, np.full(100, 3.0)])
    data = pm.from_arrays(t, v, names=["x", "y", "z"])
    law = pm.discover(data, degree=3, symmetries=("rotation:x,y,z", "rotation:x,y"))
    assert law.problem.symmetries == ("rotation:x,y",)
    (warning,) = [one for one in law.warnings if one.code == "W-NOT-IMPOSED"]
    assert warning.where == "rotation:x,y,z"
    assert set(found(law)) == set(HOPF)


def test_a_saved_law_remembers_what_was_imposed(tmp_path: Path) -> None:
    law = pm.discover(hopf(0.02), degree=3, symmetries=("rotation:x,y",))
    law.save(tmp_path)
    assert pm.load(tmp_path).problem.symmetries == ("rotation:x,y",)


def test_command_line_and_study_file_agree(tmp_path: Path) -> None:
    data = hopf(0.05)
    table = np.column_stack([data["time"].values, data["x"].values, data["y"].values])
    np.savetxt(tmp_path / "hopf.csv", table, delimiter=",", header="t,x,y", comments="")
    (tmp_path / "study.toml").write_text(
        '[data]\nsource = "hopf.csv"\n[problem]\ndegree = 3\nsymmetries = ["rotation:x,y"]\n'
    )
    by_option = [str(tmp_path / "hopf.csv"), "--degree", "3", "--symmetry", "rotation:x,y"]
    tables = []
    for arguments in (by_option, [str(tmp_path / "study.toml")]):
        done = CliRunner().invoke(root, ["discover", *arguments, "--json", "-q"])
        assert done.exit_code == 0, done.output
        tables.append(json.loads(done.stdout)["equations"])
    assert tables[0] == tables[1]
    assert {(e, row["term"]) for e, rows in tables[0].items() for row in rows} == set(HOPF)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--symmetry", "rotaton:x,y"), "did you mean 'rotation'"),
        (("--law", "conserve:energy"), "did you mean 'conserves'"),
        (("--law", "conserves:x^2+w"), "unknown name 'w'"),
        (("--law", "conserves:energy", "--order", "1"), "order 2"),
        (("--symmetry", "galilean:x", "--order", "1"), "order = 2"),
    ],
)
def test_wrong_requests_are_refused(options: tuple[str, ...], words: str, tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    t = np.arange(50.0)
    table = np.column_stack([t, np.sin(t / 5.0), np.cos(t / 5.0)])
    np.savetxt(path, table, delimiter=",", header="t,x,y", comments="")
    done = CliRunner().invoke(root, ["discover", str(path), *options, "-q"])
    assert done.exit_code == 2
    assert words in done.output
