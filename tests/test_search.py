"""The search over settings: minima that are known, effort that is counted, failures passed over."""

from __future__ import annotations

import sys
from itertools import pairwise, product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from physmodel.errors import MissingDependencyError, ProblemError
from physmodel.optimizers.settings_search.record import SearchEnding
from physmodel.optimizers.settings_search.search import FACTOR, LEAST, brackets, search
from physmodel.optimizers.settings_search.space import Categorical, Integer, Real, Space

LINE: Space = {"x": Real(0.0, 1.0)}
MIXED: Space = {
    "ridge": Real(1e-8, 1.0, log=True),
    "width": Integer(8, 256, log=True),
    "form": Categorical(("plain", "hamiltonian")),
}


def mixed(settings: dict[str, Any], budget: float) -> float:
    """Smallest, zero, at ridge 1e-4, width 64 and the Hamiltonian form."""
    return float(
        np.log10(settings["ridge"] / 1e-4) ** 2
        + np.log2(settings["width"] / 64) ** 2
        + (settings["form"] == "plain")
    )


def test_the_plan_is_that_of_the_paper() -> None:
    # Li et al. (2018), algorithm 1 with R = 81 and a factor of 3: n = ceil(5 * 3^s / (s + 1)).
    plan = brackets(1 / 81)
    assert [rungs[0].count for rungs in plan] == [81, 34, 15, 8, 5]
    assert [rung.count for rung in plan[0]] == [81, 27, 9, 3, 1]
    assert [rung.count for rung in plan[1]] == [34, 11, 3, 1]
    for rungs in plan:
        assert rungs[-1].budget == 1.0
        for lower, upper in pairwise(rungs):
            assert upper.budget == FACTOR * lower.budget


@settings(max_examples=20)
@given(st.floats(1e-3, 1.0), st.integers(1, 3))
def test_the_effort_is_what_the_plan_says(least: float, passes: int) -> None:
    calls: list[float] = []

    def objective(settings: dict[str, Any], budget: float) -> float:
        calls.append(budget)
        return float(settings["x"])

    found = search(objective, LINE, least=least, passes=passes)
    planned = [rung for rungs in brackets(least) for rung in rungs] * passes
    assert len(calls) == len(found.evaluations) == sum(rung.count for rung in planned)
    assert [one.budget for one in found.evaluations] == calls
    assert found.cost == pytest.approx(sum(rung.count * rung.budget for rung in planned))
    assert min(calls) >= least * (1 - 1e-9)  # the rounding of a logarithm


def test_each_bracket_costs_about_the_same() -> None:
    # Every rung of a bracket has at most n / 3^i settings at 3^i times the share, and n is rounded
    # up from the number that spends exactly the effort of the bracket: at most one whole setting
    # in each of the rungs is added.
    plan = brackets(LEAST)
    for rungs in plan:
        cost = sum(rung.count * rung.budget for rung in rungs)
        assert cost <= len(plan) + len(rungs) * 1.0


def test_a_true_ranking_is_never_lost() -> None:
    # Halving keeps the best third at every rung; if shares rank as the whole does, the best of all
    # settings that were ever drawn survives.
    found = search(mixed, MIXED, seed=4)
    assert found.score == min(one.score for one in found.evaluations)


def test_a_ranking_that_is_off_by_less_than_what_is_kept_is_never_lost() -> None:
    # Of the 27 settings of the first bracket nine are kept. If shares move the best setting by
    # eight places at most it is still among them, and by two and by none in the rungs that keep
    # three and one: here a handicap counts places of the drawn settings exactly.
    drawn: list[float] = []
    search(lambda s, b: drawn.append(s["x"]) or s["x"], LINE)  # type: ignore[func-returns-value]
    first = sorted(drawn[:27])
    places = {x: place for place, x in enumerate(first)}

    def handicapped(settings: dict[str, Any], budget: float) -> float:
        place = places.get(settings["x"])
        if place is None:
            return 100.0 + settings["x"]
        behind = {1 / 27: 8.5, 1 / 9: 2.5}.get(budget, 0.0)
        return behind if place == 0 else float(place)

    assert search(handicapped, LINE).settings["x"] == first[0]

    def lost(settings: dict[str, Any], budget: float) -> float:
        return 9.5 if budget == 1 / 27 and settings["x"] == first[0] else handicapped(settings, 1.0)

    assert search(lost, LINE).settings["x"] != first[0]  # and not one place more


@settings(max_examples=40)
@given(st.floats(0.0, 1.0), st.integers(0, 2**32 - 1))
def test_the_minimum_on_a_line_is_found_to_the_spacing_of_the_points(at: float, seed: int) -> None:
    # Every part of length 1/32 of the line holds one of the first 32 scrambled Sobol points; the
    # plan draws 49 in all, and a share ranks as the whole does.
    found = search(lambda settings, budget: (settings["x"] - at) ** 2, LINE, seed=seed)
    assert abs(found.settings["x"] - at) <= 1 / 32


def test_a_finite_space_is_searched_without_asking_twice() -> None:
    space: Space = {"a": Integer(0, 2), "b": Categorical(("p", "q"))}
    asked: list[tuple[Any, ...]] = []

    def objective(settings: dict[str, Any], budget: float) -> float:
        asked.append((settings["a"], settings["b"], budget))
        return settings["a"] + (settings["b"] == "p")

    found = search(objective, space, least=1.0, passes=20)
    assert sorted(asked) == sorted((a, b, 1.0) for a, b in product(range(3), "pq"))
    assert found.settings == {"a": 0, "b": "q"}
    assert found.ending is SearchEnding.EVERYTHING
    assert found.cost == 6.0


def test_options_that_are_equal_numbers_are_different_questions() -> None:
    asked: list[Any] = []

    def objective(settings: dict[str, Any], budget: float) -> float:
        asked.append(settings["k"])
        return float(settings["k"] == "a")

    search(objective, {"k": Categorical(("1", 1, "a", [1, 2]))}, least=1.0, passes=8)
    assert sorted(map(repr, asked)) == sorted(map(repr, ("1", 1, "a", [1, 2])))


def test_the_same_seed_gives_the_same_bits_and_another_seed_others() -> None:
    first, second, other = (search(mixed, MIXED, seed=seed) for seed in (3, 3, 5))
    assert first.evaluations == second.evaluations
    assert first.evaluations != other.evaluations


@settings(max_examples=20)
@given(st.floats(0.0, 1.0), st.integers(0, 2**32 - 1))
def test_failures_are_written_down_and_passed_over(share: float, seed: int) -> None:
    rng = np.random.default_rng(seed)

    def objective(settings: dict[str, Any], budget: float) -> float:
        if budget < 1.0 and rng.random() < share:
            raise ZeroDivisionError("nothing left to divide by")
        return settings["x"] if settings["x"] < 0.9 else float("nan")

    found = search(objective, LINE)
    assert np.isfinite(found.score)
    assert found.settings["x"] < 0.9
    sound = [one for one in found.evaluations if not one.error]
    assert found.score == min(one.score for one in sound if one.budget == 1.0)
    for one in found.failures:
        assert one.score == np.inf
        assert one.error in ("ZeroDivisionError: nothing left to divide by", "the score is nan")


def test_when_everything_fails_the_last_reason_is_told() -> None:
    def objective(settings: dict[str, Any], budget: float) -> float:
        raise ValueError("the record is empty")

    with pytest.raises(ProblemError, match="ValueError: the record is empty") as caught:
        search(objective, LINE)
    assert isinstance(caught.value.__cause__, ValueError)


def test_an_interruption_is_no_failure() -> None:
    def objective(settings: dict[str, Any], budget: float) -> float:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        search(objective, LINE)


def test_known_settings_bound_the_answer_and_come_first() -> None:
    known = {"x": 0.123456789}
    found = search(lambda s, b: abs(s["x"] - known["x"]), LINE, known=[known])
    assert found.settings == known
    assert found.score == 0.0
    assert found.evaluations[0].settings == known
    assert found.evaluations[0].budget == 1.0


def test_a_best_value_at_the_edge_is_pointed_out() -> None:
    assert search(lambda s, b: s["x"], LINE).edges == ("x",)
    assert "widen the range" in search(lambda s, b: s["x"], LINE).remedy
    inside = search(lambda s, b: (s["x"] - 0.5) ** 2, LINE)
    assert inside.edges == ()
    assert "score: " in str(inside)


@given(
    st.floats(0.0, 1.0),
    st.sampled_from([Real(-3.0, 7.0), Real(1e-9, 1e9, log=True), Real(2.0, 2.0)]),
)
def test_numbers_stay_in_their_range_and_shares_are_inverted(share: float, real: Real) -> None:
    value = real.at(share)
    assert real.holds(value)
    if real.low < real.high:
        # A few roundings of logarithms of size 21.
        assert real.share(value) == pytest.approx(share, abs=1e-13)


@settings(max_examples=30)
@given(st.integers(1, 40), st.integers(0, 40), st.booleans())
def test_every_whole_number_of_a_range_is_reached(low: int, more: int, log: bool) -> None:
    whole = Integer(low, low + more, log)
    shares = np.linspace(0.0, 1.0, 2000)
    assert {whole.at(float(share)) for share in shares} == set(range(low, low + more + 1))


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Real(1.0, 0.0), "no range"),
        (lambda: Real(0.0, float("inf")), "no range"),
        (lambda: Real(0.0, 1.0, log=True), "ratios"),
        (lambda: Integer(1, 2.5), "whole number"),  # type: ignore[arg-type]
        (lambda: Integer(0, 4, log=True), "ratios"),
        (lambda: Categorical(()), "none"),
        (lambda: Categorical(("a", "a")), "twice"),
        (lambda: search(mixed, {}), "empty"),
        (lambda: search(mixed, {"x": (0, 1)}), "the setting 'x'"),  # type: ignore[dict-item]
        (lambda: search(mixed, LINE, known=[{"y": 1.0}]), "known settings"),
        (lambda: search(mixed, LINE, known=[{"x": 2.0}]), "outside its range"),
        (lambda: search(mixed, {"n": Integer(1, 3)}, known=[{"n": 1.5}]), "outside its range"),
        (lambda: search(mixed, LINE, least=0.0), "least share"),
        (lambda: search(mixed, LINE, least=float("nan")), "least share"),
        (lambda: search(mixed, LINE, passes=0), "passes"),
        (lambda: search(mixed, LINE, method="grid"), "hyperband, optuna"),
    ],
)
def test_bad_requests_are_refused_with_what_to_do(make: Any, words: str) -> None:
    with pytest.raises(ProblemError, match=words) as caught:
        make()
    assert caught.value.fix


def test_without_optuna_the_message_holds_the_pip_line_and_nothing_is_spent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    calls: list[Any] = []
    with pytest.raises(MissingDependencyError, match=r"physmodel\[search\]"):
        search(lambda s, b: calls.append(s) or 0.0, LINE, method="optuna", known=[{"x": 0.5}])  # type: ignore[func-returns-value]
    assert not calls


def test_optuna_spends_the_same_effort_and_finds_the_minimum() -> None:
    optuna = pytest.importorskip("optuna")
    before = optuna.logging.get_verbosity()
    plain = search(mixed, MIXED, seed=1)
    first, second = (search(mixed, MIXED, method="optuna", seed=1) for _ in range(2))
    assert first.evaluations == second.evaluations
    assert optuna.logging.get_verbosity() == before
    assert first.cost <= plain.cost + 1.5  # the last proposal may take all its shares
    # Within a factor of ten of the ridge and two of the width, of the right form.
    assert first.settings["form"] == "hamiltonian"
    assert first.score <= 2.0


def test_optuna_passes_over_failures_and_small_spaces_end() -> None:
    pytest.importorskip("optuna")

    def objective(settings: dict[str, Any], budget: float) -> float:
        if settings["k"] == "b":
            raise ValueError("no")
        return {"a": 1.0, "c": 0.5}[settings["k"]]

    space: Space = {"k": Categorical(("a", "b", "c"))}
    found = search(objective, space, method="optuna", known=[{"k": "a"}])
    assert found.settings == {"k": "c"}
    assert {one.settings["k"] for one in found.failures} <= {"b"}
