"""Units of work in several processes."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from threadpoolctl import threadpool_info, threadpool_limits

from physmodel.workers import worked_off


def threads(unit: str, settings: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Work that tells on how many threads the libraries of its process run."""
    counts = [library["num_threads"] for library in threadpool_info()]
    return [{"process": os.getpid(), "most": max(counts)}]


def test_workers_run_on_one_thread() -> None:
    """Whatever the process that starts them runs on, which keeps its threads and environment."""
    before = dict(os.environ)
    with threadpool_limits(2):
        done = dict(worked_off(threads, ["1", "2", "3"], {}, 2))
        here = max(library["num_threads"] for library in threadpool_info())
    assert set(done) == {"1", "2", "3"}
    records = [record for unit in done.values() for record in unit]
    assert [record["most"] for record in records] == [1, 1, 1]
    assert os.getpid() not in {record["process"] for record in records}
    assert here == 2
    assert dict(os.environ) == before
