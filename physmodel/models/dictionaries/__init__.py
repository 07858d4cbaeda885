"""Dictionaries: signals as sums of few atoms, ``x = D a``, each `D` a linear operator."""

from physmodel.models.dictionaries.cosine import dct
from physmodel.models.dictionaries.dictionary import Band, Dictionary
from physmodel.models.dictionaries.filters.bandlets import bandlet
from physmodel.models.dictionaries.filters.wavelets import wavelet, wavelet_packet
from physmodel.models.dictionaries.joint import union
from physmodel.models.dictionaries.learned import atom_matrix, convolutional, learned
from physmodel.models.dictionaries.modes import dmd, from_atoms, pod
from physmodel.models.dictionaries.windows.directional import contourlet, curvelet
from physmodel.models.dictionaries.windows.stationary import stationary_wavelet
from physmodel.models.dictionaries.windows.steerable import steerable_pyramid

__all__ = [
    "Band",
    "Dictionary",
    "atom_matrix",
    "bandlet",
    "contourlet",
    "convolutional",
    "curvelet",
    "dct",
    "dmd",
    "from_atoms",
    "learned",
    "pod",
    "stationary_wavelet",
    "steerable_pyramid",
    "union",
    "wavelet",
    "wavelet_packet",
]
