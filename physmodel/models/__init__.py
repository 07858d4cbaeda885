"""Step 3, architecture: term libraries, vector fields, integrators and simulated systems."""

from __future__ import annotations

from typing import TYPE_CHECKING

from physmodel.lazy import lazy_names

if TYPE_CHECKING:
    from physmodel.models.defect import law_defect as law_defect
    from physmodel.models.defect import symmetry_defect as symmetry_defect
    from physmodel.models.parametric_field import ParametricField as ParametricField
    from physmodel.models.switched_field import Gate as Gate
    from physmodel.models.switched_field import SwitchedField as SwitchedField
    from physmodel.models.vector_field import VectorField as VectorField

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "Gate": "physmodel.models.switched_field",
        "ParametricField": "physmodel.models.parametric_field",
        "SwitchedField": "physmodel.models.switched_field",
        "VectorField": "physmodel.models.vector_field",
        "law_defect": "physmodel.models.defect",
        "symmetry_defect": "physmodel.models.defect",
    },
)
