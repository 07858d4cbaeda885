"""How an input runs between its samples."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from physmodel.errors import ProblemError
from physmodel.problem.algebra.parser import suggestion
from physmodel.problem.checks import require_known, table_of

#: Straight from sample to sample; the value of a sample until the next one; a smooth curve.
LINEAR, ZERO, BAND_LIMITED = HOLDS = ("linear", "zero", "band-limited")


def holds_table(hold: Mapping[str, str] | Any, inputs: Collection[str]) -> dict[str, str]:
    """The hold of each input for which one is stated.

    `inputs`: what may have one. Raises ProblemError for a name that is no input, and for a hold
    that there is not.
    """
    table = table_of("hold", hold)
    require_known("hold", table, inputs)
    for name, kind in table.items():
        if kind not in HOLDS:
            raise ProblemError(
                f"the hold of {name!r} is {kind!r}",
                where="hold",
                why="between its samples an input is straight, held at the last one, or smooth",
                fix=suggestion(str(kind), HOLDS) + "it is " + " or ".join(map(repr, HOLDS)),
            )
    return table
