"""Angles in degrees: every verb that takes data answers as for the same angles in radians."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

import physmodel as pm
from physmodel.models.integration.integrate import integrate
from physmodel.networks.fit_network import fit_network

TIME = np.linspace(0.0, 8.0, 200)
NOISE = 1e-3
#: What the digits of the conversion may do to an answer: statistics amplify 1e-16 by their own
#: tolerances, of which the loosest is 1e-6.
SAME = {"rtol": 1e-5, "atol": 1e-7}

#: A pendulum that loses no energy.
FREE = {"drag": 0.0}


@cache
def swing(drag: float = 0.2) -> np.ndarray:
    """A pendulum that swings wide, so that its sine is no straight line, with its noise."""
    path = integrate(
        lambda _, s: np.array([s[1], -4.0 * np.sin(s[0]) - drag * s[1]]), TIME, [2.0, 0.0]
    )
    return path + NOISE * np.random.default_rng(0).standard_normal(path.shape)


def pendulum(unit: str, drag: float = 0.2) -> xr.Dataset:
    path = swing(drag) if unit == "rad" else np.degrees(swing(drag))
    return pm.from_arrays(
        TIME, path, names=[f"angle [{unit}]", f"speed [{unit}/s]"], time_units="s"
    )


def sloped(unit: str) -> xr.Dataset:
    """Angle and speed of a small free swing with their slopes, as networks take them."""
    amplitude = 0.3 * np.array([1.0, 2.0])[:, None]
    angle = amplitude * np.cos(2.0 * TIME + np.array([[0.0], [1.0]]))
    speed = -2.0 * amplitude * np.sin(2.0 * TIME + np.array([[0.0], [1.0]]))
    factor = 1.0 if unit == "rad" else 180.0 / np.pi
    tables = [
        factor * np.column_stack([q, p, p, -4.0 * q]) for q, p in zip(angle, speed, strict=True)
    ]
    names = ["angle", "speed", "angle_t", "speed_t"]
    units = {"angle": unit, "speed": f"{unit}/s", "angle_t": f"{unit}/s", "speed_t": f"{unit}/s^2"}
    return pm.from_arrays([TIME, TIME], tables, names=names, units=units)


@cache
def law(unit: str = "rad") -> pm.Result:
    return pm.discover(pendulum(unit))


@cache
def free() -> pm.Result:
    return pm.discover(pendulum("rad", **FREE))


@cache
def fitted(unit: str = "rad") -> pm.Fit:
    return pm.fit(pendulum(unit), "angle' = speed, speed' = -k*sin(angle) - c*speed")


@cache
def hybrid(unit: str = "rad") -> Any:
    return pm.hybrid(pendulum(unit), "angle' == speed, speed' = -k*sin(angle)")


@cache
def regimes(unit: str) -> Any:
    equations = {"angle": "speed", "speed": "-k*sin(angle) - c*speed"}
    return pm.fit_regimes(pendulum(unit), equations, most=1)


def drawn(figure: Any) -> np.ndarray:
    """All lines and points of a picture."""
    lines = [line.get_ydata() for axes in figure.axes for line in axes.lines]
    points = [np.asarray(p.get_offsets()) for axes in figure.axes for p in axes.collections]
    return np.concatenate([np.ravel(np.asarray(one, dtype=float)) for one in (*lines, *points)])


def network(data: xr.Dataset) -> np.ndarray:
    field = fit_network(_hamiltonian, data).field
    return field.rate(np.zeros(1), np.array([[0.2, -0.3]]), None, np.empty((1, 0)))


def quantities(found: tuple[Any, ...]) -> list[float]:
    return [weight for item in found for weight in item.terms.values()]


def scores(found: dict[str, float]) -> list[float]:
    return list(found.values())


VERBS: dict[str, Callable[[str], Any]] = {
    "discover": lambda unit: law(unit).coefficients.values,
    "discover with terms": lambda unit: (
        pm.discover(pendulum(unit), terms=["sin(angle)"], degree=1).coefficients.values
    ),
    "discover with units": lambda unit: (
        pm.discover(
            pm.from_arrays(
                TIME, swing() * (1.0 if unit == "rad" else 180.0 / np.pi), names=["angle", "speed"]
            ),
            units={"angle": unit, "speed": f"{unit}/s"},
            time_unit="s",
        ).coefficients.values
    ),
    "fit": lambda unit: fitted(unit).values,
    "hybrid": lambda unit: hybrid(unit).model.parameters,
    "hybrid of a law": lambda unit: pm.hybrid(pendulum(unit), law()).model.parameters,
    "regimes": lambda unit: regimes(unit).parameters["value"].values,
    "network": lambda unit: network(sloped(unit)),
    "invariants": lambda unit: quantities(pm.invariants(pendulum(unit, **FREE))),
    "invariants of a law": lambda unit: quantities(
        pm.invariants(replace(free(), data=pendulum(unit, **FREE)))
    ),
    "symmetries": lambda unit: [len(pm.symmetries(pendulum(unit, **FREE)))],
    "data of a law": lambda unit: replace(law(), data=pendulum(unit)).data["angle"].values,
    "predict": lambda unit: law().predict(pendulum(unit)).values,
    "score of a law": lambda unit: scores(law().score(pendulum(unit))),
    "score of a fit": lambda unit: scores(fitted().score(pendulum(unit))),
    "score of a hybrid": lambda unit: scores(hybrid().score(pendulum(unit))),
    "plot of a law": lambda unit: drawn(law().plot(pendulum(unit))),
    "plot of a fit": lambda unit: drawn(fitted().plot(pendulum(unit))),
    "plot of a hybrid": lambda unit: drawn(hybrid().plot(pendulum(unit))),
    "dimensionless": lambda unit: pm.nondimensionalise(pendulum(unit))["angle"].values,
}


@pytest.mark.parametrize("verb", VERBS)
def test_degrees_and_radians_get_one_answer(verb: str) -> None:
    wanted = np.asarray(VERBS[verb]("rad"), dtype=float)
    assert np.isfinite(wanted).any()
    np.testing.assert_allclose(np.asarray(VERBS[verb]("deg"), dtype=float), wanted, **SAME)


@pytest.mark.parametrize(
    "answer",
    [
        law,
        fitted,
        hybrid,
        regimes,
        lambda unit: fit_network(_hamiltonian, sloped(unit)),
    ],
)
def test_the_answer_says_what_was_converted(answer: Callable[[str], Any]) -> None:
    assert "angle was converted from deg to rad" in str(answer("deg"))
    assert "converted" not in str(answer("rad"))


def _hamiltonian(width: int) -> Any:
    from physmodel.models.nets.mlp import MLPScalar
    from physmodel.models.nets.structure.hamiltonian import Hamiltonian

    return Hamiltonian(MLPScalar(2, (width,)))


def test_the_report_of_data_in_degrees_is_in_radians(tmp_path: Path) -> None:
    page = pm.report(replace(law(), data=pendulum("deg")), tmp_path).read_text(encoding="utf-8")
    assert page.count("[rad]") == pm.report(law(), tmp_path).read_text(encoding="utf-8").count(
        "[rad]"
    )


def test_data_are_converted_once_and_checked_as_they_are() -> None:
    data = pendulum("deg")
    kept = law("deg").data
    assert kept is not None
    assert kept["angle"].attrs["units"] == "rad"
    assert float(np.abs(kept["angle"].values).max()) < np.pi
    np.testing.assert_allclose(pm.discover(kept).coefficients, law("deg").coefficients, **SAME)
    told = [note.message for note in pm.check(data) if note.where == "speed"]
    assert "is in deg/s; fits take it in radians" in told
    (noise,) = (float(text.split()[2].rstrip(",")) for text in told if text.startswith("noise"))
    # Estimated from 200 samples, to a tenth and the rounding of the text; as in the file.
    assert noise == pytest.approx(np.degrees(NOISE), rel=0.3)
    assert data["angle"].attrs["units"] == "deg"
