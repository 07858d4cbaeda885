"""Rebuild lynx-hare.csv from the table as it was typed in from the published one.

Run ``python datasets/build/lynx_hare.py``.
"""

from __future__ import annotations

from card_tools import finish

FIRST_YEAR = 1900
# Thousands of pelts, 1900 to 1920.
HARE = (
    "30 47.2 70.2 77.4 36.3 20.6 18.1 21.4 22 25.4 27.1"
    " 40.3 57 76.6 52.3 19.5 11.2 7.6 14.6 16.2 24.7"
)
LYNX = "4 6.1 9.8 35.2 59.4 41.7 19 13 8.3 9.1 7.4 8 12.3 19.5 45.7 51.1 29.7 15.8 9.7 10.1 8.6"


def build() -> bytes:
    """Content of the CSV file."""
    pairs = zip(HARE.split(), LYNX.split(), strict=True)
    rows = [f"{FIRST_YEAR + i},{hare},{lynx}" for i, (hare, lynx) in enumerate(pairs)]
    return ("\n".join(["year,hare,lynx", *rows]) + "\n").encode("ascii")


if __name__ == "__main__":
    finish("lynx-hare", __file__, build())
