"""Names of the numbers that the search adds to the known equations."""

from __future__ import annotations

#: Factor of a function with a number inside, and that number.
FACTOR, INNER = "hidden_factor", "hidden_constant"


def combination_name(k: int) -> str:
    """Name of the factor of one free combination of terms; no user can write such a name."""
    return f"hidden[{k}]"
