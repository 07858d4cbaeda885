"""Starts and input signals of a planned experiment, read from tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from physmodel.data.open import open as open_data
from physmodel.data.readers.text import read_csv
from physmodel.data.segments import segments
from physmodel.errors import ProblemError
from physmodel.models.fields.vector_field import InputSignal
from physmodel.models.signals import Signal


def read_starts(path: str | Path) -> list[dict[str, float]]:
    """Starts that are possible, one per row of a CSV table.

    Parameters
    ----------
    path : path
        Its header names the start values; a velocity is called ``x_t``.

    Raises
    ------
    ProblemError
        If the file is missing or a column does not hold numbers.
    """
    source = Path(path)
    if not source.is_file():
        raise ProblemError("there is no such file", where=source.name)
    table = read_csv(source)
    for name in table.columns:
        if table[name].dtype.kind not in "fiu":
            raise ProblemError(f"column {name!r} does not hold numbers", where=source.name)
    return [{str(k): float(v) for k, v in row.items()} for row in table.to_dict("records")]


def read_signal(
    path: str | Path, names: Sequence[str], hold: Mapping[str, str] | None = None
) -> InputSignal:
    """A signal from a table of times and inputs.

    Parameters
    ----------
    path : path
        Anything that `physmodel.open` takes. Before its first and after its last row the signal
        is held.
    names : sequence of str
        Inputs of the law, in order.
    hold : mapping of str to str, optional
        How they run between rows; straight by default.

    Returns
    -------
    callable
        ``u(t) -> (m,)``.

    Raises
    ------
    DataError
        If the table cannot be used, or lacks an input.
    """
    if not names:
        raise ProblemError("the law has no inputs to choose", where=str(path))
    record = segments(open_data(path, states=tuple(names)), tuple(names))[0]
    kinds = [(hold or {}).get(name, "") for name in names]
    return Signal(record.time, record.values, kinds)
