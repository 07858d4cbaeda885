"""Sparse descriptions put to use: noise, gaps, few measurements, sensors, few atoms."""

from physmodel.signals.atoms import FewAtoms, few_atoms
from physmodel.signals.denoising import Denoised, denoise
from physmodel.signals.filling import Filled, inpaint
from physmodel.signals.sensing import Recovered, compressed_sensing
from physmodel.signals.sensors import Sensors, sensor_placement
from physmodel.signals.tables import FilledTable, fill_table

__all__ = [
    "Denoised",
    "FewAtoms",
    "Filled",
    "FilledTable",
    "Recovered",
    "Sensors",
    "compressed_sensing",
    "denoise",
    "few_atoms",
    "fill_table",
    "inpaint",
    "sensor_placement",
]
