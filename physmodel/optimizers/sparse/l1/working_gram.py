"""The part of a Gram matrix that a sparse answer needs, grown as columns come into question.

Two records with one face. `Rows` holds inner products with *all* columns, so that a gradient costs
no pass over the data: right for many answers on a tall matrix. `Columns` holds inner products
among the known columns only and takes gradients from the residual: right for a wide matrix, and
for few answers on a tall one.

References
----------
Massias, Gramfort, Salmon (2018), ICML 80, 3315 (working sets);
Higham and Mary (2022), Acta Numer. 31, 347 (a system in single precision, its residual in double).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from physmodel.optimizers.sparse.design import Design

Array = NDArray[np.float64]
Index = NDArray[np.intp]

#: Least number of columns that become known at a time.
FIRST = 32
#: Gradients wait for memory. The rounds of one answer take as long as this many columns of the Gram
#: of a tall matrix; where many answers share a pass, each takes as long as the second number.
PASS, SHARED = 80, 6
#: Of so many columns one may have its row known before the whole Gram is formed. A row costs two
#: operations per entry, half of the symmetric Gram one: up to a third nothing is lost.
WHOLE = 3
#: Error of a Gram of unit columns in single precision. A relative gap below it is out of reach
#: without corrections.
SINGLE = 1e-7
#: Numbers of the matrix that are copied at once (64 MB).
CHUNK = 1 << 23


@dataclass
class Rows:
    """Inner products (w, p) of the known columns with all columns.

    `known` ``(w,)``, `rows` ``(w, p)``, `gram` ``(w, w)``. `single`: the products are right to
    single precision only: answers need to be verified.
    """

    design: Design
    known: Index
    rows: Array
    gram: Array
    single: bool = False

    @property
    def local(self) -> bool:
        """Whether the products serve only near a point whose gradient is known; never."""
        return False

    def room(self, used: int) -> int:
        """Columns to add at a time: each product reads the whole matrix once, so never few."""
        return max(FIRST, self.design.n_atoms // 10)

    def add(self, fresh: Index) -> None:
        """Make columns known; beyond a share of all, make all known."""
        if not len(fresh):
            return
        atoms = np.arange(self.design.n_atoms)
        known = np.concatenate([self.known, fresh])
        if WHOLE * len(known) <= len(atoms):
            added = self.design.adjoint(self.design.columns(fresh)).T
            self.known, self.rows = known, np.concatenate([self.rows, added])
            self.gram = self.rows[:, known]
        elif len(self.known):
            whole = self._completed(np.setdiff1d(atoms, self.known))
            self.known, self.rows, self.gram = atoms, whole, whole
        else:
            self.known, self.rows, self.gram = atoms, self.design.unit_gram, self.design.unit_gram

    def _completed(self, other: Index) -> Array:
        """The Gram (p, p) of unit columns, of which the products among `other` are new."""
        matrix, scale = self.design.matrix, self.design.scale
        assert matrix is not None  # noqa: S101
        whole = np.empty((len(scale), len(scale)))
        whole[self.known] = self.rows
        whole[:, self.known] = self.rows.T
        corner = np.zeros((len(other), len(other)))
        step = max(CHUNK // len(other), 1)
        for start in range(0, len(matrix), step):
            part = matrix[start : start + step, other]
            corner += part.T @ part
        whole[other[:, None], other] = corner / scale[other] / scale[other, None]
        return whole

    def left(self, design: Design, x: Array) -> tuple[Array, float]:
        """Gradient (p,) of one signal, and its squared residual to the rounding of its energy."""
        correlation = design.correlation[:, 0]
        value = x[self.known]
        used = np.flatnonzero(value)
        inside, value = self.known[used], value[used]
        left = correlation - value @ self.rows[used]
        rss = float(design.energy[0]) - float((correlation[inside] + left[inside]) @ value)
        return left, max(rss, 0.0)


@dataclass
class Columns:
    """The known columns (m, w) and their inner products (w, w).

    `known` ``(w,)``, `unit` ``(m, w)``, `gram` ``(w, w)``. `single`: the products are right to
    single precision only.
    """

    design: Design
    known: Index
    unit: Array
    gram: Array
    single: bool = False

    @property
    def local(self) -> bool:
        """Whether the products serve only near a point whose gradient is known."""
        return self.single

    def room(self, used: int) -> int:
        """Columns to add at a time: few more than needed, because each is in every gradient."""
        return max(FIRST, used // 4)

    def add(self, fresh: Index) -> None:
        """Make columns known."""
        if not len(fresh):
            return
        added = self.design.columns(fresh)
        corner, side = added.T @ added, self.unit.T @ added
        self.gram = np.block([[self.gram, side], [side.T, corner]]) if len(self.known) else corner
        self.unit = np.concatenate([self.unit, added], axis=1)
        self.known = np.concatenate([self.known, fresh])

    def left(self, design: Design, x: Array) -> tuple[Array, float]:
        """Gradient (p,) of one signal, and its squared residual."""
        residual = design.residual(x[:, None])
        return design.adjoint(residual)[:, 0], float(residual[:, 0] @ residual[:, 0])


WorkingGram: TypeAlias = Rows | Columns


def working_gram(design: Design, answers: int, tolerance: float = 0.0) -> WorkingGram:
    """The record that is cheapest for the shape of a matrix or Gram.

    `design`: its signals do not matter. `answers`: penalties times signals that it will serve.
    `tolerance`: duality gap, relative to the energy of the signal, that will do for answers that
    are verified; 0 keeps to double precision.
    """
    atoms = design.n_atoms
    if design.has_gram:
        return Rows(design, np.arange(atoms), design.unit_gram, design.unit_gram)
    # Costs in columns of a Gram; that of half the precision takes half the time.
    by_passes = PASS * answers
    by_half = 0.5 * atoms + SHARED * answers if tolerance >= SINGLE else np.inf
    if design.n_rows < atoms or by_passes < min(by_half, atoms):
        return no_columns(design)
    if by_half < atoms:
        gram = _single_gram(design)
        return Rows(design, np.arange(atoms), gram, gram, single=True)
    return Rows(design, np.empty(0, dtype=np.intp), np.empty((0, atoms)), np.empty((0, 0)))


def no_columns(design: Design) -> Columns:
    """A record that knows no columns yet."""
    none = np.empty(0, dtype=np.intp)
    return Columns(design, none, np.empty((design.n_rows, 0)), np.empty((0, 0)))


def near(working: WorkingGram) -> Columns:
    """The products of a Gram in single precision, to correct answers with."""
    return Columns(working.design, working.known, np.empty((0, 0)), working.gram, single=True)


def _single_gram(design: Design) -> Array:
    """The Gram (p, p) of unit columns, multiplied in single precision."""
    matrix = design.matrix
    assert matrix is not None  # noqa: S101
    gram = np.zeros((design.n_atoms, design.n_atoms), dtype=np.float32)
    step = max(CHUNK // design.n_atoms, 1)
    for start in range(0, design.n_rows, step):
        part = matrix[start : start + step]
        unit = np.empty_like(part, dtype=np.float32)
        np.multiply(part, 1.0 / design.scale, out=unit, casting="same_kind")
        gram += unit.T @ unit
    return gram.astype(float)
