"""The engine inside a PySINDy model; imports PySINDy, so it is imported late.

A library that remembers the trajectories it is fitted on, and an optimizer that hands them to
`physmodel.discover`.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pysindy.feature_library.base import BaseFeatureLibrary
from pysindy.optimizers import BaseOptimizer

from physmodel.data.arrays import from_arrays
from physmodel.discovery.discover import discover
from physmodel.errors import ProblemError
from physmodel.interop.terms import library_terms
from physmodel.laws.result import Result

Array = NDArray[np.float64]


class Record:
    """What a library saw in the fit that is going on, for the optimizer of the same model.

    `trajectories` ``(time, measured, smoothed)``: A sampling interval or times ``(n,)``, states
    ``(n, d)`` as measured and as PySINDy's differentiation method left them. `blocks` ``(n, d +
    m)``: states and inputs that the library was fitted on. `features` ``(n, p)``: what it made of
    them. `library`: waiting for the optimizer; None between fits.
    """

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Forget everything."""
        self.trajectories: list[tuple[Any, Array, Array]] = []
        self.blocks: list[Array] = []
        self.features: list[Array] = []
        self.library: Any = None

    def __deepcopy__(self, memo: dict[int, Any]) -> Record:
        """The same record: scikit-learn copies the parts of a model one by one."""
        return self


class ObservedLibrary(BaseFeatureLibrary):  # type: ignore[misc]
    """A feature library that remembers the trajectories it is fitted on.

    `library`: does the work. `record`: shared with a `LatentOptimizer`.
    """

    def __init__(self, library: Any, record: Record) -> None:
        self.library = library
        self.record = record

    def correct_shape(self, x: Any) -> Any:
        """See `BaseFeatureLibrary.correct_shape`."""
        return self.library.correct_shape(x)

    def get_spatial_grid(self) -> Any:
        """See `BaseFeatureLibrary.get_spatial_grid`."""
        return self.library.get_spatial_grid()

    def calc_trajectory(self, diff_method: Any, x: Any, t: Any) -> Any:
        """Differentiate one trajectory, and remember it as it was measured."""
        smoothed, rate = self.library.calc_trajectory(diff_method, x, t)
        self.record.trajectories.append((t, np.asarray(x), np.asarray(smoothed)))
        return smoothed, rate

    def fit(self, x_full: Any, y: Any = None) -> ObservedLibrary:
        """Fit the library, and remember states and inputs."""
        self.library.fit(x_full, y)
        self.n_features_in_ = self.library.n_features_in_
        self.n_output_features_ = self.library.n_output_features_
        blocks = x_full if isinstance(x_full, Sequence) else [x_full]
        self.record.blocks = [np.asarray(block) for block in blocks]
        self.record.features = []
        self.record.library = self.library
        return self

    def transform(self, x_full: Any) -> Any:
        """Features, remembered when they are the first since the fit."""
        features = self.library.transform(x_full)
        if self.record.library is None:
            # A prediction: trajectories that a score has left here are no longer needed.
            self.record.trajectories = []
        elif not self.record.features:
            parts = features if isinstance(x_full, Sequence) else [features]
            self.record.features = [np.asarray(part) for part in parts]
        return features

    def get_feature_names(self, input_features: Any = None) -> list[str]:
        """Names of the features."""
        names: list[str] = self.library.get_feature_names(input_features)
        return names


class LatentOptimizer(BaseOptimizer):  # type: ignore[misc]
    """Coefficients of `physmodel.discover` for the library of the model.

    `record`: shared with the `ObservedLibrary` of the same model. `coef_` ``(d, p)``. `result_`:
    with status, standard errors and rivals; states are called ``x0, x1, ...`` and inputs ``u0, u1,
    ...``.
    """

    def __init__(self, record: Record) -> None:
        super().__init__(unbias=False)
        self.record = record

    def fit(self, x_: Any, y: Any, sample_weight: Any = None, **reduce_kws: Any) -> LatentOptimizer:
        """Fit what the library of the model saw.

        `x_` ``(n, p)``: features; they must be those that the library made. `y` ``(n, d)``:
        derivatives; not used. `sample_weight`: the engine estimates the noise itself. Raises
        ProblemError if the features are not those of whole recorded trajectories.
        """
        if sample_weight is not None:
            raise ProblemError(
                "the engine takes no sample weights",
                why="it estimates the noise of each state from the data",
            )
        try:
            n_states = 1 if np.ndim(y) == 1 else int(np.shape(y)[1])
            self.result_, terms = self._discovered(np.asarray(x_), n_states)
        finally:
            self.record.clear()
        super().fit(x_, y, **reduce_kws)
        self.coef_ = _table(self.result_, terms)
        self.ind_ = self.coef_ != 0.0
        self.history_ = [self.coef_]
        if self.result_.status == "no-law":
            warnings.warn(self.result_.remedy, UserWarning, stacklevel=2)
        return self

    def _reduce(self, x: Array, y: Array) -> None:
        """Nothing is left to do: `fit` has the coefficients."""

    def _discovered(self, features: Array, n_states: int) -> tuple[Result, tuple[str, ...]]:
        record = self.record
        times, measured = _whole_trajectories(record, features)
        inputs = [block[:, n_states:] for block in record.blocks]
        n_inputs = inputs[0].shape[1]
        states = [f"x{k}" for k in range(n_states)]
        signals = [f"u{k}" for k in range(n_inputs)]
        terms = library_terms(record.library, states, signals, at=np.concatenate(record.blocks))
        data = from_arrays(
            times,
            measured,
            names=states,
            inputs=inputs if n_inputs else None,
            input_names=signals if n_inputs else None,
        )
        result = discover(data, library=terms, order=1)
        if list(result.problem.states) != states:
            idle = [name for name in states if name not in result.problem.states]
            raise ProblemError(
                f"{', '.join(idle)} does not move on its own",
                why="a state that is constant or repeats another one has no law of its own",
                fix="leave the column out",
            )
        return result, terms


def _whole_trajectories(record: Record, features: Array) -> tuple[list[Any], list[Array]]:
    """Times and measured states, if the features are theirs."""
    expected = np.concatenate(record.features) if record.features else None
    if expected is None or not np.array_equal(expected, features, equal_nan=True):
        raise ProblemError(
            "the optimizer got features that the library of its model did not make",
            why="the engine works on whole trajectories, not on a selection of rows or columns",
            fix="use both parts of latent_parts in one pysindy.SINDy, with the whole feature "
            "library inside and without EnsembleOptimizer",
        )
    # A model that was scored between two fits leaves older trajectories in front.
    seen = record.trajectories[-len(record.blocks) :]
    matching = len(seen) == len(record.blocks) and all(
        np.array_equal(smoothed, block[:, : smoothed.shape[-1]])
        for (_, _, smoothed), block in zip(seen, record.blocks, strict=True)
    )
    if not matching:
        raise ProblemError(
            "the engine has not seen the trajectories with their times",
            why="PySINDy differentiates them only when x_dot is left out, and not in discrete time",
            fix="model.fit(x, t=...) of pysindy.SINDy, without x_dot",
        )
    return [time for time, _, _ in seen], [states for _, states, _ in seen]


def _table(result: Result, terms: tuple[str, ...]) -> Array:
    """Coefficients in the order of the features; a repeated feature gets none."""
    found = result.coefficients
    table = np.zeros((found.sizes["equation"], len(terms)))
    for k, term in enumerate(found["term"].values):
        table[:, terms.index(str(term))] = found.values[:, k]
    return table
