"""Settings of a network from held-out data: `physmodel.tune`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from physmodel.data.contract import variable_names
from physmodel.data.doctor import constant_columns
from physmodel.data.open import opened
from physmodel.data.segments import segments
from physmodel.errors import DataError, ProblemError
from physmodel.findings import converted, recorded
from physmodel.networks.held_out import SHORTEST, Exam, exam, folds, surely_less
from physmodel.networks.kept import Kept
from physmodel.networks.net_trial import FORMS, NetTrial
from physmodel.optimizers.settings_search.record import SearchResult
from physmodel.optimizers.settings_search.search import search
from physmodel.optimizers.settings_search.space import Categorical, Integer, Real, Space

if TYPE_CHECKING:
    from physmodel.models.nets.net_field import NetField

Array = NDArray[np.float64]

#: What is tried first, and the ranges: see `NetTrial.fit` for the units.
DEFAULTS = {"form": "plain", "width": 16, "ridge": 1e-6, "window": 0.02}
RANGES: Space = {
    "width": Integer(4, 48, log=True),
    "ridge": Real(1e-10, 1e-2, log=True),
    "window": Real(1e-3, 0.1, log=True),
}
#: Smallest share of the whole effort that still tells good settings from bad ones.
LEAST = 1.0 / 9.0
#: Part of the iterations of a whole fit that the longest fits of the search make.
PART = 1.0 / 3.0


@dataclass(frozen=True, eq=False)
class Tuned(Kept):
    """A network with the settings that a search chose.

    Attributes
    ----------
    field : NetField
        Fitted to all data with these settings.
    settings : dict
    error : float
        With these settings, on held-out runs of one characteristic time, over the spread of the
        states; mean over the folds, noise of the record included.
    default_error : float
        The same with the settings that were tried first.
    effort : float
        Spent, in whole fits.
    search : SearchResult
        Everything that was tried.
    units : tuple of str
        What was converted before the fit: angles in degrees.
    """

    field: NetField
    settings: dict[str, Any]
    error: float
    default_error: float
    effort: float
    search: SearchResult
    units: tuple[str, ...] = ()

    def __repr__(self) -> str:
        from physmodel.laws.texts.render import compact

        return compact("Tuned", "network", str(self).splitlines())

    def _repr_html_(self) -> str:
        from physmodel.laws.texts.html import text_card

        return text_card("Tuned network", str(self))

    def __str__(self) -> str:
        """Settings, errors and effort."""
        chosen = ", ".join(
            f"{name} {value:.3g}" if isinstance(value, float) else f"{name} {value}"
            for name, value in self.settings.items()
        )
        failed = f", {len(self.search.failures)} failed" if self.search.failures else ""
        lines = [
            chosen,
            f"held-out error: {self.error:.3g} (tried first: {self.default_error:.3g})",
            f"effort: {self.effort:.3g} whole fits{failed}",
        ]
        return "\n".join([*lines, *(f"units: {text}" for text in self.units)])


def tune(
    data: xr.Dataset,
    *,
    pairs: Sequence[tuple[str, str]] = (),
    method: str = "hyperband",
    passes: int = 1,
    seed: int = 0,
) -> Tuned:
    """Choose form, width, ridge and smoothing of a network by how it runs on held-out data.

    Parameters
    ----------
    data : xarray.Dataset
        As of `physmodel.open` or `physmodel.from_arrays`.
    pairs : sequence of (str, str)
        Each coordinate with its momentum: then Hamiltonian, separable and port-Hamiltonian forms
        are candidates beside the plain one. Of two states nothing has to be said.
    method : {"hyperband", "optuna"}
        See `physmodel.optimizers.settings_search.search.search`.
    passes : int
        How often the plan of the search is carried out; one is about twenty whole fits.
    seed : int
        Of the settings drawn and of the first weights.

    Returns
    -------
    Tuned

    Raises
    ------
    DataError
        If nothing moves, or samples are too few to hold some out.
    ProblemError
        If the pairs are not all states, each once.
    MissingDependencyError
        If the method needs a package that is not installed.

    Notes
    -----
    The error is that of runs of the network alone, over one characteristic time, from smoothed
    states of data that were held out: every trajectory once, in four folds (every stretch of each,
    where trajectories are fewer). Fits of the search make a third of the iterations of a whole fit,
    or a share of that third. Its best settings and those tried first then make all, in each fold;
    the best are adopted only if they lower the error by more than the standard error of the
    difference (as in the rule of one standard error, Breiman et al. 1984, section 3.4.3).
    """
    data = opened(data)
    states, inputs = _ordered(data, pairs), variable_names(data, "input")
    d = len(states)
    _require_moving(data, states)
    pieces = segments(data, (*states, *inputs))
    parts, every = folds(pieces, d), [one for one in pieces if len(one.time) >= SHORTEST]
    spread = np.vstack([one.values[:, :d] for one in every]).std(axis=0)
    race = _Race(
        [exam(part.held_out, d, part.memory, spread) for part in parts],
        [NetTrial(tuple(states), tuple(inputs), one.training, one.memory, seed) for one in parts],
    )
    forms = [form for form in FORMS if _possible(form, d, bool(inputs), bool(pairs))]
    space: Space = {"form": Categorical(tuple(forms)), **RANGES}
    with threadpool_limits(1, "blas"):
        options: dict[str, Any] = {"least": LEAST, "passes": passes, "seed": seed}
        found = search(race.error, space, method=method, known=[DEFAULTS], **options)
        first, best = (race.errors(one, 1.0) for one in (DEFAULTS, found.settings))
        adopted = surely_less(best, first)
        settings, reached = (found.settings, best) if adopted else (dict(DEFAULTS), first)
        whole = NetTrial(tuple(states), tuple(inputs), every, parts[0].memory, seed)
        field = whole.fit(settings, 1.0)
    effort = len(parts) * (PART * found.cost + 2.0)
    errors_of = float(reached.mean()), float(first.mean())
    return Tuned(field, settings, *errors_of, effort, found, tuple(converted(recorded(data))))


@dataclass(frozen=True)
class _Race:
    """Networks fitted to all folds but one, and run on that."""

    tests: Sequence[Exam]
    trials: Sequence[NetTrial]

    def errors(self, settings: dict[str, Any], effort: float) -> Array:
        """Error on each fold."""
        pairs = zip(self.trials, self.tests, strict=True)
        return np.array([test.strays(trial.fit(settings, effort)) for trial, test in pairs])

    def error(self, settings: dict[str, Any], effort: float) -> float:
        """Mean error of a fit in the search."""
        return float(self.errors(settings, PART * effort).mean())


def _require_moving(data: xr.Dataset, states: Sequence[str]) -> None:
    still = sorted({*constant_columns(data[[*states, "row_size"]])})
    if still:
        raise DataError(
            f"the state {still[0]!r} never changes",
            why="a network of it would fit anything",
            fix="leave it out of the data",
        )


def _possible(form: str, d: int, inputs: bool, paired: bool) -> bool:
    if form == "plain":
        return True
    return (paired or d == 2) and not (inputs and form != "port-hamiltonian")


def _ordered(data: xr.Dataset, pairs: Sequence[tuple[str, str]]) -> list[str]:
    """States, coordinates first where pairs are named."""
    states = list(variable_names(data, "state"))
    if not pairs:
        return states
    each: list[Any] = list(pairs)
    named = all(isinstance(pair, list | tuple) and len(pair) == 2 for pair in each)
    ordered = [pair[place] for place in (0, 1) for pair in pairs] if named else []
    if sorted(map(str, ordered)) != sorted(states):
        raise ProblemError(
            f"the pairs {', '.join(map(str, pairs))} are not all states, each once",
            fix="states: " + ", ".join(states),
        )
    return ordered
