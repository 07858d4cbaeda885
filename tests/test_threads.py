"""Every public verb keeps the linear algebra to one thread, for speed and for the same bits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import xarray as xr
from threadpoolctl import threadpool_info, threadpool_limits

import physmodel as pm


def swing() -> xr.Dataset:
    t = np.linspace(0.0, 10.0, 120)
    table = np.column_stack([np.cos(t), -np.sin(t)])
    table = table + 0.01 * np.random.default_rng(0).standard_normal(table.shape)
    return pm.from_arrays(t, table, names=["x", "v"])


EQUATIONS = {"x": "v", "v": "-k*x"}
VERBS: dict[str, Callable[[xr.Dataset], Any]] = {
    "discover": pm.discover,
    "fit": lambda data: pm.fit(data, EQUATIONS),
    "fit_regimes": lambda data: pm.fit_regimes(data, EQUATIONS, most=2),
    "hybrid": lambda data: pm.hybrid(data, "x' = v, v' = -k*x"),
    "invariants": pm.invariants,
    "next_experiment": lambda data: pm.next_experiment(pm.discover(data)),
    "residual_law": lambda data: pm.hybrid(data, pm.discover(data)),
    "symmetries": pm.symmetries,
}


@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_limits_its_threads(verb: str, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: set[int] = set()
    for name in ("svd", "qr", "solve", "lstsq", "norm"):
        monkeypatch.setattr(f"numpy.linalg.{name}", _watching(getattr(np.linalg, name), seen))
    data = swing()
    with threadpool_limits(2, "blas"):
        VERBS[verb](data)
    assert seen == {1}


def _watching(plain: Callable[..., Any], seen: set[int]) -> Callable[..., Any]:
    calls = [0]

    def watched(*args: Any, **kwargs: Any) -> Any:
        calls[0] += 1
        if calls[0] < 20 or calls[0] % 200 == 0:  # asking takes a while
            seen.update(p["num_threads"] for p in threadpool_info() if p["user_api"] == "blas")
        return plain(*args, **kwargs)

    return watched
