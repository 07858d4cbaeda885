"""Step 1, what are we modelling: variables, units, expressions, symmetries and laws."""

from __future__ import annotations

from typing import TYPE_CHECKING

from physmodel.lazy import lazy_names

if TYPE_CHECKING:
    from physmodel.problem.finite import cyclic as cyclic
    from physmodel.problem.finite import mapped as mapped
    from physmodel.problem.finite import mirror as mirror
    from physmodel.problem.finite import parity as parity
    from physmodel.problem.finite import permutation as permutation
    from physmodel.problem.finite import reflection as reflection
    from physmodel.problem.finite import time_reversal as time_reversal
    from physmodel.problem.law import Law as Law
    from physmodel.problem.law_text import read_law as read_law
    from physmodel.problem.lie import galilean as galilean
    from physmodel.problem.lie import generated as generated
    from physmodel.problem.lie import phase as phase
    from physmodel.problem.lie import rotation as rotation
    from physmodel.problem.lie import scaling as scaling
    from physmodel.problem.lie import time_translation as time_translation
    from physmodel.problem.lie import translation as translation
    from physmodel.problem.problem import Problem as Problem
    from physmodel.problem.symmetry import Symmetry as Symmetry
    from physmodel.problem.symmetry import product_of as product_of
    from physmodel.problem.symmetry_text import read_symmetry as read_symmetry

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "Law": "physmodel.problem.law",
        "Problem": "physmodel.problem.problem",
        "Symmetry": "physmodel.problem.symmetry",
        "cyclic": "physmodel.problem.finite",
        "galilean": "physmodel.problem.lie",
        "generated": "physmodel.problem.lie",
        "mapped": "physmodel.problem.finite",
        "mirror": "physmodel.problem.finite",
        "parity": "physmodel.problem.finite",
        "permutation": "physmodel.problem.finite",
        "phase": "physmodel.problem.lie",
        "product_of": "physmodel.problem.symmetry",
        "read_law": "physmodel.problem.law_text",
        "read_symmetry": "physmodel.problem.symmetry_text",
        "reflection": "physmodel.problem.finite",
        "rotation": "physmodel.problem.lie",
        "scaling": "physmodel.problem.lie",
        "time_reversal": "physmodel.problem.finite",
        "time_translation": "physmodel.problem.lie",
        "translation": "physmodel.problem.lie",
    },
)
