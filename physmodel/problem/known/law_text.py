"""Read laws as they are named in problem files: ``conserves:x^2+v^2``."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from physmodel.errors import ProblemError
from physmodel.problem.algebra.parser import parse, suggestion
from physmodel.problem.known.conditions import phase_variables
from physmodel.problem.known.law import (
    Law,
    balance,
    conserved,
    dissipated,
    divergence_free,
    energy,
    equilibrium,
    gradient_flow,
    hamiltonian,
    lagrangian,
    positive,
)
from physmodel.problem.known.symmetry_text import assignments, bodies_of, numeric

#: Laws by name, each with an example.
EXAMPLES = {
    "conserves": "conserves:energy or conserves:x^2+v^2",
    "balance": "balance:x^2+v^2=v^2,u*v",
    "dissipates": "dissipates:energy or dissipates:x^2+v^2",
    "hamiltonian": "hamiltonian:q,p or hamiltonian:q1,p1;q2,p2",
    "lagrangian": "lagrangian",
    "gradient-flow": "gradient-flow",
    "divergence-free": "divergence-free",
    "positive": "positive:x,y",
    "equilibrium": "equilibrium or equilibrium:x=1,y=0",
}

#: Laws that take nothing after their name.
BARE: dict[str, Callable[[], Law]] = {
    "lagrangian": lagrangian,
    "gradient-flow": gradient_flow,
    "divergence-free": divergence_free,
}


def read_law(text: str, states: Sequence[str], inputs: Sequence[str] = ()) -> Law:
    """Read a law from its name.

    Parameters
    ----------
    text : str
        A kind and what it is about; see `EXAMPLES`. Quantities are expressions of the states
        and, in second order, of their velocities such as ``x_t``.
    states, inputs : sequence of str
        Variables of the model.

    Raises
    ------
    ProblemError
        For unknown kinds and variables, with the nearest known name.
    """
    kind, _, rest = (part.strip() for part in text.partition(":"))
    if kind not in EXAMPLES:
        raise ProblemError(
            f"{kind!r} is not a known law",
            where=f"law {text!r}",
            fix=suggestion(kind, EXAMPLES) + "known: " + ", ".join(EXAMPLES),
        )
    try:
        if kind in BARE:
            if rest:
                raise ProblemError(f"{kind} takes nothing after its name")
            return BARE[kind]()
        return _READ[kind](rest, states, inputs)
    except ProblemError as error:
        error.where = error.where or f"law {text!r}"
        error.fix = error.fix or f"such as {EXAMPLES[kind]}"
        raise


def _conserves(rest: str, states: Sequence[str], inputs: Sequence[str]) -> Law:
    if rest == "energy" and rest not in states:
        return energy()
    return conserved(parse(rest, phase_variables(states, inputs, 2)))


def _dissipates(rest: str, states: Sequence[str], inputs: Sequence[str]) -> Law:
    if rest == "energy" and rest not in states:
        return energy(damped=True)
    return dissipated(parse(rest, phase_variables(states, inputs, 2)))


def _balance(rest: str, states: Sequence[str], inputs: Sequence[str]) -> Law:
    quantity, equals, channels = rest.partition("=")
    if not equals:
        raise ProblemError("a balance says what the quantity changes through")
    names = phase_variables(states, inputs, 2)
    return balance(parse(quantity, names), [parse(part, names) for part in channels.split(",")])


def _hamiltonian(rest: str, states: Sequence[str], inputs: Sequence[str]) -> Law:
    pairs = bodies_of(rest, states) if rest else [tuple(states)]
    named = [name for pair in pairs for name in pair]
    if any(len(pair) != 2 for pair in pairs) or sorted(named) != sorted(states):
        raise ProblemError(
            "a Hamiltonian system is made of pairs of coordinate and momentum, each state in one",
            fix="such as hamiltonian:q,p or hamiltonian:q1,p1;q2,p2; for positions alone, "
            "lagrangian",
        )
    return hamiltonian(*((pair[0], pair[1]) for pair in pairs))


def _positive(rest: str, states: Sequence[str], inputs: Sequence[str]) -> Law:
    return positive(*bodies_of(rest, states)[0])


def _equilibrium(rest: str, states: Sequence[str], inputs: Sequence[str]) -> Law:
    if not rest:
        return equilibrium(dict.fromkeys(states, 0.0))
    return equilibrium(numeric(assignments(rest), (*states, *inputs)))


_READ: dict[str, Callable[[str, Sequence[str], Sequence[str]], Law]] = {
    "conserves": _conserves,
    "balance": _balance,
    "dissipates": _dissipates,
    "hamiltonian": _hamiltonian,
    "positive": _positive,
    "equilibrium": _equilibrium,
}
