"""The law that is reported is the law that was judged, whatever the draw."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from numpy.typing import NDArray
from scipy.integrate import solve_ivp

import physmodel as pm
from physmodel.discovery.holds import with_best_hold
from physmodel.discovery.identification import Identification
from physmodel.discovery.outcome import terms_result
from physmodel.discovery.ranking import ranked
from physmodel.laws.result import Result

Array = NDArray[np.float64]

#: Linear, polynomial, chaotic and of a form that no library holds.
SYSTEMS = {
    "decay": (lambda s: [-0.5 * s[0]], [2.0]),
    "logistic": (lambda s: [0.8 * s[0] * (1.0 - s[0])], [0.1]),
    "monod": (lambda s: [1.0 - 1.5 * s[0] / (0.2 + s[0])], [3.0]),
    "van der pol": (lambda s: [s[1], (1.0 - s[0] ** 2) * s[1] - s[0]], [1.0, 0.0]),
    "prey": (lambda s: [s[0] - s[0] * s[1], -s[1] + s[0] * s[1]], [2.0, 1.0]),
    "rossler": (
        lambda s: [-s[1] - s[2], s[0] + 0.2 * s[1], 0.2 + s[2] * (s[0] - 5.7)],
        [4.0, -4.0, 0.0],
    ),
}


def record(name: str, noise: float, seed: int) -> xr.Dataset:

    rates, start = SYSTEMS[name]
    time = np.linspace(0.0, 12.0, 300)
    run = solve_ivp(lambda _, s: rates(s), (0, 12), start, t_eval=time, rtol=1e-9, atol=1e-11)
    clean = run.y.T
    errors = np.random.default_rng(seed).standard_normal(clean.shape)
    values = clean + noise * clean.std(axis=0) * errors
    return pm.from_arrays(time, values, names=["x", "y", "z"][: len(start)])


def named(result: Result) -> frozenset[tuple[int, str]]:
    states = result.problem.states
    return frozenset((k, item["term"]) for k, s in enumerate(states) for item in result.terms(s))


@pytest.mark.parametrize("noise", [0.0, 0.02, 0.1, 0.3])
@pytest.mark.parametrize("name", SYSTEMS)
def test_the_law_reported_is_the_law_judged(name: str, noise: float) -> None:
    data = record(name, noise, seed=len(name))
    problem = pm.Problem(tuple(n for n in data if n != "row_size"))
    answer: Identification = with_best_hold(data, problem).answer
    # One table is the source of the winner: nothing in it is better.
    laws = [c.law for c in answer.candidates if c.library == answer.library]
    assert ranked(laws)[0] is answer.law or not answer.best.plain_field
    result = terms_result(data, problem, answer, [])
    judged = {c.terms: c for c in [*answer.others, *answer.candidates]}
    # Numbers inside terms are written with the digits that their errors leave.
    winner = answer.best if answer.best.shaped else judged[named(result)]
    if winner is answer.best:
        assert result.scores["unexplained"] == winner.law.share_left
        assert result.scores["misfit"] == winner.law.misfit
        noise_std = winner.prepared.physical_noise(winner.law.level)
        assert [*result.noise_std.values()] == pytest.approx(noise_std, rel=1e-12)
    else:  # it predicts better, and the answer says no more than that
        assert result.status != "identified"
    if result.status == "identified":
        assert winner.exact
        assert winner.law.converged or winner.law.exact
    # Rivals come from the same table, each with a law of its own.
    for rival in result.rivals:
        assert named(rival) in {c.terms for c in answer.candidates}
    assert len({named(r) for r in [result, *result.rivals]}) == 1 + len(result.rivals)
