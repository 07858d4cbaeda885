"""What a result is called when it is shown."""

from __future__ import annotations

import xarray as xr

from physmodel.problem.problem import Problem

#: The source of data that came from no file.
_NOWHERE = frozenset({"", "arrays", "table", "xarray"})


def source_of(data: xr.Dataset | None) -> str:
    """The file or catalogue name that data come from; empty where there is none."""
    source = "" if data is None else str(data.attrs.get("source", ""))
    return "" if source in _NOWHERE else source


def title_of(problem: Problem, data: xr.Dataset | None, otherwise: str) -> str:
    """The title that the problem has, or the name of the data, or another text."""
    return problem.title or source_of(data) or otherwise
