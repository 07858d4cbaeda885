"""Sparse descriptions put to use: noise, gaps, few measurements, sensors, few atoms."""

from physmodel.discovery.signals.atoms import FewAtoms, few_atoms
from physmodel.discovery.signals.denoising import Denoised, denoise
from physmodel.discovery.signals.filling import Filled, inpaint
from physmodel.discovery.signals.sensing import Recovered, compressed_sensing
from physmodel.discovery.signals.sensors import Sensors, sensor_placement
from physmodel.discovery.signals.tables import FilledTable, fill_table

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
