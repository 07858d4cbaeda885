"""Names of the numbers that the search adds to the known equations."""

from __future__ import annotations

#: The number inside a function.
INNER = "hidden_constant"


def factor_name(equation: int) -> str:
    """Name of the factor of a function in one equation; no user can write such a name."""
    return f"hidden_factor[{equation}]"


def combination_name(k: int) -> str:
    """Name of the factor of one free combination of terms; no user can write such a name."""
    return f"hidden[{k}]"
