"""What a column may be called and hold, and how many there may be."""

from __future__ import annotations

import keyword

import numpy as np
import xarray as xr

from physmodel.data.inputs.holds import HOLD
from physmodel.errors import DataError
from physmodel.problem.holds import HOLDS

#: Variables of a dataset, at most: every pair of them is compared.
MOST_VARIABLES = 500

#: Beyond these sizes products of a few values leave the range of float64.
LARGEST = 1e60
SMALLEST = 1e-60


def require_few(n_variables: int, where: str = "") -> None:
    """Refuse more variables than are compared with each other.

    Raises
    ------
    DataError
    """
    if n_variables > MOST_VARIABLES:
        raise DataError(
            f"{n_variables} variables; at most {MOST_VARIABLES} are compared with each other",
            where=where,
            fix="name those to model (states=[...], on the command line --states)",
        )


def check_column(name: str, column: xr.DataArray) -> None:
    """Refuse a column that no computation can use.

    Raises
    ------
    DataError
        Naming the variable and the row.
    """
    if column.dims != ("sample",):
        raise DataError(
            f"dimensions are {column.dims}, not ('sample',)", where=f"variable {name!r}"
        )
    if not str(name).isidentifier() or keyword.iskeyword(str(name)):
        raise DataError("the name is not an identifier", where=f"variable {name!r}")
    hold = column.attrs.get(HOLD)
    if hold is not None and hold not in HOLDS:
        raise DataError(
            f"the attribute {HOLD!r} is {hold!r}",
            where=f"variable {name!r}",
            why="between its samples an input is straight, held at the last one, or smooth",
            fix="it is " + " or ".join(map(repr, HOLDS)),
        )
    values = column.values
    if values.dtype != np.float64:
        raise DataError(f"dtype is {values.dtype}, not float64", where=f"variable {name!r}")
    bad = np.flatnonzero(~(np.abs(values) <= LARGEST))
    if len(bad):
        raise DataError(
            f"{len(bad)} values are missing, infinite or beyond {LARGEST:g}",
            where=f"variable {name!r}, row {bad[0]}",
            fix="physmodel.open(data) makes missing values samples that were not observed; "
            "mend the others",
        )
    size = float(np.abs(values).max(initial=0.0))
    if 0.0 < size < SMALLEST:
        raise DataError(
            f"no value is larger than {size:g}",
            where=f"variable {name!r}",
            why="products of such values leave the range of floats",
            fix="use a smaller unit",
        )
