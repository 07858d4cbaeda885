"""Step 1, what are we modelling: variables, units, expressions, symmetries and laws."""

from __future__ import annotations

from typing import TYPE_CHECKING

from physmodel.lazy import lazy_names

if TYPE_CHECKING:
    from physmodel.problem.known.finite import cyclic as cyclic
    from physmodel.problem.known.finite import mapped as mapped
    from physmodel.problem.known.finite import mirror as mirror
    from physmodel.problem.known.finite import parity as parity
    from physmodel.problem.known.finite import permutation as permutation
    from physmodel.problem.known.finite import reflection as reflection
    from physmodel.problem.known.finite import time_reversal as time_reversal
    from physmodel.problem.known.law import Law as Law
    from physmodel.problem.known.law_text import read_law as read_law
    from physmodel.problem.known.lie import galilean as galilean
    from physmodel.problem.known.lie import generated as generated
    from physmodel.problem.known.lie import phase as phase
    from physmodel.problem.known.lie import rotation as rotation
    from physmodel.problem.known.lie import scaling as scaling
    from physmodel.problem.known.lie import time_translation as time_translation
    from physmodel.problem.known.lie import translation as translation
    from physmodel.problem.known.symmetry import Symmetry as Symmetry
    from physmodel.problem.known.symmetry import product_of as product_of
    from physmodel.problem.known.symmetry_text import read_symmetry as read_symmetry
    from physmodel.problem.problem import Problem as Problem

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "Law": "physmodel.problem.known.law",
        "Problem": "physmodel.problem.problem",
        "Symmetry": "physmodel.problem.known.symmetry",
        "cyclic": "physmodel.problem.known.finite",
        "galilean": "physmodel.problem.known.lie",
        "generated": "physmodel.problem.known.lie",
        "mapped": "physmodel.problem.known.finite",
        "mirror": "physmodel.problem.known.finite",
        "parity": "physmodel.problem.known.finite",
        "permutation": "physmodel.problem.known.finite",
        "phase": "physmodel.problem.known.lie",
        "product_of": "physmodel.problem.known.symmetry",
        "read_law": "physmodel.problem.known.law_text",
        "read_symmetry": "physmodel.problem.known.symmetry_text",
        "reflection": "physmodel.problem.known.finite",
        "rotation": "physmodel.problem.known.lie",
        "scaling": "physmodel.problem.known.lie",
        "time_reversal": "physmodel.problem.known.finite",
        "time_translation": "physmodel.problem.known.lie",
        "translation": "physmodel.problem.known.lie",
    },
)
