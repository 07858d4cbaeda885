"""Conserved quantities and symmetries of pairwise central forces, which follow from their form."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from physmodel.bodies.orbits import unseen_of
from physmodel.conserved.quantity import Conserved
from physmodel.conserved.symmetries import FoundSymmetry
from physmodel.models.central_force import CentralForce

if TYPE_CHECKING:
    from physmodel.laws.result import Result

#: What the quantities are sums of; strengths play the part of masses.
FORMS = {
    "momentum": "sum of strength * velocity",
    "angular momentum": "sum of strength * position x velocity",
    "energy": "sum of strength * velocity^2 / 2 + pair potentials",
}


def central_invariants(law: Result) -> tuple[Conserved, ...]:
    """Momentum, energy and angular momentum with the strengths that were found.

    Parameters
    ----------
    law : Result
        Whose model is a `CentralForce`.

    Returns
    -------
    tuple of Conserved
        Conserved exactly by the form of the law (action equals reaction), so that `p_value` is
        one; the drift along the data shows the strengths that are missing or wrong. Momentum
        counts the unseen bodies that complete it, see `physmodel.bodies.unseen`.
    """
    strengths = law.laws[0]["strengths"] if law.laws else {}
    terms = {body: float(entry["value"]) for body, entry in strengths.items()}
    unseen = {f"unseen {k}": body.strength for k, body in enumerate(unseen_of(law.laws), 1)}
    return tuple(
        Conserved(
            FORMS[item.name],
            {**terms, **(unseen if item.name == "momentum" else {})},
            1.0,
            item.drift,
            item.name,
        )
        for item in law.conserved
    )


def central_symmetries(model: CentralForce) -> tuple[FoundSymmetry, ...]:
    """Symmetries of every pairwise central force: those of space and time, and one of scale."""
    n = model.n_axes
    bodies = [model.states[k : k + n] for k in range(0, len(model.states), n)]
    groups = ";".join(",".join(body) for body in bodies)
    # x'' ~ x^p under x -> a x, t -> b t asks for b^2 = a^(1 - p).
    time = Fraction((1.0 - model.exponent) / 2.0).limit_denominator(64)
    exponents = {state: time.denominator for state in model.states} | {"t": time.numerator}
    scaling = "scaling:" + ",".join(f"{k}={v}" for k, v in exponents.items() if v)
    named = {
        f"translation:{groups}": {"r": "1 (all bodies alike)"},
        f"rotation:{groups}": {"r": "w x r"},
        f"galilean:{groups}": {"r": "t"},
        scaling: {k: f"{v}*{k}" for k, v in exponents.items() if v},
        "time-reversal": {"t": "-t"},
    }
    return tuple(FoundSymmetry(name, change, 0.0, 1.0) for name, change in named.items())
