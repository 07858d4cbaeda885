"""The report: one page that needs nothing else, says everything, and runs nothing it was given."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
from dataclasses import replace
from html import escape
from html.parser import HTMLParser
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import physmodel as pm
from physmodel.data.contract import make_dataset
from physmodel.findings import Finding
from physmodel.laws.figures.canvas import CYCLE
from physmodel.laws.texts.render import left_side, number
from physmodel.reports.html import report_html
from physmodel.reports.provenance import facts_of_run
from physmodel.reports.run import write_run

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "]]> --> {{7*7}} ${7*7}",
    "$\\frac{\\input{/etc/passwd}$",
    "'; </style></svg><svg onload=alert(1)>",
)
VOID = {"meta", "br", "hr", "img", "input", "link", "base"}
WORDS = """
html head meta title style body main header section h1 h2 p b span div pre code
table thead tbody tr th td svg g path defs clippath rect use image text
"""
ALLOWED = frozenset(WORDS.split())


class Page(HTMLParser):
    """Tags, attributes, texts and comments of a page; every tag must be closed in turn."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.texts: dict[str, list[str]] = {}
        self.comments: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len({name for name, _ in attrs}) == len(attrs), attrs
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open:
            self.texts.setdefault(self.open[-1], []).append(data)

    def handle_comment(self, data: str) -> None:
        self.comments.append(data.strip())


def safe(text: str) -> Page:
    """The page, once it is certain that it loads nothing and runs nothing."""
    page = Page(text)
    assert {tag for tag, _ in page.tags} <= ALLOWED
    for _, attributes in page.tags:
        for name, value in attributes.items():
            assert not name.startswith("on")
            if name in {"src", "href", "xlink:href", "srcset", "action", "data"}:
                assert value.startswith(("#", "data:image/png;base64,"))
            assert not re.search(r"url\((?!#)|javascript:|@import", value)
    assert not re.search(r"url\(|@import", "".join(page.texts["style"]))
    policy = [a["content"] for t, a in page.tags if t == "meta" and "http-equiv" in a]
    assert policy == ["default-src 'none'; style-src 'unsafe-inline'; img-src data:"]
    names = [a["id"] for _, a in page.tags if "id" in a]
    assert len(set(names)) == len(names)
    assert {a["xlink:href"][1:] for t, a in page.tags if t == "use"} <= set(names)
    for tag, attributes in page.tags:
        if tag == "svg":
            assert attributes["role"] == "img"
            assert len(attributes["aria-label"]) > 5
    return page


def section(text: str, title: str) -> str:
    found = re.search(rf"<section><h2>{re.escape(title)}</h2>(.*?)</section>", text, re.DOTALL)
    assert found is not None, title
    return found[1]


@pytest.fixture(scope="module")
def pendulum() -> pm.Result:
    return pm.discover(pm.catalogue.load("pendulum", noise=0.01))


@pytest.fixture(scope="module")
def page(pendulum: pm.Result) -> str:
    return report_html(pendulum)


@pytest.fixture(scope="module")
def lawless() -> pm.Result:
    noise = np.random.default_rng(5).standard_normal((200, 1))
    law = pm.discover(pm.from_arrays(0.1, noise, names=["x"]))
    assert law.status == "no-law"
    return law


def test_the_page_is_self_contained_and_well_formed(page: str) -> None:
    safe(page)
    assert page.startswith("<!doctype html>\n")


def test_equations_are_typeset_and_can_be_read_out(page: str, pendulum: pm.Result) -> None:
    law = safe(section_page(page, "The law"))
    read = [a["aria-label"] for tag, a in law.tags if tag == "svg"]
    assert len(read) == 2
    for text, state in zip(read, pendulum.problem.states, strict=True):
        assert text.startswith(left_side(state, 1) + " = ")
        for item in pendulum.terms(state):
            assert number(abs(item["coefficient"]), item["std"]) in text
    assert any("\\sin" in comment for comment in law.comments)  # drawn from LaTeX


def test_coefficients_stand_in_a_table_and_a_plot_with_error_bars(
    page: str, pendulum: pm.Result
) -> None:
    part = safe(section_page(page, "Coefficients"))
    for state in pendulum.problem.states:
        for item in pendulum.terms(state):
            assert number(item["coefficient"], item["std"]) in part.texts["td"]
            assert item["unit"] in {*part.texts["td"], ""}
        assert f"equation of {state}" in part.comments
    bars = [a["id"] for _, a in part.tags if re.search(r"LineCollection_\d+$", a.get("id", ""))]
    assert len(bars) == 2  # one for each equation
    assert any(comment.startswith("sin(theta)") for comment in part.comments)


def test_data_stand_against_a_free_run_and_its_residuals(page: str, pendulum: pm.Result) -> None:
    run = safe(section_page(page, "Data against a free-running simulation"))
    assert {"data", "simulation", "theta [rad]", "time [s]"} <= set(run.comments)
    assert f"{pendulum.scores['free_run_r2']:.6g}" in "".join(run.texts["p"])
    rest = safe(section_page(page, "Residuals"))
    assert {"miss / spread", "theta", "omega"} <= set(rest.comments)


def test_conserved_quantities_are_listed_and_drawn(page: str, pendulum: pm.Result) -> None:
    part = safe(section_page(page, "Conserved quantities"))
    assert len(pendulum.conserved) == 1
    assert {pendulum.conserved[0].label, f"{pendulum.conserved[0].drift:.2e}"} <= set(
        part.texts["td"]
    )
    assert "change / size" in part.comments


def test_data_and_text_close_the_page(page: str, pendulum: pm.Result) -> None:
    facts = safe(section_page(page, "Data"))
    assert "1001 samples in 1 trajectory" in facts.texts["p"][0]
    assert {"theta", "omega", "rad", "rad/s"} <= set(facts.texts["td"])
    text = "".join(safe(section_page(page, "As text")).texts["pre"])
    assert text == str(pendulum)


def section_page(text: str, title: str) -> str:
    """One section with the head of its page."""
    return text[: text.index("<main>")] + section(text, title) + "</body></html>"


def test_the_head_says_where_the_result_comes_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    t = 0.05 * np.arange(200)
    table = np.column_stack([t, np.exp(-0.1 * t) * np.cos(2.0 * t)])
    np.savetxt(tmp_path / "swing.csv", table, delimiter=",", header="t,x", comments="")
    command = "physmodel discover 'swing.csv' --order 2 # <b>"
    run = write_run(pm.discover(tmp_path / "swing.csv"), tmp_path / "run", command)
    text = (run / "report.html").read_text(encoding="utf-8")
    shown = safe(text)
    assert shown.texts["h1"] == ["swing.csv"]
    head = text[text.index("<header>") : text.index("</header>")]
    digest = hashlib.sha256((run / "data.nc").read_bytes()).hexdigest()
    for said in ("data swing.csv", escape(command), "2023-11-14 22:13 UTC", digest):
        assert said in head
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1800000000")  # the run is not made again
    again = pm.report(pm.load(run), tmp_path, facts_of_run(run)).read_text(encoding="utf-8")
    assert again == text


def test_what_an_approximate_law_leaves_and_a_filter_are_told(pendulum: pm.Result) -> None:
    seen = Finding("I-FILTER", "info", "", "moving average of 5 samples")
    scores = {**pendulum.fit_scores, "unexplained": 0.042}
    law = replace(pendulum, status="approximate", fit_scores=scores, warnings=(seen,))
    part = section(report_html(law), "What the law leaves, and what the record went through")
    assert "4.2% of the rates of change" in part
    assert "Moving average of 5 samples." in part
    assert "What the law leaves" not in report_html(pendulum)


def test_every_trajectory_is_drawn_or_it_is_said_which() -> None:
    t = 0.05 * np.arange(200)
    runs = [
        (1.0 + 0.2 * k) * np.exp(-0.1 * t)[:, None] * np.column_stack([np.cos(t), np.sin(t)])
        for k in range(4)
    ]
    data = make_dataset([t] * 4, runs, ["x", "y"], ids=["a", "b", "<c>", "d"])
    text = report_html(pm.discover(data))
    safe(text)
    run = section(text, "Data against a free-running simulation")
    assert "All 4 trajectories are drawn: a, b, &lt;c&gt;, d." in run
    safe(section_page(text, "Phase portrait"))


def test_rivals_are_shown() -> None:
    law = pm.discover("lynx-hare")
    text = report_html(law)
    part = safe(section_page(text, "Rival models"))
    assert [f"{rival.delta:.2f}" for rival in law.rivals] == part.texts["td"][::2]
    safe(text)


def test_a_result_without_a_law_still_gets_its_report(lawless: pm.Result, tmp_path: Path) -> None:
    file = pm.report(lawless, tmp_path / "out")
    assert file == tmp_path / "out" / "report.html"
    text = file.read_text(encoding="utf-8")
    assert "no-law" in safe(text).texts["span"]
    assert "<b>not</b> explain" in section(text, "Closest of what was tried")
    assert "<h2>Residuals</h2>" not in text
    section(text, "Data")


@settings(max_examples=25)
@given(st.text(max_size=30) | st.sampled_from(HOSTILE))
def test_any_title_is_shown_as_it_is(lawless: pm.Result, title: str) -> None:
    shown = safe(report_html(replace(lawless, problem=lawless.problem.replace(title=title))))
    assert "".join(shown.texts["h1"]) == (title or "Discovered law")


def test_hostile_headers_and_titles_are_only_text(tmp_path: Path) -> None:
    t = 0.05 * np.arange(200)
    x = np.exp(-0.1 * t)[:, None] * np.column_stack([np.cos(2.0 * t), np.sin(2.0 * t)])
    data = pm.from_arrays(t, x, names=[HOSTILE[0], HOSTILE[1]]).assign_attrs(title=HOSTILE[4])
    law = pm.discover(data)
    text = pm.report(law, tmp_path).read_text(encoding="utf-8")
    shown = safe(text)
    assert shown.texts["h1"] == [HOSTILE[4]]
    # The headers became identifiers, and the notes say from what.
    assert [f"column {header!r}" in shown.texts["td"] for header in HOSTILE[:2]] == [True, True]


def test_hostile_names_of_bodies_are_only_text() -> None:
    data = pm.catalogue.load("three-body", periods=2.0).drop_attrs(deep=False)
    pairs = [("x1", "y1"), ("x2", "y2"), ("x3", "y3")]
    names = (HOSTILE[1], "_" + HOSTILE[2], HOSTILE[3])
    law = pm.discover(data, bodies=dict(zip(names, pairs, strict=True)))
    shown = safe(report_html(law))
    assert law.laws[0]["exponent"] == -2.0
    assert set(names) <= set(shown.texts["td"])


@pytest.mark.parametrize("names", [["_x", "__"], ["位置", "lambda_"]], ids=ascii)
def test_names_that_fonts_and_typesetters_dislike(names: list[str]) -> None:
    t = 0.05 * np.arange(200)
    x = np.exp(-0.1 * t)[:, None] * np.column_stack([np.cos(2.0 * t), np.sin(2.0 * t)])
    law = pm.discover(pm.from_arrays(t, x, names=names))
    text = report_html(law)  # a warning would be an error here
    shown = safe(text)
    assert len(re.findall(r'<div class="eq"><svg|<pre>d', section(text, "The law"))) == 2
    assert {left_side(state, law.model.order) for state in law.problem.states} <= set(
        shown.texts["td"]
    )


def test_the_same_run_gives_the_same_bytes_in_another_process(
    pendulum: pm.Result, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    page = report_html(pendulum)
    assert "2023-11-14 22:13 UTC" in page
    pendulum.save(tmp_path)
    code = "import sys, physmodel as pm; pm.report(pm.load(sys.argv[1]), sys.argv[1])"
    environment = {**os.environ, "PYTHONHASHSEED": "1"}
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], env=environment, check=True)
    assert (tmp_path / "report.html").read_text(encoding="utf-8") == page


def lightness_and_colour(code: str) -> NDArray[np.float64]:
    """CIE L*a*b* of an sRGB colour (IEC 61966-2-1, white point D65)."""
    srgb = np.array([int(code[k : k + 2], 16) for k in (1, 3, 5)]) / 255.0
    linear = np.where(srgb > 0.04045, ((srgb + 0.055) / 1.055) ** 2.4, srgb / 12.92)
    xyz = np.array(
        [
            [0.4124564, 0.3575761, 0.1804375],
            [0.2126729, 0.7151522, 0.0721750],
            [0.0193339, 0.1191920, 0.9503041],
        ]
    )
    f = np.cbrt(xyz @ linear / [0.95047, 1.0, 1.08883])  # every colour here is above the toe
    return np.array([116.0 * f[1] - 16.0, 500.0 * (f[0] - f[1]), 200.0 * (f[1] - f[2])])


def test_ten_curves_can_be_told_apart() -> None:
    points = [lightness_and_colour(code) for code in CYCLE]
    apart = [np.linalg.norm(a - b) for a, b in combinations(points, 2)]
    assert len(CYCLE) >= 10  # the solar system has nine bodies
    # Ten times the just noticeable difference of 2.3: thin lines need more than large areas.
    assert min(apart) > 23.0
