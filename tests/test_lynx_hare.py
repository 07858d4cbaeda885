"""Twenty-one rows of pelts against an independent fit: least squares on simulated trajectories."""

from __future__ import annotations

import numpy as np
from scipy.integrate import solve_ivp
from scipy.optimize import least_squares

import physmodel as pm


def test_coefficients_are_those_of_least_squares_on_simulated_trajectories() -> None:
    law = pm.discover("lynx-hare")
    data = pm.open("lynx-hare")
    time = data["time"].values - data["time"].values[0]
    logs = np.log(np.column_stack([data["hare"].values, data["lynx"].values]))

    def misfit(p: np.ndarray) -> np.ndarray:
        def rate(_: float, y: np.ndarray) -> list[float]:
            return [p[0] + p[1] * np.exp(y[1]), p[2] + p[3] * np.exp(y[0])]

        run = solve_ivp(rate, (0.0, time[-1]), p[4:], t_eval=time, rtol=1e-9, atol=1e-9)
        return (run.y.T - logs).ravel()

    keys = [("hare", "hare"), ("hare", "hare*lynx"), ("lynx", "lynx"), ("lynx", "hare*lynx")]
    found, errors = (
        {(s, i["term"]): i[part] for s in law.problem.states for i in law.terms(s)}
        for part in ("coefficient", "std")
    )
    start = np.array([*(found[key] for key in keys), *logs[0]])
    best = least_squares(misfit, start, x_scale=np.abs(start)).x[:4]
    for key, value in zip(keys, best, strict=True):
        # Least squares weighs both species equally, the law by their own noise: these differ by
        # two per cent, and the optimum moves by far less than its error.
        assert abs(found[key] - value) < 0.15 * errors[key]
