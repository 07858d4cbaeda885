"""Symmetries: maps of states and time under which a law keeps its form, as plain data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from physmodel.errors import ProblemError
from physmodel.problem.algebra.expression import Expression, add, constant, product, variable
from physmodel.problem.known.affine import Affine, Array, placed
from physmodel.problem.known.conditions import Condition, Part, velocities_of

#: Elements of a finite group at most: all permutations of six particles.
LARGEST_GROUP = 720

#: Difference of two matrices below which two group elements are the same.
SAME = 1e-9


@dataclass(frozen=True, eq=False)
class Symmetry:
    """A group of affine maps of states, inputs and time, by its generators.

    Attributes
    ----------
    name : str
        As in ``symmetries = ["rotation:x,y"]``.
    variables : tuple of str
        States and inputs that are moved; rows of the matrices. Others stay as they are.
    elements : tuple of Affine
        Elements that generate the finite part.
    generators : tuple of Affine
        Generators of the one-parameter groups.
    """

    name: str
    variables: tuple[str, ...]
    elements: tuple[Affine, ...] = ()
    generators: tuple[Affine, ...] = ()

    def on(self, names: Sequence[str]) -> Symmetry:
        """The same symmetry with matrices over other variables, in their order.

        Parameters
        ----------
        names : sequence of str
            At least `variables`.

        Raises
        ------
        ProblemError
            If a variable is missing.
        """
        return replace(
            self,
            variables=tuple(names),
            elements=tuple(placed(one, self.variables, names) for one in self.elements),
            generators=tuple(placed(one, self.variables, names) for one in self.generators),
        )

    def group(self) -> tuple[Affine, ...]:
        """All elements of the finite part, the identity first.

        Raises
        ------
        ProblemError
            If there are more than `LARGEST_GROUP`.
        """
        found = [Affine(np.eye(len(self.variables) + 2))]
        for known in found:  # it grows while it is read
            for one in self.elements:
                new = one.after(known)
                if not any(np.abs(new.matrix - old.matrix).max() < SAME for old in found):
                    found.append(new)
            if len(found) > LARGEST_GROUP:
                raise ProblemError(
                    f"the symmetry {self.name!r} has more than {LARGEST_GROUP} elements",
                    fix="name fewer particles",
                )
        return tuple(found)

    def sample(self, count: int, seed: int = 0) -> tuple[Affine, ...]:
        """Random elements of the whole group, for tests and for averages.

        Returns
        -------
        tuple of Affine
            Products of flows of all generators, each by an amount in [-1, 1], and an element of
            the finite part.
        """
        rng = np.random.default_rng(seed)
        finite = self.group()
        drawn = []
        for _ in range(count):
            one = finite[rng.integers(len(finite))]
            for generator in self.generators:
                one = generator.flow(rng.uniform(-1.0, 1.0)).after(one)
            drawn.append(one)
        return tuple(drawn)

    def conditions(
        self, states: Sequence[str], inputs: Sequence[str], order: int
    ) -> tuple[Condition, ...]:
        """What the symmetry asks of a field ``f`` of some order.

        Parameters
        ----------
        states, inputs : sequence of str
        order : {1, 2}

        Returns
        -------
        tuple of Condition
            ``f(g z) = s^-order A f(z)`` for each element ``g``; for each generator its derivative
            at the identity, with velocities carried along (Olver 1993, Applications of Lie Groups
            to Differential Equations, section 2.3).

        Raises
        ------
        ProblemError
            If states are mixed with inputs, or if a boost asks for second order.
        """
        whole = self.on((*states, *inputs))
        found: list[Condition] = []
        for one in (*whole.elements, *whole.generators):
            _require_separate(self.name, one, len(states))
            if order == 1 and one.boost[: len(states)].any():
                raise ProblemError(
                    f"the symmetry {self.name!r} adds a velocity to states",
                    why="that fixes coefficients of first-order equations instead of relating them",
                    fix="model the positions alone, with order = 2",
                )
        for one in whole.elements:
            found += _finite(one, states, inputs, order)
        for one in whole.generators:
            found += _infinitesimal(one, states, inputs, order)
        return tuple(found)


def product_of(*symmetries: Symmetry) -> Symmetry:
    """The group generated by several symmetries together."""
    names = tuple(dict.fromkeys(name for one in symmetries for name in one.variables))
    placed_ones = [one.on(names) for one in symmetries]
    return Symmetry(
        " * ".join(one.name for one in symmetries),
        names,
        tuple(element for one in placed_ones for element in one.elements),
        tuple(generator for one in placed_ones for generator in one.generators),
    )


def _finite(
    one: Affine, states: Sequence[str], inputs: Sequence[str], order: int
) -> list[Condition]:
    moved = _image(one, states, inputs, order, exact=True)
    found = []
    for e, state in enumerate(states):
        back = [
            Part(other, constant(-float(weight) / one.time**order))
            for other, weight in zip(states, one.linear[e], strict=False)
            if weight
        ]
        found.append(Condition((Part(state, at=moved), *back)))
    return found


def _infinitesimal(
    one: Affine, states: Sequence[str], inputs: Sequence[str], order: int
) -> list[Condition]:
    field = _image(one, states, inputs, order, exact=False)
    found = []
    for e, state in enumerate(states):
        along = [Part(state, speed, (name,)) for name, speed in field]
        rates = one.linear[e, : len(states)].copy()
        rates[e] -= order * one.time
        back = [
            Part(other, constant(-float(rate)))
            for other, rate in zip(states, rates, strict=True)
            if rate
        ]
        found.append(Condition((*along, *back)))
    return found


def _image(
    one: Affine, states: Sequence[str], inputs: Sequence[str], order: int, *, exact: bool
) -> tuple[tuple[str, Expression], ...]:
    """Image of every variable that moves: a point (group element) or a speed (generator)."""
    names, d = (*states, *inputs), len(states)
    forms = {}
    for row, name in enumerate(names):
        forms[name] = _form(one.linear[row], names, one.boost[row], one.offset[row])
    for row, name in enumerate(velocities_of(states, order)):
        rates = one.linear[row, :d].copy()
        if exact:
            rates, added = rates / one.time, one.boost[row] / one.time
        else:
            rates[row] -= one.time
            added = one.boost[row]
        forms[name] = _form(rates, velocities_of(states, order), 0.0, added)
    forms["t"] = _form(np.empty(0), (), one.time, one.shift)
    still = {name: variable(name) if exact else Expression() for name in forms}
    return tuple((name, form) for name, form in forms.items() if form != still[name])


def _form(row: Array, names: Sequence[str], by_time: float, offset: float) -> Expression:
    terms = [product(constant(w), variable(n)) for n, w in zip(names, row, strict=True) if w]
    return add(*terms, product(constant(by_time), variable("t")), constant(offset))


def _require_separate(name: str, one: Affine, n_states: int) -> None:
    mixed = one.linear[:n_states, n_states:].any() or one.linear[n_states:, :n_states].any()
    if mixed:
        raise ProblemError(
            f"the symmetry {name!r} mixes states with inputs",
            why="an input has no equation to be compared with",
            fix="let it map states to states and inputs to inputs",
        )
