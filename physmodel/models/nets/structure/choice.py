"""From laws and symmetries that are known to the networks that keep them exactly."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from numpy.typing import NDArray

from physmodel.errors import ProblemError
from physmodel.models.nets.form import Form
from physmodel.models.nets.known_scalar import KnownScalar
from physmodel.models.nets.mlp import MLPField, MLPScalar
from physmodel.models.nets.restricted import AtRest, Positive
from physmodel.models.nets.scaled import ScaledForm
from physmodel.models.nets.scaling import Scaling, scaling_of
from physmodel.models.nets.structure.dissipative import GradientFlow
from physmodel.models.nets.structure.divergence_free import DivergenceFree
from physmodel.models.nets.structure.hamiltonian import Hamiltonian
from physmodel.models.nets.structure.mechanical import Mechanical
from physmodel.models.nets.structure.port_hamiltonian import PortHamiltonian
from physmodel.models.nets.symmetry.equivariant import symmetrised
from physmodel.optimizers.reading import real_numbers
from physmodel.problem.checks import names_list
from physmodel.problem.known.law import Law
from physmodel.problem.known.symmetry import Symmetry, product_of

Array = NDArray[np.float64]

#: Laws of fields that inputs do not enter.
CLOSED = ("hamiltonian", "energy", "damped-energy", "lagrangian", "gradient-flow")


def form_for(
    states: Sequence[str],
    inputs: Sequence[str] = (),
    *,
    order: int = 1,
    laws: Sequence[Law] = (),
    symmetries: Sequence[Symmetry] = (),
    hidden: tuple[int, ...] = (16,),
    samples: tuple[Array, Array] | None = None,
) -> Form:
    """Networks that obey what is known, for any parameters.

    Parameters
    ----------
    states, inputs : sequence of str
    order : {1, 2}
    laws : sequence of Law
        See `physmodel.problem.known.knowledge.laws_of` for those of a problem. One at a time.
    symmetries : sequence of Symmetry
    hidden : tuple of int
        Widths of the hidden layers.
    samples : (ndarray (n, d + m), ndarray (n, d)), optional
        States with inputs, and highest derivatives, to take scales from; without them variables
        are taken to be of unit size.

    Raises
    ------
    ProblemError
        If laws cannot be kept exactly, or not together; the message names them.
    """
    states, inputs = names_list("states", states), names_list("inputs", inputs)
    names = (*states, *inputs)
    if not states or len(set(names)) < len(names) or order not in (1, 2):
        raise ProblemError(
            f"equations of order {order!r} for {', '.join(names) or 'nothing'}",
            fix="name each state and input once; the order is 1 or 2",
        )
    if not all(isinstance(one, Law) for one in laws):
        raise ProblemError(
            f"{laws!r} are no laws", fix="make them: physmodel.problem.known.knowledge.laws_of"
        )
    if not all(isinstance(one, Symmetry) for one in symmetries):
        raise ProblemError(
            f"{symmetries!r} are no symmetries", fix="see physmodel.problem.known.knowledge"
        )
    law = _only(laws)
    frame = _Frame(tuple(states), tuple(inputs), order, hidden)
    if law is not None:
        if order not in law.orders:
            raise _refusal(law, f"it is no law of equations of order {order}")
        if inputs and law.kind in (*CLOSED, "divergence-free"):
            raise _refusal(law, "with inputs no network keeps it")
    whole = product_of(*symmetries).on(names) if symmetries else None
    if samples is not None:
        samples = _checked(samples, len(names), len(states))
        shared, centred = _tied(law, frame)
        moved = () if whole is None else (whole,)
        scaling = scaling_of(*samples, order, shared=shared, centred=centred, symmetries=moved)
        frame = replace(frame, scaling=scaling, values=np.asarray(samples[0]))
    form = MAKERS[law.kind](law, frame) if law is not None else _plain(frame)
    if whole is not None:
        inside = whole if frame.scaling is None else frame.scaling.inside(whole)
        form = symmetrised(form, inside, names)
    return form if frame.scaling is None else ScaledForm(form, frame.scaling)


@dataclass(frozen=True, eq=False)
class _Frame:
    """What every maker needs: names, order, widths; samples and their scales if there are any."""

    states: tuple[str, ...]
    inputs: tuple[str, ...]
    order: int
    hidden: tuple[int, ...]
    scaling: Scaling | None = None
    values: Array = field(default_factory=lambda: np.empty((0, 0)))

    @property
    def scalar(self) -> MLPScalar:
        return MLPScalar(len(self.states), self.hidden)


def _plain(frame: _Frame) -> MLPField:
    return MLPField(len(frame.states), len(frame.inputs), frame.order, frame.hidden)


def _pairs(law: Law, frame: _Frame) -> tuple[tuple[int, int], ...]:
    return tuple((frame.states.index(q), frame.states.index(p)) for q, p in law.pairs)


def _hamiltonian(law: Law, frame: _Frame) -> Form:
    pairs = _pairs(law, frame)
    half = len(frame.states) // 2
    usual = pairs == tuple((k, k + half) for k in range(half))
    return Hamiltonian(frame.scalar, None if usual else pairs)


def _known(law: Law, frame: _Frame) -> Form:
    """Fields that keep or lose a given quantity: ``(J - R) grad C`` with networks ``J``, ``R``."""
    if law.quantity is None or law.channels:
        raise _refusal(law, "channels are not built into networks")
    if frame.order == 2 or frame.inputs:
        raise _refusal(law, "quantities are built into networks of first order without inputs")
    quantity, scaling = KnownScalar(frame.states, str(law.quantity)), frame.scaling
    if scaling is not None:
        quantity = replace(quantity, centre=scaling.centre, scale=scaling.scale)
        inside = torch.tensor((frame.values - np.array(scaling.centre)) / np.array(scaling.scale))
        size = float(quantity.gradient(torch.empty(0), inside).square().mean().sqrt())
        if not np.isfinite(size) or size == 0.0:
            raise _refusal(law, "the quantity has no finite slope where the samples are")
        quantity = replace(quantity, unit=size)
    return PortHamiltonian(quantity, 0, law.kind == "dissipation", frame.hidden)


def _at_rest(law: Law, frame: _Frame) -> Form:
    point = dict(law.point)
    d = len(frame.states)
    places, values = [], []
    for name, value in point.items():
        place = (*frame.states, *frame.inputs).index(name)
        if frame.scaling is not None:
            value = (value - frame.scaling.centre[place]) / frame.scaling.scale[place]
        places.append(place if place < d or frame.order == 1 else place + d)
        values.append(float(value))
    if frame.order == 2:
        places += range(d, 2 * d)
        values += [0.0] * d
    return AtRest(_plain(frame), tuple(places), tuple(values))


def _mechanical(law: Law, frame: _Frame) -> Form:
    magnetic = frame.hidden if law.kind == "lagrangian" else None
    return Mechanical(frame.scalar, magnetic, law.kind == "damped-energy", frame.hidden)


#: How each kind of law becomes a form.
MAKERS: dict[str, Callable[[Law, _Frame], Form]] = {
    "hamiltonian": _hamiltonian,
    "balance": _known,
    "dissipation": _known,
    "energy": _mechanical,
    "damped-energy": _mechanical,
    "lagrangian": _mechanical,
    "gradient-flow": lambda law, frame: GradientFlow(frame.scalar, metric=False),
    "divergence-free": lambda law, frame: _divergence_free(law, frame),
    "positive": lambda law, frame: Positive(
        _plain(frame), tuple(frame.states.index(name) for name in law.names)
    ),
    "equilibrium": _at_rest,
}


def _divergence_free(law: Law, frame: _Frame) -> Form:
    if frame.order == 2:
        raise _refusal(law, "networks are built without divergence in first order only")
    return DivergenceFree(len(frame.states), frame.hidden)


def _tied(law: Law | None, frame: _Frame) -> tuple[list[list[int]], list[int]]:
    """Variables that share a scale, and those whose zero has a meaning, under a law."""
    if law is None:
        return [], []
    if law.kind == "hamiltonian":
        pairs = _pairs(law, frame)
        return [[q for q, _ in pairs], [p for _, p in pairs]], []
    if law.kind in CLOSED:
        return [list(range(len(frame.states)))], []
    return [], [frame.states.index(name) for name in law.names]


def _checked(samples: tuple[Array, Array], wide: int, rates: int) -> tuple[Array, Array]:
    """States with inputs, and highest derivatives, as tables of as many rows."""
    if not isinstance(samples, Sequence) or len(samples) != 2:
        raise ProblemError("samples are no pair", fix="give states with inputs, and derivatives")
    values, slopes = (real_numbers(table, "samples") for table in samples)
    if values.shape != (len(values), wide) or slopes.shape != (len(values), rates):
        raise ProblemError(
            f"samples have the shapes {values.shape} and {slopes.shape}",
            why=f"there are {wide} variables and {rates} derivatives",
            fix="give a row for each sample in both",
        )
    return values, slopes


def _only(laws: Sequence[Law]) -> Law | None:
    if len(laws) > 1:
        raise ProblemError(
            "networks keep one law at a time exactly, not "
            + " and ".join(law.text for law in laws),
            fix="name the one that matters most, and check the others after the fit",
        )
    return laws[0] if laws else None


def _refusal(law: Law, why: str) -> ProblemError:
    return ProblemError(
        f"no network keeps the law {law.text} exactly",
        why=why,
        fix="impose it on a sparse model, or leave it out and check it after the fit",
    )
