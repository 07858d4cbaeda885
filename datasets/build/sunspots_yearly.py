"""Rebuild sunspots-yearly.csv from the table inside statsmodels.

First ``pip install 'physmodel[build-datasets]'``, then run ``datasets/build/sunspots_yearly.py``.
"""

from __future__ import annotations

import csv
import hashlib
import tomllib
from importlib.util import find_spec
from pathlib import Path

from card_tools import DATASETS, finish

FIRST_YEAR, LAST_YEAR = 1700, 2008


def source() -> bytes:
    """Content of sunspots.csv inside statsmodels, after checking its hash; nothing is imported."""
    spec = find_spec("statsmodels")
    if spec is None or spec.origin is None:
        raise SystemExit("statsmodels is not installed: pip install 'physmodel[build-datasets]'")
    content = Path(spec.origin).with_name("datasets").joinpath("sunspots/sunspots.csv").read_bytes()
    card = tomllib.loads((DATASETS / "sunspots-yearly.toml").read_text(encoding="utf-8"))
    expected = card["provenance"]["obtained_from"]["sha256"]
    found = hashlib.sha256(content).hexdigest()
    if found != expected:
        raise SystemExit(f"sunspots.csv is another table: expected {expected}, found {found}")
    return content


def build() -> bytes:
    """Content of the CSV file: the numbers as they stand in the source."""
    rows = list(csv.DictReader(source().decode("ascii").splitlines()))
    years = [int(row["YEAR"]) for row in rows]
    if years != list(range(FIRST_YEAR, LAST_YEAR + 1)):
        raise SystemExit("the years are not those that the card promises")
    lines = [f"{year},{row['SUNACTIVITY']}" for year, row in zip(years, rows, strict=True)]
    return ("\n".join(["year,sunspots", *lines]) + "\n").encode("ascii")


if __name__ == "__main__":
    finish("sunspots-yearly", __file__, build())
