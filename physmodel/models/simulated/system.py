"""The record of a simulated system: its equations, and everything that is known about them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class System:
    """A system of first-order equations with known truth.

    Attributes
    ----------
    id, title : str
    states : tuple of str
    parameters : mapping of str to float
    rhs : callable
        ``f(t, x) -> dx/dt``, both ``(d,)``; inputs are inside, as functions of time.
    equations : mapping of state to {canonical term: coefficient}, or None
        The same right-hand side as a sum of terms; None where it is no finite sum of them.
    order : int
        Order in time of the equations that a fit should find in `observed`.
    units : mapping of str to str
        Of states and inputs; ``"1"`` is a pure number.
    time_unit : str
    initial : mapping of str to (float, float)
        Range of the start value of each state.
    period : float
        Characteristic time: the period, or the typical time between two swings.
    transient : float
        Periods discarded before the record starts: above zero where there is an attractor on
        which the system keeps moving.
    invariants : mapping of str to callable
        Functions of the states ``(n, d) -> (n,)`` that stay constant.
    citation : str
    inputs : mapping of str to callable
        Signals ``(n,) -> (n,)`` of time that act on the system.
    observed : tuple of str
        States that a measurement would give; all of them when empty.
    positive : tuple of str
        States that cannot be negative.
    bodies : mapping of str to tuple of str
        Coordinates of bodies that act on each other.
    """

    id: str
    title: str
    states: tuple[str, ...]
    parameters: Mapping[str, float]
    rhs: Callable[[float, Array], Array]
    equations: Mapping[str, Mapping[str, float]] | None
    units: Mapping[str, str]
    time_unit: str
    initial: Mapping[str, tuple[float, float]]
    period: float
    citation: str
    order: int = 1
    transient: float = 0.0
    invariants: Mapping[str, Callable[[Array], Array]] = field(default_factory=dict)
    inputs: Mapping[str, Callable[[Array], Array]] = field(default_factory=dict)
    observed: tuple[str, ...] = ()
    positive: tuple[str, ...] = ()
    bodies: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns of a record: observed states, then inputs."""
        return (*(self.observed or self.states), *self.inputs)

    @property
    def problem(self) -> dict[str, Any]:
        """What an experimenter would know beforehand, as `Problem.from_mapping` reads it."""
        table: dict[str, Any] = {
            "states": list(self.observed or self.states),
            "order": self.order,
        }
        if self.inputs:
            table["inputs"] = list(self.inputs)
        if self.positive:
            table["positive"] = list(self.positive)
        if self.bodies:
            table["bodies"] = {body: list(axes) for body, axes in self.bodies.items()}
        return table
