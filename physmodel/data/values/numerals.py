"""Numbers as people write them: thousand separators and decimal commas, told apart by the table."""

from __future__ import annotations

import re
from typing import Any

import pandas as pd

from physmodel.errors import DataError
from physmodel.findings import Finding

#: Text that stands for a missing value, beside the empty cell.
MISSING = ("", "NA", "N/A", "#N/A", "NaN", "nan", "null", "NULL", "None", "--", "-", "?")

#: Signs between thousands and before decimals that are used together.
CONVENTIONS = ((",", "."), (" ", "."), ("'", "."), (".", ","), (" ", ","), ("'", ","))

#: Blanks and apostrophes of other widths and shapes, which programs write between thousands.
_ALIKE = str.maketrans({"\u00a0": " ", "\u202f": " ", "\u2009": " ", "\u2019": "'"})

_PATTERNS = {
    (group, point): re.compile(
        rf"[+-]?(?:[1-9]\d{{0,2}}(?:{re.escape(group)}\d{{3}})+|\d+|(?={re.escape(point)}))"
        rf"(?:{re.escape(point)}\d*)?(?:[eE][+-]?\d+)?"
    )
    for group, point in CONVENTIONS
}


def unusual(column: pd.Series[Any]) -> bool:
    """Whether a column holds numbers that need a convention to be read."""
    texts = _texts(column)
    return bool(texts) and bool(_kinds(texts)) and not all(map(_plain, texts))


def without_missing(column: pd.Series[Any]) -> pd.Series[Any]:
    """A column in which words for a missing value are empty cells."""
    return column.map(lambda cell: None if isinstance(cell, str) and _missing(cell) else cell)


def settle_numerals(table: pd.DataFrame, source: str, findings: list[Finding]) -> pd.DataFrame:
    """Read columns of text whose numbers have thousand separators or decimal commas.

    The convention is that of the table: where a column leaves it open another may tell.

    Parameters
    ----------
    table : pandas.DataFrame
        Not changed.
    source : str
        For the message.
    findings : list of Finding
        A note is appended where a convention was needed.

    Raises
    ------
    DataError
        If two conventions fit and disagree, or columns follow different ones.
    """
    dtypes = zip(table.columns, table.dtypes, strict=True)
    words = [name for name, dtype in dtypes if dtype.kind not in "biufcMm"]
    # A name that stands twice is refused later.
    texts = {n: _texts(table[n]) for n in words if isinstance(table[n], pd.Series)}
    kinds = {name: _kinds(cells) for name, cells in texts.items() if cells}
    kinds = {name: kind for name, kind in kinds.items() if kind}
    telling = [name for name in kinds if not all(map(_plain, texts[name]))]
    if not telling:
        return table
    left = set.intersection(*kinds.values())
    example = next(cell for cell in texts[telling[0]] if not _plain(cell))
    if not left:
        raise DataError(
            f"numbers are written in different ways, one of them {example!r}",
            where=f"column {telling[0]!r}, {source}",
            fix="write all numbers alike, without thousand separators",
        )
    ways = [way for way in CONVENTIONS if way in left]
    read = {way: {name: [_number(c, way) for c in texts[name]] for name in kinds} for way in ways}
    for name in kinds:
        for number, cell in enumerate(texts[name]):
            values = {read[way][name][number] for way in ways}
            if len(values) > 1:
                raise DataError(
                    f"{cell!r} may be {' or '.join(f'{v:.12g}' for v in sorted(values))}",
                    where=f"column {name!r}, {source}",
                    fix="write numbers without thousand separators, and with a decimal point",
                )
    settled = table.copy()
    for name in kinds:
        cells = [
            _number(cell, ways[0]) if isinstance(cell, str) else cell
            for cell in without_missing(table[name])
        ]
        settled[name] = pd.to_numeric(pd.Series(cells, index=table.index))
    settled.attrs = table.attrs
    told = f"{example!r} is read as {_number(example, ways[0]):.12g}"
    findings.append(Finding("I-NUMERALS", "info", f"column {telling[0]!r}", told))
    return settled


def _texts(column: pd.Series[Any]) -> list[str]:
    cells = (cell.strip() for cell in column if isinstance(cell, str))
    return [cell for cell in cells if not _missing(cell)]


def _missing(cell: str) -> bool:
    return cell.strip() in MISSING


def _kinds(texts: list[str]) -> set[tuple[str, str]]:
    alike = [text.translate(_ALIKE) for text in texts]
    return {way for way, form in _PATTERNS.items() if all(map(form.fullmatch, alike))}


def _plain(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _number(text: str, way: tuple[str, str]) -> float:
    group, point = way
    return float(text.strip().translate(_ALIKE).replace(group, "").replace(point, "."))
