"""Checks and Hypothesis strategies for the tests of physmodel and of its users.

A check takes an object and ends in an ``AssertionError`` with a sentence: what fails, where, and by
how much. A strategy says what is valid, not how it is distributed.
"""

from physmodel.testing.dictionary import check_dictionary
from physmodel.testing.dynamics import (
    Hamiltonian,
    hamiltonians,
    permutations,
    polynomial_systems,
    rotations,
)
from physmodel.testing.field import check_field
from physmodel.testing.hostile import check_any_input
from physmodel.testing.integrator import check_integrator
from physmodel.testing.law import check_law
from physmodel.testing.odd import odd_trajectories
from physmodel.testing.solver import check_solver
from physmodel.testing.strategies import (
    BadArrays,
    bad_arrays,
    times,
    trajectories,
    unit_scalings,
)
from physmodel.testing.symmetry import check_symmetry

__all__ = [
    "BadArrays",
    "Hamiltonian",
    "bad_arrays",
    "check_any_input",
    "check_dictionary",
    "check_field",
    "check_integrator",
    "check_law",
    "check_solver",
    "check_symmetry",
    "hamiltonians",
    "odd_trajectories",
    "permutations",
    "polynomial_systems",
    "rotations",
    "times",
    "trajectories",
    "unit_scalings",
]
