"""Polynomial chaotic flows with known coefficients, and noisy records of them."""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from importlib import resources

import numpy as np
from numpy.typing import NDArray

from physmodel.errors import PhysmodelError
from physmodel.models.integration.integrate import integrate
from physmodel.models.terms import TermLibrary
from physmodel.problem.algebra.parser import parse
from physmodel.systems.equations import Equations

Array = NDArray[np.float64]

#: Samples per period and periods per record.
PER_PERIOD, PERIODS = 100, 10
#: Tolerance of the integration; noise-free coefficients are judged at 1e-10.
TOLERANCE = 1e-12
#: Lowest degree of the library: nobody is told the degree of a quadratic system.
LIBRARY_DEGREE = 3
#: Relative change of the coefficients of a perturbed system.
LARGEST_CHANGE = 0.1
#: Starts of a perturbed system, and how far from them it may move, in spreads of its starts.
TRIALS, ESCAPED = 5, 100.0


@dataclass(frozen=True)
class ChaoticSystem:
    """One flow.

    `starts` ``(s, d)``: points on the attractor, far apart.
    """

    name: str
    states: tuple[str, ...]
    degree: int
    period: float
    equations: Equations
    starts: Array

    @property
    def library_degree(self) -> int:
        """Degree of the library that every method gets."""
        return max(LIBRARY_DEGREE, self.degree)

    @cached_property
    def _field(self) -> tuple[TermLibrary, Array]:
        names = sorted({term for terms in self.equations.values() for term in terms})
        library = TermLibrary(self.states, tuple(parse(name, self.states) for name in names))
        table = [[self.equations[s].get(name, 0.0) for s in self.states] for name in names]
        return library, np.array(table)

    def trajectories(
        self, starts: Sequence[int], *, per_period: int = PER_PERIOD, periods: int = PERIODS
    ) -> tuple[Array, Array]:
        """Noise-free records.

        `starts`: start points, taken from the list cyclically. `per_period`, `periods`: samples per
        period and length of the records. Returns `time` ``(n,)``; `states` ``(k, n, d)``.
        """
        library, weights = self._field
        first = self.starts[np.array(starts) % len(self.starts)]
        time = np.linspace(0.0, periods * self.period, periods * per_period)

        # All records in one integration: one evaluation of the terms serves them all.
        def rhs(_now: float, flat: Array) -> Array:
            rates: Array = (library.evaluate(flat.reshape(first.shape)) @ weights).ravel()
            return rates

        flat = integrate(rhs, time, first.ravel(), rtol=TOLERANCE)
        return time, flat.reshape(len(time), *first.shape).transpose(1, 0, 2)

    def perturbed(self, seed: int) -> ChaoticSystem:
        """The same terms with every coefficient changed by up to a tenth.

        Returns: its starts lie on its own attractor. Where the changed flow escapes or comes to
        rest, another change is drawn, and after ten of them a smaller one.
        """
        rng = np.random.default_rng([seed, zlib.crc32(self.name.encode())])
        for attempt in range(60):
            size = LARGEST_CHANGE * 0.5 ** (attempt // 10)
            changed = {
                state: {term: value * (1.0 + rng.uniform(-size, size)) for term, value in terms}
                for state, terms in ((s, self.equations[s].items()) for s in self.states)
            }
            other = replace(self, equations=changed)
            starts = other._after_transient()
            if starts is not None:
                return replace(other, starts=starts)
        raise PhysmodelError(f"no bounded flow near {self.name} was found")

    def _after_transient(self) -> Array | None:
        """Points at the end of long records; None if one escapes or comes to rest."""
        library, weights = self._field
        first, spread = self.starts[:TRIALS], self.starts.std(axis=0)
        time = np.linspace(0.0, PERIODS * self.period, PERIODS * PER_PERIOD)

        def rhs(_now: float, flat: Array) -> Array:
            states = flat.reshape(first.shape)
            if (np.abs(states - first) > ESCAPED * spread.max()).any():
                raise PhysmodelError("escaped")
            rates: Array = (library.evaluate(states) @ weights).ravel()
            return rates

        try:
            flat = integrate(rhs, time, first.ravel(), rtol=1e-6)
        except PhysmodelError:
            return None
        late = flat.reshape(len(time), *first.shape)[len(time) // 2 :]
        moving = np.ptp(late, axis=0) > 0.1 * spread
        return late[-1] if moving.all() else None


def load_systems() -> list[ChaoticSystem]:
    """All flows, by name.

    References
    ----------
    Gilpin (2021), Chaos as an interpretable benchmark for forecasting and data-driven modelling,
    NeurIPS Datasets and Benchmarks.
    """
    source = resources.files("physmodel.datasets") / "chaotic-systems.json"
    entries = json.loads(source.read_text(encoding="utf-8"))["systems"]
    return [
        ChaoticSystem(
            entry["name"],
            tuple(entry["states"]),
            entry["degree"],
            entry["period"],
            entry["equations"],
            np.array(entry["starts"]),
        )
        for entry in entries
    ]
