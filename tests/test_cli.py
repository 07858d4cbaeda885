"""The command line: data on standard output, talk on standard error, exit codes for scripts."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

import physmodel as pm
from physmodel.cli.root import COMMANDS, root
from physmodel.data import catalogue

MAIN = "import sys; sys.argv[0] = 'physmodel'; from physmodel.cli import main; main()"
#: error: [where: ]what, then at most one line of why and one of what to do.
ERROR = re.compile(r"error: \S[^\n]*\n(  why: \S[^\n]*\n)?(  fix: \S[^\n]*\n)?")


def physmodel(*arguments: object) -> Result:
    done = CliRunner().invoke(root, [str(argument) for argument in arguments])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    assert "\x1b" not in done.output
    assert "Traceback" not in done.output
    return done


def only_object(done: Result) -> dict[str, Any]:
    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON")

    table = json.loads(done.stdout, parse_constant=refuse)  # would choke on anything more
    assert isinstance(table, dict)
    assert table["schema_version"] == 1
    return table


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Exported data, files that are none, and one run."""
    folder = tmp_path_factory.mktemp("home")
    done = physmodel("datasets", "export", "lorenz", "-o", folder / "lorenz.csv")
    assert (done.exit_code, done.stdout) == (0, "")
    noise = np.random.default_rng(5).standard_normal((120, 1))
    np.savetxt(folder / "noise.csv", np.column_stack([np.arange(120), noise]), delimiter=",")
    text = (folder / "noise.csv").read_text(encoding="utf-8")
    (folder / "noise.csv").write_text("t,x\n" + text, encoding="utf-8")
    (folder / "empty.csv").touch()
    (folder / "header.csv").write_text("t,x,y\n", encoding="utf-8")
    (folder / "gap.csv").write_text("t,x\n0,1\n1,\n2,3\n3,4\n4,4\n", encoding="utf-8")
    (folder / "still.csv").write_text("t,x\n0,1\n1,1\n2,1\n3,1\n4,1\n", encoding="utf-8")
    (folder / "words.txt").write_bytes(b"\xff\xfe\x00\x01 no table \x00")
    (folder / "thesis").mkdir()
    (folder / "thesis" / "chapter1.tex").write_text("years of work", encoding="utf-8")
    done = physmodel("discover", folder / "lorenz.csv", "-o", folder / "run", "--json")
    assert done.exit_code == 0
    (folder / "stdout.json").write_text(done.stdout, encoding="utf-8")
    (folder / "stderr.txt").write_text(done.stderr, encoding="utf-8")
    return folder


# discover


def test_discover_json_is_one_object_with_the_documented_fields(home: Path) -> None:
    table = json.loads((home / "stdout.json").read_text(encoding="utf-8"))
    documented = "schema_version status states equations rivals noise_std scores invariants"
    assert set(table) >= {*documented.split(), "warnings", "run"}
    assert table["status"] == "identified"
    assert table["states"] == ["x", "y", "z"]
    assert {i["term"]: round(i["coefficient"], 6) for i in table["equations"]["z"]} == {
        "x*y": 1.0,
        "z": round(-8 / 3, 6),
    }
    assert set(table["equations"]["x"][0]) == {"term", "coefficient", "std", "inclusion", "unit"}
    assert table["run"] == str(home / "run")
    told = (home / "stderr.txt").read_text(encoding="utf-8").splitlines()
    assert told[-1].startswith("report: ")
    assert all(line.startswith("discover: ") for line in told[:-1])  # a slow machine


def test_a_run_folder_holds_model_data_problem_report_and_their_hashes(home: Path) -> None:
    manifest = json.loads((home / "run" / "manifest.json").read_text(encoding="utf-8"))
    assert set(manifest["files"]) == {"model.json", "data.nc", "problem.toml", "report.html"}
    for name, promised in manifest["files"].items():
        assert hashlib.sha256((home / "run" / name).read_bytes()).hexdigest() == promised


def test_discover_prints_the_law_and_exits_zero_only_if_identified(home: Path) -> None:
    done = physmodel("discover", "lynx-hare")
    assert done.exit_code == 1
    assert done.stdout.startswith("ambiguous - ")
    assert "dhare/dt =" in done.stdout
    assert "warning: W-QUANTISED lynx" in done.stderr
    assert "W-QUANTISED" not in done.stdout
    done = physmodel("discover", home / "noise.csv", "-q")
    assert done.exit_code == 1
    assert done.stdout.startswith("no-law")
    assert done.stderr == ""


def test_quiet_json_leaves_standard_error_empty(home: Path) -> None:
    request = ("discover", home / "noise.csv", "--json", "-q", "-o", home / "deep" / "run")
    done = physmodel(*request)
    assert (done.exit_code, done.stderr) == (1, "")
    assert only_object(done)["status"] == "no-law"
    assert (home / "deep" / "run" / "report.html").is_file()


def test_an_earlier_run_is_replaced_and_anything_else_is_kept(home: Path) -> None:
    for _ in range(2):
        assert physmodel("discover", home / "noise.csv", "-o", home / "again").exit_code == 1
    # Refused before the search, not after it: even the data are not looked at yet.
    done = physmodel("discover", home / "nothing.csv", "-o", home / "thesis")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "overwritten" in done.stderr
    assert [path.name for path in (home / "thesis").iterdir()] == ["chapter1.tex"]
    for place in (home / "empty.csv", home / "empty.csv" / "run"):
        done = physmodel("discover", "lynx-hare", "-o", place)
        assert (done.exit_code, done.stdout) == (2, "")
        assert ERROR.fullmatch(done.stderr)
    assert (home / "empty.csv").read_bytes() == b""


# check


def test_check_reports_ranges_and_findings(home: Path) -> None:
    done = physmodel("check", home / "lorenz.csv")
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout.startswith("1001 samples in 1 trajectory, t = 0 to 7.5, regular step")
    row = next(line for line in done.stdout.splitlines() if line.startswith("z"))
    z = pm.catalogue.load("lorenz")["z"].values
    low, high = (float(word) for word in row.split()[2:4])
    assert (low, high) == pytest.approx((z.min(), z.max()), rel=1e-4)  # five digits are printed


def test_check_json_and_its_exit_code(home: Path) -> None:
    table = only_object(physmodel("check", "lynx-hare", "--json"))
    assert table["n_samples"] == 21
    assert table["variables"]["hare"]["units"] == "kpelt"
    assert {"code", "severity", "where", "message", "fix"} == set(table["findings"][0])
    done = physmodel("check", home / "still.csv", "--json")
    assert done.exit_code == 3
    assert any(finding["severity"] == "error" for finding in only_object(done)["findings"])


def test_missing_values_are_reported_or_stop_or_cut_as_asked(home: Path) -> None:
    done = physmodel("check", home / "gap.csv")
    assert done.exit_code == 0
    assert "estimated" in done.stdout
    done = physmodel("check", home / "gap.csv", "--missing", "raise")
    assert done.exit_code == 3
    assert "--missing estimate" in done.stderr
    done = physmodel("check", home / "gap.csv", "--missing", "segment")
    assert "cut by missing values" in done.stderr


# simulate


def test_simulate_prints_a_table_from_the_start_of_the_data(home: Path) -> None:
    done = physmodel("simulate", home / "run", "--until", 2, "--points", 5)
    assert (done.exit_code, done.stderr) == (0, "")
    head, *rows = csv.reader(io.StringIO(done.stdout))
    assert head == ["t", "x", "y", "z"]
    table = np.array(rows, dtype=float)
    np.testing.assert_array_equal(table[:, 0], [0.0, 0.5, 1.0, 1.5, 2.0])
    data = pm.catalogue.load("lorenz")
    truth = np.column_stack(
        [np.interp(table[:, 0], data["time"].values, data[name].values) for name in "xyz"]
    )
    # Linear interpolation of the data between samples: h^2/8 times accelerations below 2e4.
    np.testing.assert_allclose(table[:, 1:], truth, atol=0.2)
    np.testing.assert_allclose(table[0, 1:], truth[0], atol=1e-9)


def test_simulate_from_other_values_and_into_a_file(home: Path) -> None:
    request = ("simulate", home / "run", "--until", 0.1, "--points", 2, "--from", "x=1.5")
    printed = physmodel(*request).stdout
    assert printed.splitlines()[1].startswith("0.0,1.5,")
    done = physmodel(*request, "-o", home / "table.csv")
    assert (done.exit_code, done.stdout) == (0, "")
    assert (home / "table.csv").read_text(encoding="utf-8") == printed


def test_simulate_of_second_order_starts_with_a_velocity(tmp_path: Path) -> None:
    t = np.linspace(0.0, 40.0, 800)
    pm.discover(pm.from_arrays(t, np.exp(-0.1 * t) * np.cos(2.0 * t), names=["x"])).save(tmp_path)
    request = ("simulate", tmp_path, "--until", 1, "--points", 2, "--from", "x=0")
    done = physmodel(*request, "--from", "x_t=2")
    # x(0) = 0, x'(0) = 2 gives exp(-0.1 t) sin(2 t); the coefficients are good to 1e-7.
    x = float(done.stdout.splitlines()[-1].split(",")[1])
    assert x == pytest.approx(np.exp(-0.1) * np.sin(2.0), rel=1e-6)


# report


def test_report_of_a_run_is_the_report_it_came_with(home: Path) -> None:
    before = (home / "run" / "report.html").read_bytes()
    (home / "run" / "report.html").unlink()
    done = physmodel("report", home / "run")
    assert (done.exit_code, done.stderr) == (0, "")
    assert Path(done.stdout.strip()) == home / "run" / "report.html"
    assert (home / "run" / "report.html").read_bytes() == before


@pytest.mark.parametrize("name", ["model.json", "data.nc"])
@pytest.mark.parametrize("command", ["report {}", "simulate {} --until 1"])
def test_a_run_that_was_altered_is_refused(
    home: Path, tmp_path: Path, name: str, command: str
) -> None:
    shutil.copytree(home / "run", tmp_path / "run")
    content = bytearray((tmp_path / "run" / name).read_bytes())
    place = content.index(b"28") if name == "model.json" else len(content) - 9
    content[place] ^= 1  # another digit of a coefficient, of a measured value
    (tmp_path / "run" / name).write_bytes(content)
    done = physmodel(*command.format(tmp_path / "run").split())
    assert (done.exit_code, done.stdout) == (4, "")
    assert f"error: {name}: the file has the hash" in done.stderr


def test_what_physmodel_itself_writes_again_stays_valid(home: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(home / "run", run)
    law = pm.load(run)
    pm.discover(pm.catalogue.load("pendulum", periods=3)).save(run)
    assert pm.load(run).problem.states != law.problem.states
    assert physmodel("report", run).exit_code == 0
    promised = json.loads((run / "manifest.json").read_text(encoding="utf-8"))["files"]
    for name in ("model.json", "data.nc", "report.html"):
        assert hashlib.sha256((run / name).read_bytes()).hexdigest() == promised[name]


def test_names_in_any_script_go_through_a_run(tmp_path: Path) -> None:
    t = np.linspace(0.0, 20.0, 201)
    columns = np.column_stack([t, np.cos(2.0 * t), np.sin(2.0 * t)])
    np.savetxt(tmp_path / "a.csv", columns, delimiter=",", header="t,θ,ω_µ", encoding="utf-8")
    assert physmodel("discover", tmp_path / "a.csv", "-o", tmp_path / "run").exit_code == 0
    done = physmodel("simulate", tmp_path / "run", "--until", 1, "--points", 2)
    assert done.stdout.startswith("t,θ,ω_μ\n")  # NFKC, as Python itself reads names
    assert pm.load(tmp_path / "run").data["θ"].values == pytest.approx(columns[:, 1])


# datasets


def test_what_a_dataset_does_not_have_is_said(tmp_path: Path) -> None:
    done = physmodel("datasets", "export", "lynx-hare", "--noise", 0.1, "-o", tmp_path / "x.csv")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "no option 'noise'" in done.stderr
    done = physmodel("datasets", "verify", "lorenz")
    assert done.exit_code == 0
    assert "no file" in done.stderr


def test_datasets_list_and_show_name_every_dataset() -> None:
    done = physmodel("datasets", "list")
    assert [line.split()[0] for line in done.stdout.splitlines()] == list(catalogue.names())
    table = only_object(physmodel("datasets", "list", "--json"))
    assert [row["id"] for row in table["datasets"]] == list(catalogue.names())
    for row in table["datasets"]:
        shown = only_object(physmodel("datasets", "show", row["id"], "--json"))
        assert {key: shown[key] for key in row} == row
        text = physmodel("datasets", "show", row["id"]).stdout
        assert text.startswith(f"id: {row['id']}\ntitle: {row['title']}\n")
        assert not re.search(r"[\[{]'|: *$(?!\n +)", text, re.MULTILINE)  # no Python, no blanks


def test_datasets_verify_compares_with_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = physmodel("datasets", "verify")
    assert (done.exit_code, done.stderr) == (0, "")
    assert re.search(r"^lynx-hare +ok  sha256 [0-9a-f]{64}$", done.stdout, re.MULTILINE)
    folder = tmp_path / "datasets"
    shutil.copytree(catalogue.FOLDER, folder, ignore=shutil.ignore_patterns("build", "solar*"))
    with (folder / "lynx-hare.csv").open("a", encoding="utf-8") as file:
        file.write("1921,1,1\n")
    monkeypatch.setattr(catalogue, "FOLDER", folder)
    for request in (("datasets", "verify"), ("discover", "lynx-hare")):
        done = physmodel(*request)
        assert (done.exit_code, done.stdout) == (4, "")
        assert "its card promises" in done.stderr


def test_datasets_export_writes_every_digit(home: Path) -> None:
    back = pm.open(home / "lorenz.csv")
    truth = pm.catalogue.load("lorenz")
    for name in ("time", "x", "y", "z"):
        np.testing.assert_array_equal(back[name].values, truth[name].values)


def test_datasets_export_with_noise_is_reproducible(tmp_path: Path) -> None:
    texts = []
    for number, seed in enumerate((1, 1, 2)):
        file = tmp_path / f"out{number}.csv"
        request = ("datasets", "export", "pendulum", "-o", file, "--noise", 0.1, "--seed", seed)
        assert physmodel(*request).stderr == f"wrote {file}\n"
        texts.append(file.read_text(encoding="utf-8"))
    assert texts[0] == texts[1] != texts[2]


# Errors.


@pytest.mark.parametrize(
    ("code", "words", "request_"),
    [
        (2, "NAME=VALUE", "check {}/lorenz.csv --units x"),
        (2, "cannot read the expression", "discover {}/lorenz.csv --term x*"),
        (2, "did you mean 'sin'", "discover {}/lorenz.csv --function sni"),
        (2, "'q' in `bodies.sun` is not known", "discover {}/lorenz.csv --body sun=x,q"),
        (2, "states: x, y, z", "simulate {}/run --until 1 --from w=3"),
        (2, "'abc' is not a finite number", "simulate {}/run --until 1 --from x=abc"),
        (2, "'nan' is not a finite number", "simulate {}/run --until 1 --from y=nan"),
        (2, "after the start of the data, 0", "simulate {}/run --until nan"),
        (2, "after the start of the data, 0", "simulate {}/run --until -1"),
        (2, "cannot write the file", "simulate {}/run --until 1 -o {}/thesis"),
        (2, "cannot write the file", "datasets export lorenz -o {}/thesis"),
        (2, "cannot write the file", "datasets export lorenz -o {}/empty.csv/x.csv"),
        (2, "noise is nan", "datasets export lorenz -o {}/x.csv --noise nan"),
        (3, "there is no file", "discover {}/nothing.csv"),
        (3, "did you mean 'lorenz.csv'", "check {}/lorentz.csv"),
        (3, "did you mean 'lorenz'", "discover lorens"),
        (3, "did you mean 'lorenz'", "datasets show lorens"),
        (3, "did you mean 'lynx-hare'", "datasets verify lynx-hair"),
        (3, "did you mean 'pendulum'", "datasets export pendulun -o {}/x.csv"),
        (3, "empty", "check {}/empty.csv"),
        (3, "no data", "discover {}/header.csv --json"),
        (3, "words.txt", "check {}/words.txt"),
        (3, "thesis", "check {}/thesis"),
        (3, "no column 'w'", "discover {}/lorenz.csv --states x,w"),
        (3, "no column 'u'", "check {}/lorenz.csv --inputs u"),
        (2, "'u' in `hold` is not known", "check {}/lorenz.csv --hold u=zero"),
        (2, "the hold of 'z' is 'zoh'", "discover {}/lorenz.csv --inputs z --hold z=zoh"),
        (2, "'z' is not NAME=VALUE", "discover {}/lorenz.csv --inputs z --hold z"),
        (3, "zero or negative", "discover {}/lorenz.csv --positive x"),
        (3, "nothing moves", "discover {}/still.csv"),
        (4, "no model here", "simulate {}/thesis --until 1"),
        (4, "no model here", "report {}/nothing"),
        (4, "not JSON", "report {}/lorenz.csv"),
    ],
)
def test_an_error_says_what_where_why_and_what_to_do(
    home: Path, code: int, words: str, request_: str
) -> None:
    done = physmodel(*request_.replace("{}", str(home)).split())
    assert done.exit_code == code
    assert done.stdout == ""
    assert words in done.stderr
    assert ERROR.fullmatch(done.stderr)
    assert not (home / "x.csv").exists()


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        ("discovr x", "Did you mean 'discover'?"),
        ("discover", "Missing argument 'DATA'"),
        ("discover lorenz --jsn", "--json"),
        ("discover lorenz --degree 99", "0<=x<=6"),
        ("simulate run", "--until"),
        ("simulate run --until 1 --points 1", "2<=x<="),
        ("datasets shwo", "shwo"),
        ("datasets export lorenz", "--output"),
        ("check lorenz --missing drop", "segment"),
        ("bench discovry", "discovry"),
    ],
)
def test_a_wrong_command_line_exits_with_two(request_: str, words: str) -> None:
    done = physmodel(*request_.split())
    assert (done.exit_code, done.stdout) == (2, "")
    assert words in done.stderr


def test_a_missing_package_is_named_with_its_pip_line(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "table.parquet").write_bytes(b"PAR1")
    monkeypatch.setitem(sys.modules, "pyarrow", None)  # what Python does for an absent package
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    done = physmodel("check", home / "table.parquet")
    assert (done.exit_code, done.stdout) == (5, "")
    assert "pip install 'physmodel[files]'" in done.stderr


def test_debug_shows_the_traceback() -> None:
    done = CliRunner().invoke(root, ["--debug", "check", "nothing.csv"])
    assert isinstance(done.exception, pm.DataError)


# Help.


@pytest.mark.parametrize(
    "words", ["", *COMMANDS, *(f"datasets {c}" for c in ("list", "show", "verify", "export"))]
)
def test_help_is_tidy(words: str) -> None:
    done = physmodel(*words.split(), "--help")
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout.startswith("Usage: ")
    assert "\\b" not in done.stdout
    assert "\b" not in done.stdout
    assert "..." not in done.stdout.replace("]...", "").replace("exp ...", "")  # nothing cut off
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_examples_in_the_help_stand_on_lines_of_their_own() -> None:
    lines = [line.strip() for line in physmodel("--help").stdout.splitlines()]
    assert "physmodel discover data.csv" in lines
    assert "physmodel bench discovery" not in lines
    assert "discovery" in physmodel("bench", "--help").stdout


@pytest.mark.parametrize("source", ["lynx-hare", "solar-system", "{}/lorenz.csv"])
def test_the_table_of_check_fits_eighty_columns(home: Path, source: str) -> None:
    lines = physmodel("check", source.replace("{}", str(home))).stdout.splitlines()
    table = lines[2 : lines.index("", 2)]
    assert len({len(line) for line in table}) == 1
    assert max(map(len, table)) <= 80


def test_a_law_fits_eighty_columns() -> None:
    done = physmodel("discover", "lynx-hare", "-q")
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_a_defect_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Python would exit with 1, which scripts take for `ambiguous` or `no-law`."""

    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("two\nlines")

    monkeypatch.setattr("physmodel.discovery.discover.discover", broken)
    done = physmodel("discover", "lynx-hare", "--json")
    assert (done.exit_code, done.stdout) == (70, "")
    assert "inside physmodel: ZeroDivisionError: two lines" in done.stderr
    assert "--debug" in done.stderr


# As processes.


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_full_disk_is_said_in_one_line(home: Path) -> None:
    call = spawn("simulate", home / "run", "--until", 1)
    with open("/dev/full", "wb") as full:
        call["stdout"] = full
        done = subprocess.run(**call, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 2
    assert ERROR.fullmatch(done.stderr)


def spawn(*arguments: object, **environment: str) -> dict[str, Any]:
    return {
        "args": [sys.executable, "-c", MAIN, *map(str, arguments)],
        "env": {**os.environ, "COLUMNS": "80", **environment},
        "stdout": subprocess.PIPE,
    }


def test_standard_output_is_plain_even_where_colour_is_forced() -> None:
    call = spawn("discover", "lynx-hare", "--json", FORCE_COLOR="1", TERM="xterm")
    done = subprocess.run(**call, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 1
    assert json.loads(done.stdout)["status"] == "ambiguous"
    assert "\x1b" not in done.stdout


def test_a_reader_that_leaves_is_no_error(home: Path) -> None:
    call = spawn("simulate", home / "run", "--until", 1, "--points", 20_000)
    with subprocess.Popen(**call, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == "t,x,y,z\n"
        process.stdout.close()
        told = process.stderr.read()
    assert (process.returncode, told) == (0, "")


@pytest.mark.skipif(sys.platform == "win32", reason="terminals of Windows have no pty")
def test_no_color_is_respected_on_a_terminal() -> None:
    master, slave = os.openpty()
    try:
        call = spawn("discover", "lynx-hare", NO_COLOR="1", TERM="xterm")
        call["args"][2] = f"from physmodel.cli.support import stages; stages.PATIENCE = 0.0; {MAIN}"
        done = subprocess.run(**call, stderr=slave, check=False)
        told = os.read(master, 100_000).decode()
    finally:
        os.close(master)
        os.close(slave)
    assert done.returncode == 1
    assert "discover: " in told  # a spinner, since this is a terminal
    assert not re.search(r"\x1b\[[0-9;]*[1-9][0-9;]*m", told)  # 0 resets; the rest is style
