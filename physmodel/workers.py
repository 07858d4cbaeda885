"""Units of work in several processes."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from typing import Any

from threadpoolctl import threadpool_limits

Record = dict[str, Any]
#: Work of one unit: name and settings in, records out. A module-level function.
Work = Callable[[str, Mapping[str, Any]], list[Record]]


def worked_off(
    work: Work, units: Sequence[str], settings: Mapping[str, Any], jobs: int
) -> Iterator[tuple[str, list[Record]]]:
    """Do units of work, in processes of one thread each where there is more than one job.

    Yields: name and records of each unit, as they are done.
    """
    if jobs == 1:
        for unit in units:
            yield unit, work(unit, settings)
        return
    with ProcessPoolExecutor(jobs, initializer=_one_thread_for_later_libraries) as pool:
        futures = {pool.submit(_on_one_thread, work, unit, settings): unit for unit in units}
        for future in as_completed(futures):
            yield futures[future], future.result()


def _on_one_thread(work: Work, unit: str, settings: Mapping[str, Any]) -> list[Record]:
    """Work of one unit; the matrices are small, and threads would fight over the cores."""
    with threadpool_limits(1):
        return work(unit, settings)


def _one_thread_for_later_libraries() -> None:
    """Limit what a worker loads later, which reads its environment then."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = "1"
