"""ODEBench: 63 autonomous systems of one to four states, two starts each, and records of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property, partial
from importlib import resources

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import solve_ivp
from scipy.signal import savgol_filter

from physmodel.models.fields.expression_field import ExpressionField, expression_field
from physmodel.models.fields.vector_field import simulate
from physmodel.problem.algebra.expression import Expression, add, constant, power, product, wrap
from physmodel.systems.equations import Equations

Array = NDArray[np.float64]

#: Tolerance of the true trajectories.
TOLERANCE = 1e-12
#: How the published trajectories were integrated.
PUBLISHED = {"method": "LSODA", "rtol": 1e-5, "atol": 1e-7, "first_step": 1e-6, "min_step": 1e-10}
#: The window and the order of the filter, and the noise before it.
WINDOW, ORDER, FILTERED_NOISE = 11, 3, 0.01
DIGITS = 3


@dataclass(frozen=True)
class OdeSystem:
    """A system with its two starts.

    `number`: as ODEBench counts, from 1. `kind`: ``polynomial``, or what else stands in the
    equations. `texts`: right-hand side of each state. `starts` ``(2, d)``, `time` ``(n,)``.
    """

    number: int
    title: str
    kind: str
    states: tuple[str, ...]
    texts: tuple[str, ...]
    starts: Array
    time: Array

    @cached_property
    def field(self) -> ExpressionField:
        """The true vector field."""
        return expression_field(dict(zip(self.states, self.texts, strict=True)), order=1)

    @cached_property
    def equations(self) -> Equations:
        """The true terms, multiplied out: state to canonical term to coefficient."""
        return {
            state: {str(Expression(((inner, 1.0),))): c for inner, c in expanded(right).summands}
            for state, right in zip(self.states, self.field.expressions, strict=True)
        }

    @cached_property
    def exact(self) -> tuple[Array, Array]:
        """The trajectories from both starts, ``(n, d)``, to the tolerance `TOLERANCE`."""
        first, second = self.starts
        return (
            simulate(self.field, self.time, first, rtol=TOLERANCE),
            simulate(self.field, self.time, second, rtol=TOLERANCE),
        )

    def rate(self, state: Array) -> Array:
        """True rates ``(d,)`` at a state."""
        rates: Array = self.field.rate(np.zeros(1), state[None, :], None, np.empty((1, 0)))[0]
        return rates


def expanded(expression: Expression) -> Expression:
    """The same expression with products and whole powers of sums multiplied out.

    Returns: sums in denominators and in functions stay as they are.
    """
    terms = []
    for inner, number in expression.summands:
        products = [constant(number)]
        for base, exponent in inner.factors:
            whole = isinstance(base, Expression) and exponent.denominator == 1 and exponent > 0
            if isinstance(base, Expression) and whole:
                choices = [Expression((summand,)) for summand in expanded(base).summands]
                for _ in range(int(exponent)):
                    products = [product(left, right) for left in products for right in choices]
            else:
                products = [product(left, power(wrap(base), exponent)) for left in products]
        terms += products
    return add(*terms)


@cache
def load_systems() -> dict[int, OdeSystem]:
    """All systems by number.

    References
    ----------
    d'Ascoli, Becker, Mathis, Schwaller, Kilbertus (2024), ODEFormer: symbolic regression of
    dynamical systems with transformers, ICLR.
    """
    source = resources.files("physmodel.datasets") / "odebench-systems.json"
    content = json.loads(source.read_text(encoding="utf-8"))
    time = np.linspace(0.0, content["end"], content["samples"])
    return {
        entry["id"]: OdeSystem(
            entry["id"],
            entry["title"],
            entry["kind"],
            tuple(f"x_{k}" for k in range(len(entry["equations"]))),
            tuple(entry["equations"]),
            np.array(entry["starts"]),
            time,
        )
        for entry in content["systems"]
    }


def _exact(system: OdeSystem, seed: int) -> tuple[Array, Array]:
    return system.time, system.exact[0]


def _integrated(settings: dict[str, object], system: OdeSystem, seed: int) -> tuple[Array, Array]:
    """The first trajectory as SciPy makes it with some settings."""
    span = (system.time[0], system.time[-1])
    start = system.starts[0]
    with np.errstate(all="ignore"):  # a trial step may overflow; a shorter one follows
        run = solve_ivp(
            lambda _, state: system.rate(state), span, start, t_eval=system.time, **settings
        )
    return system.time, np.asarray(run.y.T)


def _noisy(level: float, system: OdeSystem, seed: int) -> tuple[Array, Array]:
    """Noise in proportion to each value, drawn as the evaluation of ODEBench draws it."""
    clean = system.exact[0]
    rng = np.random.RandomState(1000 * seed + system.number)
    return system.time, clean * (1.0 + level * rng.randn(*clean.shape))


def _filtered(system: OdeSystem, seed: int) -> tuple[Array, Array]:
    """Neighbouring samples of a filtered record share their errors."""
    time, measured = _noisy(FILTERED_NOISE, system, seed)
    return time, np.asarray(savgol_filter(measured, WINDOW, ORDER, axis=0))


def _quantised(system: OdeSystem, seed: int) -> tuple[Array, Array]:
    """Values as an instrument or a table gives them, with three significant digits."""
    clean = system.exact[0]
    size = np.abs(clean)
    place = np.floor(np.log10(size, out=np.zeros_like(size), where=size > 0.0))
    step = 10.0 ** (place - (DIGITS - 1))
    return system.time, np.round(clean / step) * step


def _half(system: OdeSystem, seed: int) -> tuple[Array, Array]:
    return system.time[::2], system.exact[0][::2]


#: What a method gets to see: times and states of the first trajectory, for a system and a seed.
CELLS: dict[str, Callable[[OdeSystem, int], tuple[Array, Array]]] = {
    "exact": _exact,
    "rtol-1e-5": partial(_integrated, PUBLISHED),
    "rtol-1e-3": partial(_integrated, {}),
    "filtered": _filtered,
    "quantised": _quantised,
    "noise-1": partial(_noisy, 0.01),
    "noise-5": partial(_noisy, 0.05),
    "noise-10": partial(_noisy, 0.1),
    "half": _half,
}
#: Cells that differ from seed to seed.
RANDOM = ("filtered", "noise-1", "noise-5", "noise-10")
