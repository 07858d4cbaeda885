"""What is reported as conserved holds for the law as it is printed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

import physmodel as pm
from physmodel.conserved.kept import DRIFT, kept_quantities
from physmodel.data.contract import variable_names
from physmodel.data.segments import segments
from physmodel.models.integration.integrate import integrate

Array = NDArray[np.float64]


def pendulum(damping: float, end: float, seed: int, *, velocities: bool) -> pm.Result:
    rng = np.random.default_rng(seed)
    t = np.linspace(0.0, end, int(20 * end))

    def rhs(_: float, s: Array) -> Array:
        return np.array([s[1], -9.81 * np.sin(s[0]) - damping * s[1]])

    x = integrate(rhs, t, [1.2, 0.0])[:, : 1 + velocities]
    x = x + 0.01 * rng.standard_normal(x.shape)
    return pm.discover(pm.from_arrays(t, x, names=["angle", "omega"][: 1 + velocities]))


@pytest.mark.parametrize("velocities", [False, True])
@pytest.mark.parametrize("end", [3.0, 6.0])
def test_a_damped_pendulum_conserves_nothing(end: float, velocities: bool) -> None:
    assert pendulum(0.25, end, 0, velocities=velocities).conserved == ()


@pytest.mark.parametrize("velocities", [False, True])
def test_a_pendulum_conserves_its_energy(velocities: bool) -> None:
    """``omega^2 / 2 - 9.81 cos``: 0.05097 for a cosine of one."""
    law = pendulum(0.0, 6.0, 1, velocities=velocities)
    (energy,) = law.conserved
    assert energy.drift < 1e-6
    speed = "omega" if velocities else "angle_t"
    assert energy.expression.endswith(f"*{speed}^2 - cos(angle)")
    assert float(energy.expression.split("*")[0]) == pytest.approx(0.5 / 9.81, rel=0.02)


def test_a_changed_coefficient_ends_it() -> None:
    """The same data and errors; the law that is printed has friction of a hundredth more."""
    law = pendulum(0.0, 6.0, 0, velocities=True)
    assert law.data is not None
    assert len(kept_quantities(law, law.data)) == 1
    row, column = law.model.states.index("omega"), None
    for k, term in enumerate(law.model.terms):
        column = k if str(term) == "omega" else column
    assert column is not None
    table = law.model.coefficients.copy()
    table[row, column] -= 0.05
    rubbed = replace(law, model=replace(law.model, coefficients=table))
    assert kept_quantities(rubbed, law.data) == []


def test_hares_and_lynxes_conserve_nothing() -> None:
    law = pm.discover("lynx-hare")
    assert all(item.drift < DRIFT for item in law.conserved)


@pytest.mark.parametrize("noise", [1e-3, 1e-2])
def test_bodies_conserve_energy_and_momenta_with_noise(noise: float) -> None:
    data = pm.catalogue.load("three-body", periods=3.0)
    names = variable_names(data, "state")
    record = segments(data, names)[0]
    rng = np.random.default_rng(0)
    noisy = record.values + noise * record.values.std(axis=0) * rng.standard_normal(
        record.values.shape
    )
    law = pm.discover(pm.from_arrays(record.time, noisy, names=list(names)))
    drift = {item.name: item.drift for item in law.conserved}
    assert set(drift) == {"energy", "momentum", "angular momentum"}
    assert max(drift.values()) < 1e-6
