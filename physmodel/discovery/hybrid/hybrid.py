"""Known physics and data in, the hidden term out: `physmodel.hybrid`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from physmodel.data.contract import validate, variable_names
from physmodel.data.doctor import check, constant_columns, duplicate_columns
from physmodel.data.findings import Finding
from physmodel.data.open import open as open_data
from physmodel.discovery.hybrid.distil import Distilled, distil
from physmodel.discovery.hybrid.joined import Tangent
from physmodel.discovery.hybrid.known_text import known_texts, read_known
from physmodel.discovery.hybrid.leftover import Leftover, leftover
from physmodel.discovery.hybrid.outcome import hybrid_result
from physmodel.discovery.hybrid.random_net import RandomNet
from physmodel.discovery.hybrid.record import HybridResult
from physmodel.discovery.hybrid.rounds import Settled, fit_penalised, fit_terms, fresh, inside
from physmodel.discovery.hybrid.weak_fit import State, Weak, begin
from physmodel.discovery.identification import COARSE, REFINE_MOST, REFINE_NOISE, REFINE_SAMPLES
from physmodel.discovery.libraries import Library, candidate_libraries
from physmodel.discovery.linearisation import search_tiles
from physmodel.discovery.preparation import Prepared, prepare
from physmodel.errors import DataError
from physmodel.models.expression_field import ExpressionField
from physmodel.problem.problem import Problem

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Search:
    """What was found with one library.

    Attributes
    ----------
    library : Library
    terms : Weak
    found : Distilled
    left : Leftover
        By the winner.
    """

    library: Library
    terms: Weak
    found: Distilled
    left: Leftover


@dataclass(frozen=True, eq=False)
class Steps:
    """All that was fitted on the way.

    Attributes
    ----------
    prepared : Prepared
    known : Settled
        The known part alone.
    alone : Leftover
        By the known part alone.
    net : RandomNet
    with_net : Settled
        Known part and network.
    searches : list of Search
        The one to report first.
    """

    prepared: Prepared
    known: Settled
    alone: Leftover
    net: RandomNet
    with_net: Settled
    searches: list[Search]


def hybrid(
    data: Any,
    known: str | Mapping[str, str],
    problem: Problem | None = None,
    *,
    start: Mapping[str, float] | None = None,
    **fields: Any,
) -> HybridResult:
    """Find what known equations leave out of measured trajectories.

    Parameters
    ----------
    data : xarray.Dataset, path, DataFrame or catalogue name
        As of `physmodel.discover`.
    known : str or mapping
        The known equations, such as ``"x' = a*x, y' = -d*y"`` or ``"theta'' = -k*sin(theta)"``.
        Names that are no columns are unknown parameters. Of states without an equation nothing is
        known.
    problem : Problem, optional
        What else is known, for the terms that are tried: degree, functions, terms, symmetries.
    start : mapping of str to float, optional
        Where parameters inside functions start; one by default.
    **fields
        Single fields of `Problem`.

    Returns
    -------
    HybridResult

    Raises
    ------
    DataError
        If the data cannot be used.
    ProblemError
        If the known equations cannot be read or do not fit the data.
    """
    with threadpool_limits(1, "blas"):
        return _hybrid(data, known, problem, start, fields)


def _hybrid(
    data: Any,
    known: str | Mapping[str, str],
    problem: Problem | None,
    start: Mapping[str, float] | None,
    fields: dict[str, Any],
) -> HybridResult:
    ready = isinstance(data, xr.Dataset) and "row_size" in data.variables
    dataset = data if ready else open_data(data)
    validate(dataset)
    findings = check(dataset)
    for finding in findings:
        if finding.severity == "error":
            raise DataError(finding.message, where=finding.where, fix=finding.fix)
    asked = _problem(dataset, problem, fields)
    texts = known_texts(known, asked.states)
    field = read_known(known, asked.states, asked.inputs, start)
    asked = asked.replace(order=field.order)
    _require_moving(dataset, asked)
    silent = [state for state, text in texts.items() if text == "0"]
    notes = [
        Finding("W-NOTHING-KNOWN", "warning", name, "no equation is known: all of its rate is new")
        for name in silent
    ]
    steps = searched(dataset, asked, field)
    return hybrid_result(dataset, asked, field, texts, steps, [*findings, *notes])


def searched(data: xr.Dataset, problem: Problem, field: ExpressionField) -> Steps:
    """Fit the known part, a network, and the terms behind it.

    Parameters
    ----------
    data : xarray.Dataset
    problem : Problem
        Of the order of the field.
    field : ExpressionField
        The known part.

    Returns
    -------
    Steps
    """
    prepared = prepare(data, problem)
    tangent, mask = Tangent(field, prepared.coordinates), inside(field)
    refinement = 1
    while True:
        tiles = search_tiles(prepared.tiles(field.order, refinement))
        weak = Weak(tiles, (), 1, prepared.looseness(field.order))
        first = begin(tangent, weak, prepared.noise)
        net = RandomNet.over(weak.points(weak.round(first, 1.0).step.latent(tangent.coefficients)))
        with_net = _with_net(weak, net, first, mask)
        if refinement >= REFINE_MOST or not _coarse(prepared, weak, net, with_net):
            break
        refinement *= 2
    nothing = np.empty(0, dtype=np.intp)
    alone = fit_terms(weak, fresh(weak, with_net.state), nothing, mask)
    left = leftover(weak, alone, net)
    searches = _searches(prepared, problem, weak, net, with_net, mask)
    return Steps(prepared, alone, left, net, with_net, searches)


def _with_net(weak: Weak, net: RandomNet, first: State, mask: NDArray[np.bool_]) -> Settled:
    with_net = replace(weak, parts=(net,))
    return fit_penalised(with_net, begin(first.known, with_net, first.noise), mask)


def _searches(
    prepared: Prepared,
    problem: Problem,
    weak: Weak,
    net: RandomNet,
    with_net: Settled,
    mask: NDArray[np.bool_],
) -> list[Search]:
    """Libraries from plain to rich until nothing is left; the best first."""
    found: list[Search] = []
    for library in candidate_libraries(problem, prepared.n_samples, prepared.input_levels):
        field = library.field(prepared.coordinates)
        terms = replace(weak, parts=(field,), n_terms=field.n_choices)
        joint = replace(terms, parts=(net, field))
        distilled = distil(terms, joint, with_net, mask)
        left = leftover(terms, distilled.fit, net)
        found.append(Search(library, terms, distilled, left))
        if left.nothing:
            break
    passed = [one for one in found if one.left.nothing] or found
    return sorted(passed, key=lambda one: one.found.fit.evidence)


def _coarse(prepared: Prepared, weak: Weak, net: RandomNet, fit: Settled) -> bool:
    """Whether noisy samples are too far apart for the interpolation rules."""
    error = replace(weak, parts=(net,)).quadrature(fit.state)
    noise = fit.state.noise
    coarse = (error > COARSE * noise) & (noise > REFINE_NOISE)
    return prepared.n_samples <= REFINE_SAMPLES and bool(coarse.any())


def _problem(data: xr.Dataset, problem: Problem | None, fields: dict[str, Any]) -> Problem:
    """States and inputs of the data, completed by what was said."""
    table: dict[str, Any] = {
        "states": variable_names(data, "state"),
        "inputs": variable_names(data, "input"),
        "title": str(data.attrs.get("title", "")),
    }
    if problem is not None:
        table = problem.to_mapping()
    table |= fields
    present = (*table["states"], *table.get("inputs", ()))
    units = {name: str(data[name].attrs.get("units", "")) for name in present if name in data}
    table["units"] = {name: unit for name, unit in units.items() if unit} | dict(
        table.get("units", {})
    )
    table.setdefault("time_unit", str(data["time"].attrs.get("units", "")))
    # Known parts are added up in plain coordinates: no logarithms.
    table["positive"] = ()
    return Problem.from_mapping(table)


def _require_moving(data: xr.Dataset, problem: Problem) -> None:
    columns = data[[*problem.states, *problem.inputs, "row_size"]]
    idle: Sequence[str] = [*constant_columns(columns), *duplicate_columns(columns)]
    stuck = [name for name in problem.states if name in idle]
    if stuck:
        raise DataError(
            f"the state {stuck[0]!r} is constant or repeats another column",
            why="a column that does not move on its own determines nothing",
            fix="leave it out of the states (states=[...])",
        )
