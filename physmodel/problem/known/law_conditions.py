"""The linear conditions of each law on the terms of a vector field."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations, combinations_with_replacement

from physmodel.errors import ProblemError
from physmodel.problem.algebra.calculus import derivative, names_in
from physmodel.problem.algebra.expression import Expression, add, constant, product, variable
from physmodel.problem.known.conditions import Condition, Part, phase_variables, velocities_of
from physmodel.problem.known.law import Law

_MINUS = constant(-1.0)


def law_conditions(
    law: Law, states: Sequence[str], inputs: Sequence[str], order: int
) -> tuple[Condition, ...]:
    """What a law asks of a field of some order, as far as that is linear in the field.

    `order` ``{1, 2}``. Returns: empty for laws that are inequalities. Raises ProblemError if the
    law cannot be posed in this order, or not as a linear condition.
    """
    if order not in law.orders:
        raise ProblemError(
            f"the law {law.text!r} is one of order {law.orders[0]}, and the model has order {order}"
        )
    velocities = velocities_of(states, order)
    if law.kind == "balance":
        return (_balance(law, states, inputs, order),)
    if law.kind in {"energy", "damped-energy"}:
        return _energy(law, states, velocities)
    if law.kind == "hamiltonian":
        return _hamiltonian(law)
    if law.kind == "lagrangian":
        return _lagrangian(states, velocities)
    if law.kind == "gradient-flow":
        return _curl_free({name: Part(name) for name in states})
    if law.kind == "divergence-free":
        by = velocities or states
        return (Condition(tuple(Part(e, slopes=(v,)) for e, v in zip(states, by, strict=True))),)
    if law.kind == "equilibrium":
        rest = [(name, constant(value)) for name, value in law.point]
        rest += [(name, Expression()) for name in velocities]
        return tuple(Condition((Part(name, at=tuple(rest)),)) for name in states)
    return ()


def _balance(law: Law, states: Sequence[str], inputs: Sequence[str], order: int) -> Condition:
    quantity = law.quantity or Expression()
    velocities = velocities_of(states, order)
    for name in (*inputs, "t"):
        if name in names_in(quantity):
            raise ProblemError(
                f"the quantity of {law.text!r} holds {name!r}",
                why="its rate of change would not follow from the equations alone",
                fix="name a quantity of the states",
            )
    if order == 2:
        drift = add(
            *(
                product(derivative(quantity, state), variable(velocity))
                for state, velocity in zip(states, velocities, strict=True)
            )
        )
        if _expanded(drift, phase_variables(states, inputs, order)):
            raise ProblemError(
                f"the law {law.text!r} fixes coefficients of a second-order model instead of "
                "relating them",
                why="its rate of change has a part that no force can change",
                fix="for an energy with an unknown potential write conserves:energy; where the "
                "velocities are states themselves, set order = 1",
            )
    by = velocities or states
    parts = [
        Part(e, slope)
        for e, v in zip(states, by, strict=True)
        if (slope := derivative(quantity, v)).summands
    ]
    if not parts:
        raise ProblemError(
            f"the quantity of {law.text!r} depends on no state that the equations change"
        )
    return Condition(tuple(parts), law.channels)


def _expanded(expression: Expression, names: Sequence[str]) -> bool:
    """Whether something is left of an expression after multiplying out."""
    from physmodel.problem.algebra.polynomial import polynomial

    table = polynomial(expression, names)
    return bool(expression.summands) if table is None else bool(table)


def _energy(law: Law, states: Sequence[str], velocities: Sequence[str]) -> tuple[Condition, ...]:
    """Forces at rest are a gradient; in the conservative case the others do no work."""
    rest = tuple((name, Expression()) for name in velocities)
    found = [*_curl_free({name: Part(name, at=rest) for name in states})]
    if law.kind == "energy":
        power = [Part(e, variable(v)) for e, v in zip(states, velocities, strict=True)]
        resting = [
            Part(e, product(_MINUS, variable(v)), at=rest)
            for e, v in zip(states, velocities, strict=True)
        ]
        found.append(Condition((*power, *resting)))
    return tuple(found)


def _hamiltonian(law: Law) -> tuple[Condition, ...]:
    slopes = {}
    for q, p in law.pairs:
        slopes[q] = Part(p, _MINUS)  # dH/dq = -p'
        slopes[p] = Part(q)
    return _curl_free(slopes)


def _curl_free(gradient: dict[str, Part]) -> tuple[Condition, ...]:
    """The parts are the slopes of one potential: mixed derivatives agree."""
    found = []
    for (a, by_a), (b, by_b) in combinations(gradient.items(), 2):
        found.append(Condition((_differentiated(by_a, b), _differentiated(by_b, a, -1.0))))
    return tuple(found)


def _differentiated(part: Part, name: str, sign: float = 1.0) -> Part:
    return Part(part.equation, product(constant(sign), part.factor), (*part.slopes, name), part.at)


def _lagrangian(states: Sequence[str], velocities: Sequence[str]) -> tuple[Condition, ...]:
    """Helmholtz's conditions with the identity for a mass matrix.

    Forces are linear in the velocities with an antisymmetric matrix, and fields that follow from
    potentials (Santilli 1978, Foundations of Theoretical Mechanics I, section 3.4).
    """
    names = list(zip(states, velocities, strict=True))
    found = [
        Condition((Part(i, slopes=(w,)), Part(j, slopes=(v,))))
        for (i, v), (j, w) in combinations_with_replacement(names, 2)
    ]
    for (i, v), (j, w) in combinations(names, 2):
        curl = [Part(i, slopes=(j,)), Part(j, _MINUS, (i,))]
        path = [(x, product(constant(0.5), variable(u))) for x, u in names] + [("t", constant(0.5))]
        carried = [
            part
            for x, speed in path
            for part in (
                Part(i, product(_MINUS, speed), (w, x)),
                Part(j, speed, (v, x)),
            )
        ]
        found.append(Condition((*curl, *carried)))
    return tuple(found)
