"""The hold of inputs as an attribute of their columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import xarray as xr

#: Name of the attribute; see `physmodel.problem.holds` for its values.
HOLD = "hold"


def holds_of(data: xr.Dataset, names: Sequence[str]) -> dict[str, str]:
    """Holds that a dataset states.

    Parameters
    ----------
    data : xarray.Dataset
    names : sequence of str
        Inputs; one of which nothing is said is left out.
    """
    return {name: str(data[name].attrs[HOLD]) for name in names if data[name].attrs.get(HOLD)}


def with_holds(data: xr.Dataset, hold: Mapping[str, str]) -> xr.Dataset:
    """A dataset that says how its inputs run between samples.

    Parameters
    ----------
    data : xarray.Dataset
    hold : mapping of str to str
        What is said goes before what the dataset says.

    Returns
    -------
    xarray.Dataset
        The same object where nothing changes, a copy that shares the values elsewhere.
    """
    new = {n: kind for n, kind in hold.items() if n in data and data[n].attrs.get(HOLD) != kind}
    if not new:
        return data
    return data.assign({n: data[n].assign_attrs({HOLD: kind}) for n, kind in new.items()})
