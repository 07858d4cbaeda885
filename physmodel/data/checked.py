"""Data of a verb, examined before anything is fitted."""

from __future__ import annotations

from typing import Any

import xarray as xr

from physmodel.data.doctor import check
from physmodel.data.open import opened
from physmodel.errors import DataError
from physmodel.findings import Finding


def checked(data: Any, units: Any = None) -> tuple[xr.Dataset, list[Finding]]:
    """Data as `opened` gives them, and what was noticed, the worst first.

    Raises DataError where something that was noticed rules out any fit.
    """
    dataset = opened(data, units)
    noticed = check(dataset)
    for finding in noticed:
        if finding.severity == "error":
            raise DataError(finding.message, where=finding.where, fix=finding.fix)
    return dataset, noticed
