"""The four noisy systems of the paper on symmetry-informed discovery, and how each is recorded."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from physmodel.models.integration.integrate import integrate
from physmodel.systems.symmetry import Records, SymmetryCase

Array = NDArray[np.float64]

#: Samples per trajectory.
SAMPLES = 100


@dataclass(frozen=True)
class Generator:
    """One of the noisy systems of the paper of Yang et al.

    `starts`: initial states ``(k, d)`` from a generator of random numbers. `span`: duration of a
    trajectory. `noise`: share of the spread of each state over all trajectories. `proportional`:
    noise is a share of each value instead.

    References
    ----------
    Yang, Rao, Dehmamy, Walters, Yu (2024), Symmetry-informed governing equation discovery,
    arXiv:2405.16756, section 5: systems, starts, spans, numbers of trajectories and noise.
    """

    case: SymmetryCase
    starts: Callable[[np.random.Generator], Array]
    span: float
    noise: float
    proportional: bool = False

    def records(self, seed: int) -> Records:
        """Noisy trajectories of one draw.

        Returns `times, states`: `SAMPLES` each. The paper smooths ten to a hundred times as many,
        and then keeps some.
        """
        rng = np.random.default_rng(seed)
        first = self.starts(rng)
        time = np.linspace(0.0, self.span, SAMPLES, endpoint=False)
        count, none = np.zeros(len(first)), np.empty((len(first), 0))

        def rhs(_now: float, flat: Array) -> Array:
            return self.case.field.rate(count, flat.reshape(first.shape), None, none).ravel()

        flat = integrate(rhs, time, first.ravel(), rtol=1e-9)
        clean = flat.reshape(len(time), *first.shape)
        size = clean if self.proportional else clean.std(axis=(0, 1))
        noisy = clean + self.noise * size * rng.standard_normal(clean.shape)
        return [time] * len(first), list(noisy.transpose(1, 0, 2))


def _ring(rng: np.random.Generator) -> Array:
    radius, angle = rng.uniform(0.5, 2.0, 50), rng.uniform(0.0, 2.0 * np.pi, 50)
    return np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])


def _square(count: int, low: float, high: float) -> Callable[[np.random.Generator], Array]:
    return lambda rng: rng.uniform(low, high, (count, 2))


def _orbits(rng: np.random.Generator) -> Array:
    """Logarithms of populations whose conserved quantity is between 3 and 4.5.

    A quarter of the trajectories of the paper.
    """
    drawn = np.log(rng.uniform(0.0, 1.0, (20_000, 2)))
    x, y = drawn.T
    level = np.exp(x) - x + 4.0 / 3.0 * np.exp(y) - 2.0 / 3.0 * y
    return np.asarray(drawn[(level >= 3.0) & (level <= 4.5)][:50])


def _plane(
    name: str,
    x: Mapping[str, float],
    y: Mapping[str, float],
    degree: int,
    functions: Sequence[str] = (),
    symmetries: Sequence[str] = (),
    laws: Sequence[str] = (),
) -> SymmetryCase:
    equations = {"x": dict(x), "y": dict(y)}
    return SymmetryCase(
        name, ("x", "y"), equations, degree, tuple(functions), tuple(symmetries), tuple(laws)
    )


#: Where the paper learns a symmetry with a network (Lotka-Volterra, Selkov), none that is affine
#: exists; that Lotka-Volterra is Hamiltonian in the logarithms is stated instead, for Selkov
#: nothing.
GENERATORS: dict[str, Generator] = {
    "damped-oscillator": Generator(
        _plane(
            "damped-oscillator",
            {"x": -0.1, "y": -1.0},
            {"x": 1.0, "y": -0.1},
            2,
            symmetries=["rotation:x,y"],
        ),
        _ring,
        20.0,
        0.2,
    ),
    "growth": Generator(
        _plane("growth", {"x": -0.3, "y^2": 0.1}, {"y": 1.0}, 2, symmetries=["scaling:x=2,y=1"]),
        _square(100, 0.2, 1.0),
        2.0,
        0.05,
        proportional=True,
    ),
    "lotka-volterra": Generator(
        _plane(
            "lotka-volterra",
            {"1": 2.0 / 3.0, "exp(y)": -4.0 / 3.0},
            {"1": -1.0, "exp(x)": 1.0},
            2,
            functions=["exp"],
            laws=["hamiltonian:x,y"],
        ),
        _orbits,
        20.0,
        0.99,
    ),
    "selkov": Generator(
        _plane(
            "selkov",
            {"1": 0.75, "x": -0.1, "x*y^2": -1.0},
            {"x": 0.1, "y": -1.0, "x*y^2": 1.0},
            3,
        ),
        _square(10, 0.5, 1.0),
        20.0,
        0.2,
    ),
}
