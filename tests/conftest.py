"""A strict session: reproducible Hypothesis examples, no screen, no global state left changed.

``HYPOTHESIS_PROFILE=nightly`` draws new examples each time and more of them.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

# Workers that share the cores must not each start as many threads; read when numpy is imported.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ["MPLBACKEND"] = "Agg"

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

# The same examples every time, and no deadline: a loaded machine is no reason to fail.
settings.register_profile(
    "ci", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile(
    "nightly",
    max_examples=1000,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


def _global_state() -> dict[str, object]:
    torch = sys.modules.get("torch")
    return {
        "numpy error handling": np.geterr(),
        "numpy print options": str(np.get_printoptions()),
        "torch default dtype": torch.get_default_dtype() if torch else None,
        "working directory": os.getcwd(),
    }


@pytest.fixture(autouse=True)
def _no_global_state_left_changed() -> Iterator[None]:
    before = _global_state()
    yield
    after = _global_state()
    if before["torch default dtype"] is None:  # imported during the test
        after["torch default dtype"] = None
    assert after == before
