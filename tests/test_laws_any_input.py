"""Property 25 for invariants, symmetries and dimensionless groups, and what it has found."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import physmodel as pm
from physmodel.testing import BadArrays, bad_arrays, check_any_input, odd_trajectories

TIME = np.linspace(0.0, 20.0, 200)
UNITS = ("m", "mm", "m/s", "kg", "1", "rad", "degC", "furlong", "")


def circles(scale: float = 1.0) -> Any:
    """Records of ``x' = y, y' = -x`` with six radii."""
    radii = np.linspace(0.5, 1.5, 6)
    table = [scale * r * np.column_stack([np.cos(TIME), -np.sin(TIME)]) for r in radii]
    return pm.from_arrays([TIME] * 6, table, names=["x", "y"])


def opened(t: Any, x: Any) -> Any:
    """The dataset of such arrays; None where the door is shut, which other tests look at."""
    try:
        return pm.from_arrays(t, x)
    except pm.PhysmodelError:
        return None


@settings(max_examples=15)
@given(bad_arrays(max_size=40))
def test_25_invariants_of_bad_arrays(bad: BadArrays) -> None:
    data = opened(bad.t, bad.x)
    if data is not None:
        check_any_input(pm.invariants, data)
    check_any_input(pm.invariants, bad.x)


@settings(max_examples=12)
@given(bad_arrays(dim=2, max_size=30))
def test_25_symmetries_of_bad_arrays(bad: BadArrays) -> None:
    data = opened(bad.t, bad.x)
    if data is not None:
        check_any_input(pm.symmetries, data)
    check_any_input(pm.symmetries, bad.x)


@settings(max_examples=60)
@given(
    bad_arrays(max_size=20),
    st.lists(st.sampled_from(UNITS), min_size=8, max_size=8),
    st.sampled_from(({}, {"L": "0.5 m"}, {"g": "9.81 m/s^2", "L": "1e-300 m"}, {"k": "1e200 kg"})),
)
def test_25_groups_of_bad_arrays(bad: BadArrays, units: list[str], constants: Any) -> None:
    data = opened(bad.t, bad.x)
    if data is not None:
        for name, unit in zip(("time", *data.data_vars), units, strict=False):
            data[name].attrs["units"] = unit
        check_any_input(pm.pi_groups, data, constants)
        check_any_input(pm.nondimensionalise, data, constants)
    check_any_input(pm.pi_groups, bad.x)
    check_any_input(pm.nondimensionalise, bad.x)


@settings(max_examples=12)
@given(odd_trajectories())
def test_25_invariants_of_odd_trajectories(odd: tuple[str, Any, Any]) -> None:
    check_any_input(pm.invariants, pm.from_arrays(*odd[1:]))


# A search for a law takes a second and more.
@settings(max_examples=3)
@given(odd_trajectories(dim=2, max_size=20))
def test_25_symmetries_of_odd_trajectories(odd: tuple[str, Any, Any]) -> None:
    check_any_input(pm.symmetries, pm.from_arrays(*odd[1:]))


@pytest.mark.parametrize("scale", [1e-57, 1e57])
def test_numbers_near_the_limits_have_the_same_laws(scale: float) -> None:
    """Fourth powers of such numbers are floats, their squares are not."""
    data = circles(scale)
    (found,) = pm.invariants(data)
    assert set(found.terms) == {"x^2", "y^2"}
    turning = {"rotation:x,y", "scaling:x=1,y=1", "time-reversal:x", "time-reversal:y"}
    assert {item.name for item in pm.symmetries(data)} == turning


def test_fourth_powers_of_huge_numbers_are_compared_with_noise() -> None:
    """Short records of slow waves, on which a sum of fourth powers hardly changes."""
    rng, phase = np.random.default_rng(21), np.arange(26)[:, None] / 10.0
    rng.integers(1, 5, 3)
    waves = []
    for _ in range(2):
        three = [
            rng.normal(size=2) * np.sin(rng.uniform(0.2, 1.0, 2) * phase + rng.uniform(0.0, 6.0, 2))
            for _ in range(3)
        ]
        waves.append(1e55 * (sum(three) + rng.normal(size=2) * (1.0 + 0.1 * phase)))
    check_any_input(pm.invariants, pm.from_arrays([np.arange(26.0)] * 2, waves))


def test_what_moves_in_short_records_only_is_left_out() -> None:
    time = TIME[:100]
    long = [np.column_stack([np.ones(100), r * np.sin(time), r * np.cos(time)]) for r in (1, 2)]
    short = np.column_stack([np.arange(8.0), np.sin(time[:8]), np.cos(time[:8])])
    data = pm.from_arrays([time, time, time[:8]], [*long, short], names=["label", "x", "y"])
    (found,) = pm.invariants(data)
    assert set(found.terms) == {"x^2", "y^2"}


@pytest.mark.parametrize("f", [pm.invariants, pm.symmetries], ids=["invariants", "symmetries"])
def test_exact_lines_have_no_noise_to_compare_with(f: Any) -> None:
    """A law that leaves nothing at all: no profile of noise describes nothing better."""
    check_any_input(f, pm.from_arrays(np.arange(30.0), np.arange(30.0)[:, None] * [1.0, 2.5]))


@pytest.mark.parametrize(
    "units",
    [{"x": None}, {"x": 3.0}, {3: "m"}, {"x": "m//s"}, {"x": "km^200", "y": "m^200"}],
)
def test_units_that_are_none_are_refused(units: Any) -> None:
    with pytest.raises(pm.ProblemError):
        pm.pi_groups(units)


@pytest.mark.parametrize(
    ("constants", "words"),
    [
        ({"g": "nan m/s^2"}, "the value is nan"),
        ({"g": "-inf m/s^2"}, "the value is -inf"),
        ({"g": 9.81}, "needs its unit"),
        ({"": "1 m"}, "cannot be the name"),
        ({"g x": "1 m"}, "cannot be the name"),
        ({3: "1 m"}, "text only"),
        ("g=9.81", "must be a table"),
        (5, "must be a table"),
        ({"L": "1e-300 m"}, "x becomes 1e[+]300"),
        ({"L": "1e-320 m", "g": "1e10 m/s^2"}, "leave the range of floats"),
    ],
)
def test_constants_that_are_none_are_refused(constants: Any, words: str) -> None:
    data = pm.from_arrays(TIME, np.cos(TIME), names=["x"], units={"x": "m"}, time_units="s")
    with pytest.raises(pm.ProblemError, match=words):
        pm.nondimensionalise(data, constants)


# Twins: functions that break the property in every way it can be broken.


def changing(x: Any) -> Any:
    x *= 2.0
    return x


def slow(x: Any) -> float:
    return float(sum(np.linalg.norm(x) for _ in range(20_000)))


def wordless(x: Any) -> Any:
    raise pm.DataError("no")


def warning(x: Any) -> Any:
    return np.log(np.zeros(3) * x[0, 0])


@pytest.mark.parametrize(
    ("twin", "words"),
    [
        (lambda x: x / 0, "RuntimeWarning instead of an answer"),
        (lambda x: x[99], "IndexError instead of an answer"),
        (lambda x: float("nan"), "the answer is not finite"),
        (lambda x: {"a": (1.0, [np.inf])}, r"the answer\['a'\]\[1\]\[0\] is not finite"),
        (lambda x: pm.from_arrays(TIME, TIME).assign(z=("sample", TIME + np.nan)), r"\['z'\]"),
        (changing, "changes its argument 0"),
        (wordless, "neither where nor what to do"),
        (warning, "RuntimeWarning"),
    ],
)
def test_a_function_that_breaks_the_property_is_caught(twin: Any, words: str) -> None:
    with pytest.raises(AssertionError, match=words):
        check_any_input(twin, np.ones((3, 2)))


def test_a_function_that_hangs_is_caught() -> None:
    with pytest.raises(AssertionError, match="s are allowed"):
        check_any_input(slow, np.ones((3, 2)), patience=1e-3)
