"""Step 3, architecture: term libraries, vector fields, integrators and simulated systems."""

from __future__ import annotations

from typing import TYPE_CHECKING

from physmodel.lazy import lazy_names

if TYPE_CHECKING:
    from physmodel.models.defect import law_defect as law_defect
    from physmodel.models.defect import symmetry_defect as symmetry_defect
    from physmodel.models.fields.parametric_field import ParametricField as ParametricField
    from physmodel.models.fields.switched_field import Gate as Gate
    from physmodel.models.fields.switched_field import SwitchedField as SwitchedField
    from physmodel.models.fields.vector_field import VectorField as VectorField

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "Gate": "physmodel.models.fields.switched_field",
        "ParametricField": "physmodel.models.fields.parametric_field",
        "SwitchedField": "physmodel.models.fields.switched_field",
        "VectorField": "physmodel.models.fields.vector_field",
        "law_defect": "physmodel.models.defect",
        "symmetry_defect": "physmodel.models.defect",
    },
)
