"""Hybrids in run folders: saved, read back, refused when changed, reported."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from numpy.typing import NDArray
from scipy.integrate import solve_ivp

import physmodel as pm
from physmodel.cli.root import root
from physmodel.hybrids.results.result import HybridResult
from physmodel.laws.texts.render import number
from physmodel.models.fields.vector_field import simulate
from physmodel.reports.hybrid_page import hybrid_html
from physmodel.reports.run import write_run
from physmodel.testing import check_field
from tests.test_report import ALLOWED, Page, safe, section, section_page

Array = NDArray[np.float64]


def pond() -> pm.Result:
    """Hares and lynxes with 3% noise, one trajectory."""
    time = np.linspace(0.0, 24.0, 161)
    clean = solve_ivp(
        lambda _, x: [1.1 * x[0] - 0.4 * x[0] * x[1], -0.4 * x[1] + 0.1 * x[0] * x[1]],
        (0.0, 24.0),
        [10.0, 5.0],
        t_eval=time,
        rtol=1e-9,
    ).y.T
    noise = 0.03 * clean.std(axis=0) * np.random.default_rng(0).standard_normal(clean.shape)
    return pm.from_arrays(time, clean + noise, names=["x", "y"])


def swing(library: tuple[str, ...] = ()) -> HybridResult:
    """A damped pendulum whose angle is measured."""
    time = np.linspace(0.0, 14.0, 141)
    angle = (
        solve_ivp(
            lambda _, x: [x[1], -2.0 * np.sin(x[0]) - 0.25 * x[1]],
            (0.0, 14.0),
            [1.5, 0.0],
            t_eval=time,
            rtol=1e-9,
        )
        .y[:1]
        .T
    )
    noisy = angle + 0.02 * np.random.default_rng(0).standard_normal(angle.shape)
    data = pm.from_arrays(time, noisy, names=["theta"])
    return pm.hybrid(data, "theta'' = -k*sin(theta)", library=library)


@pytest.fixture(scope="module")
def drag() -> HybridResult:
    return swing()


@pytest.fixture(scope="module")
def drag_run(drag: HybridResult, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run folder with its report: to be copied, not changed."""
    return write_run(drag, tmp_path_factory.mktemp("hybrid") / "run")


@pytest.fixture(scope="module")
def unexplained() -> HybridResult:
    return swing(("1", "theta^2"))


def same(one: HybridResult, other: HybridResult) -> None:
    assert one.to_dict() | {"run": None} == other.to_dict() | {"run": None}
    assert str(one) == str(other)
    assert one.to_latex() == other.to_latex()
    time = np.linspace(0.0, 5.0, 40)
    name = one.problem.states[0]
    # Sums of the same terms, perhaps in another order: rounding, through a tolerance of 1e-10.
    np.testing.assert_allclose(
        one.simulate(t=time)[name], other.simulate(t=time)[name], rtol=1e-9, atol=1e-9
    )
    points = np.random.default_rng(0).normal(size=(5, len(one.problem.states)))
    velocities = points[::-1] if one.model.order == 2 else None
    where = (np.zeros(5), points, velocities, np.empty((5, 0)))
    np.testing.assert_array_equal(one.net.rate(*where), other.net.rate(*where))
    np.testing.assert_allclose(one.model.rate(*where), other.model.rate(*where), rtol=1e-14)
    np.testing.assert_allclose(
        one.with_network.rate(*where), other.with_network.rate(*where), rtol=1e-14
    )
    assert one.network.equals(other.network)
    for first, second in zip(one.stages, other.stages, strict=True):
        np.testing.assert_array_equal(first.cost, second.cost)
        assert first.ending == second.ending


def test_what_was_saved_comes_back(drag: HybridResult, tmp_path: Path) -> None:
    drag.save(tmp_path / "run")
    found = pm.load(tmp_path / "run")
    assert isinstance(found, HybridResult)
    same(drag, found)


def test_a_law_with_its_residual_comes_back_although_its_numbers_have_no_names(
    tmp_path: Path,
) -> None:
    poor = pm.discover(pond(), library=("x", "y"), order=1)
    left = pm.hybrid(poor.data, poor)
    assert not left.known_numbers[0].name.isidentifier()
    left.save(tmp_path)
    same(left, pm.load(tmp_path))


def test_the_network_is_a_field(drag: HybridResult) -> None:
    check_field(drag.net)


def test_known_part_and_network_follow_the_data(unexplained: HybridResult) -> None:
    """No term was found, and the network goes on: its motion is off by less than the noise."""
    assert unexplained.status == "no-law"
    assert unexplained.data is not None
    time = unexplained.data["time"].values
    motion = simulate(
        unexplained.with_network,
        time,
        unexplained.network["theta"].values[:1],
        start_velocity=unexplained.network["theta_t"].values[:1],
    )
    clean = solve_ivp(
        lambda _, x: [x[1], -2.0 * np.sin(x[0]) - 0.25 * x[1]],
        (0.0, 14.0),
        [1.5, 0.0],
        t_eval=time,
        rtol=1e-9,
    ).y[0]
    # The network knows 3% of the rates to a tenth or so.
    assert np.abs(motion[:, 0] - clean).max() < 0.1 * np.abs(clean).max()


def test_hidden_terms_are_what_the_model_adds_to_its_known_part(drag: HybridResult) -> None:
    states, velocities = np.array([[0.3], [-1.0]]), np.array([[2.0], [0.5]])
    where = (np.zeros(2), states, velocities, np.empty((2, 0)))
    row = drag.residual["theta"][0]
    np.testing.assert_allclose(drag.hidden_rate(*where), row["coefficient"] * velocities)
    k = drag.known_numbers[0].value
    np.testing.assert_allclose(drag.known_part.rate(*where), -k * np.sin(states))


def test_equations_in_latex_and_sympy(drag: HybridResult) -> None:
    sympy = pytest.importorskip("sympy")
    assert "\\ddot{\\theta} &= -k \\, \\sin\\left(\\theta\\right) - 0.2" in drag.to_latex()
    t = sympy.Symbol("t", real=True)
    theta = sympy.Function("theta")(t)
    right = drag.to_sympy()["theta"].rhs
    values = {"k": drag.known_numbers[0].value, "c": drag.residual["theta"][0]["coefficient"]}
    wanted = -values["k"] * sympy.sin(theta) + values["c"] * theta.diff(t)
    assert sympy.simplify(right - wanted) == 0


@pytest.mark.parametrize(
    "change",
    [
        lambda table: table.pop("network"),
        lambda table: table["network"].update(sha256="0" * 64),
        lambda table: table["network"].update(units=10**9),
        lambda table: table["model"]["equations"].update(theta="open(theta)"),
        lambda table: table["model"]["parameters"][0].update(value=None),
        lambda table: table["model"]["parameters"].pop(),
        lambda table: table.update(status="fine"),
        lambda table: table.update(order=3),
        lambda table: table["start"].update(states=[1.0, 2.0]),
        lambda table: table["stages"][0].update(ending="happily"),
        lambda table: table["residual"].update(theta=[{"term": "theta"}]),
        lambda table: table.update(known={}),
    ],
)
def test_a_model_that_was_changed_is_refused(drag: HybridResult, tmp_path: Path, change) -> None:  # type: ignore[no-untyped-def]
    path = drag.save(tmp_path)
    table = json.loads(path.read_text())
    change(table)
    path.write_text(json.dumps(table))
    with pytest.raises(pm.IntegrityError):
        pm.load(tmp_path)


@pytest.mark.parametrize("raw", [b"", b"\x00" * 64, b"not safe"])
def test_weights_that_were_changed_are_refused(
    drag: HybridResult, tmp_path: Path, raw: bytes
) -> None:
    drag.save(tmp_path)
    weights = tmp_path / "weights.npy"
    whole = weights.read_bytes()
    for changed in (raw, whole[:-8], whole[:-1] + bytes([whole[-1] ^ 1])):
        weights.write_bytes(changed)
        with pytest.raises(pm.IntegrityError, match="network of the run is damaged"):
            pm.load(tmp_path)
    weights.unlink()
    with pytest.raises(pm.IntegrityError, match="missing"):
        pm.load(tmp_path)


def test_the_report_says_everything(drag: HybridResult) -> None:
    text = hybrid_html(drag)
    safe(text)
    page = safe(section_page(text, "The equations"))
    assert any("0.2" in a["aria-label"] for tag, a in page.tags if tag == "svg")
    numbers = safe(section_page(text, "Numbers of the known equations"))
    assert "k" in numbers.texts["td"]
    terms = safe(section_page(text, "Hidden terms"))
    assert "theta_t" in terms.texts["td"]
    assert "p = " in section(text, "Is anything left?")
    drawn = safe(section_page(text, "The network against the hidden terms"))
    assert {"network", "hidden terms", "theta_t"} <= set(drawn.comments)
    safe(section_page(text, "Data against a free-running simulation"))
    safe(section_page(text, "Last fit of all numbers"))
    assert "".join(safe(section_page(text, "As text")).texts["pre"]) == str(drag)


def test_the_report_of_no_law_claims_none(unexplained: HybridResult, tmp_path: Path) -> None:
    text = pm.report(unexplained, tmp_path).read_text(encoding="utf-8")
    safe(text)
    assert "<b>not</b> explain" in section(text, "Closest of what was tried")
    assert "free-running" not in text


def test_commands_work_on_a_run(tmp_path: Path) -> None:
    data, run = tmp_path / "pond.csv", tmp_path / "run"
    pond().to_dataframe().reset_index()[["time", "x", "y"]].to_csv(data, index=False)
    known = ["--known", "x' = a*x, y' = -d*y", "-q"]
    done = CliRunner().invoke(root, ["hybrid", str(data), *known, "-o", str(run), "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["run"] == str(run)
    page = (run / "report.html").read_text(encoding="utf-8")
    assert CliRunner().invoke(root, ["report", str(run)]).exit_code == 0
    assert (run / "report.html").read_text(encoding="utf-8") == page
    flown = CliRunner().invoke(root, ["simulate", str(run), "--until", "3", "--points", "4"])
    assert flown.exit_code == 0
    rows = np.array([line.split(",") for line in flown.stdout.splitlines()[1:]], dtype=float)
    wanted = pm.load(run).simulate(t=rows[:, 0])
    np.testing.assert_array_equal(rows[:, 1], wanted["x"].values)
    checked = CliRunner().invoke(root, ["verify", str(run)])
    assert checked.exit_code == 0
    assert "weights.npy" in checked.stdout
    planned = CliRunner().invoke(root, ["next", str(run)])
    assert planned.exit_code == 2
    assert "discovered laws only" in planned.output


@pytest.mark.parametrize("name", ["model.json", "weights.npy", "data.nc", "report.html"])
def test_a_run_with_a_file_changed_or_gone_is_told(
    drag_run: Path, tmp_path: Path, name: str
) -> None:
    run = shutil.copytree(drag_run, tmp_path / "run")
    (run / name).write_bytes((run / name).read_bytes() + b" ")
    told = CliRunner().invoke(root, ["verify", str(run)])
    assert (told.exit_code, name in told.output) == (4, True)
    (run / name).unlink()
    told = CliRunner().invoke(root, ["verify", str(run)])
    assert (told.exit_code, name in told.output) == (4, True)


def test_a_folder_with_something_else_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("ten years")
    command = ["hybrid", "nothing.csv", "--known", "x' = a", "-o", str(tmp_path)]
    refused = CliRunner().invoke(root, command)
    assert refused.exit_code == 2
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_the_face_of_a_hybrid(drag: HybridResult) -> None:
    table = drag.parameters
    k, c = drag.known_numbers[0], drag.residual["theta"][0]
    assert table.loc[("known", "k")].tolist() == [k.value, k.std, ""]
    assert table.loc[("theta", "theta_t"), "value"] == c["coefficient"]
    assert len(repr(drag).splitlines()) <= 10
    assert "d2theta/dt2 = -k*sin(theta)" in repr(drag)
    shown = Page(drag._repr_html_())
    assert {tag for tag, _ in shown.tags} <= ALLOWED | {"i", "sup", "sub"}
    assert number(k.value, k.std) in shown.texts["td"]
    names: dict[str, Any] = {}
    exec(drag.to_python(), names)  # noqa: S102 - what the user would do
    here = [0.7, -0.3]
    rate = -k.value * np.sin(0.7) + c["coefficient"] * -0.3
    assert names["rates"](0.0, here) == pytest.approx([-0.3, rate], rel=1e-14)
    assert f"k = {k.value!r}  # {number(k.value, k.std)}" in drag.to_python()
