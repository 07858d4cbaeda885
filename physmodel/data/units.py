"""Units: read as text, combined to dimensionless groups, taken away from data."""

from physmodel.data.dimensionless import nondimensionalise, pi_groups
from physmodel.problem.measures.dimensions import PiGroup, rescalings
from physmodel.problem.measures.units import Unit, parse_unit

__all__ = ["PiGroup", "Unit", "nondimensionalise", "parse_unit", "pi_groups", "rescalings"]
