"""The labelled table of numbers that every result has."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pandas as pd

from physmodel.laws.record import LawRecord

#: Key, value, standard error and unit of one number.
Row = tuple[tuple[str, ...], float, float, str]


def parameter_table(rows: Iterable[Row], names: Sequence[str]) -> pd.DataFrame:
    """Numbers with their standard errors and units.

    Parameters
    ----------
    rows : iterable of Row
    names : sequence of str
        Of the levels of the keys.

    Returns
    -------
    pandas.DataFrame
        Columns ``value``, ``std_error``, ``unit``; indexed by the keys.
    """
    rows = list(rows)
    keys = [key for key, *_ in rows]
    index = (
        pd.Index([key[0] for key in keys], name=names[0], dtype=object)
        if len(names) == 1
        else pd.MultiIndex.from_tuples(keys, names=list(names))
        if keys
        else pd.MultiIndex.from_arrays([[] for _ in names], names=list(names))
    )
    return pd.DataFrame(
        {
            "value": [float(value) for _, value, _, _ in rows],
            "std_error": [float(std) for _, _, std, _ in rows],
            "unit": [unit for *_, unit in rows],
        },
        index=index,
    )


def law_parameters(law: LawRecord) -> pd.DataFrame:
    """Coefficients and numbers inside, by equation and term; of bodies, their strengths."""
    if law.laws:
        strengths = law.laws[0]["strengths"].items()
        return parameter_table(
            [((body,), one["value"], one["std"], one["unit"]) for body, one in strengths], ["body"]
        )
    rows: list[Row] = []
    for state in law.problem.states:
        for item in law.terms(state):
            rows.append(((state, item["term"]), item["coefficient"], item["std"], item["unit"]))
            rows += [
                ((state, f"{one['name']} in {item['term']}"), one["value"], one["std"], one["unit"])
                for one in item.get("inside", ())
            ]
    return parameter_table(rows, ["equation", "term"])
