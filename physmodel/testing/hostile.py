"""Any input: an answer in finite numbers or a refusal in words."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np
import xarray as xr

from physmodel.errors import PhysmodelError
from physmodel.testing.failure import require

#: Seconds after which a call counts as hanging, on a machine that does other things as well.
PATIENCE = 120.0


def check_any_input(
    call: Callable[..., object], *arguments: Any, patience: float = PATIENCE
) -> Any:
    """Check that a function answers in finite numbers or refuses in words.

    Parameters
    ----------
    call : callable
    *arguments
        What is handed over; draw it from `bad_arrays` or `odd_trajectories`.
    patience : float
        Seconds that it may take.

    Returns
    -------
    object
        The answer; None where the arguments were refused.

    Raises
    ------
    AssertionError
        If the call warns, ends in anything but a `PhysmodelError` that says what is wrong and
        where or what to do, answers with a number that is not finite, takes too long, or changes
        an argument.
    """
    before = [_snapshot(argument) for argument in arguments]
    began = time.perf_counter()
    answer = None
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            answer = call(*arguments)
        except PhysmodelError as error:
            require(error.what, "it is refused without a word")
            require(error.where or error.fix, f"neither where nor what to do: {error}")
        except Exception as error:
            raise AssertionError(
                f"it ends in a {type(error).__name__} instead of an answer or an error that says "
                f"what is wrong ({error})"
            ) from error
    spent = time.perf_counter() - began
    require(spent <= patience, f"it takes {spent:.0f} s where {patience:.0f} s are allowed")
    for k, old in enumerate(before):
        require(_snapshot(arguments[k]) == old, f"it changes its argument {k}")
    for place, value in _numbers(answer, "the answer"):
        require(np.isfinite(value).all(), f"{place} is not finite: {value}")
    return answer


def _snapshot(argument: Any) -> object:
    if isinstance(argument, np.ndarray):
        array = np.ma.getdata(argument)
        # Objects are compared by what they say of themselves.
        return repr(argument) if array.dtype.hasobject else (array.dtype, array.tobytes())
    if isinstance(argument, list | tuple):
        return [_snapshot(item) for item in argument]
    if isinstance(argument, xr.Dataset):
        columns = {str(name): _snapshot(column.values) for name, column in argument.items()}
        return [columns, _snapshot(argument["time"].values), repr(argument.attrs)]
    return repr(argument)


def _numbers(answer: object, place: str) -> Iterator[tuple[str, Any]]:
    """All numbers of an answer, with where they are."""
    if isinstance(answer, float | np.floating):
        yield place, answer
    elif isinstance(answer, np.ndarray):
        if answer.dtype.kind == "f":
            yield place, answer
    elif isinstance(answer, xr.Dataset):
        for name, column in answer.variables.items():
            yield from _numbers(column.values, f"{place}[{name!r}]")
    elif is_dataclass(answer):
        for field in fields(answer):
            yield from _numbers(getattr(answer, field.name), f"{place}.{field.name}")
    elif isinstance(answer, Mapping):
        for key, value in answer.items():
            yield from _numbers(value, f"{place}[{key!r}]")
    elif isinstance(answer, list | tuple):
        for k, value in enumerate(answer):
            yield from _numbers(value, f"{place}[{k}]")
