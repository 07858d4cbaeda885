"""Dictionaries, given or learned: signals as few atoms, ``x = D a``, `D` a linear operator."""

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
from physmodel.optimizers.dictionary_learning import (
    ConvolutionalDictionary,
    LearnedDictionary,
    convolutional_dictionary_learning,
    encode,
    k_svd,
    method_of_optimal_directions,
    online_dictionary_learning,
)

__all__ = [
    "Band",
    "ConvolutionalDictionary",
    "Dictionary",
    "LearnedDictionary",
    "atom_matrix",
    "bandlet",
    "contourlet",
    "convolutional",
    "convolutional_dictionary_learning",
    "curvelet",
    "dct",
    "dmd",
    "encode",
    "from_atoms",
    "k_svd",
    "learned",
    "method_of_optimal_directions",
    "online_dictionary_learning",
    "pod",
    "stationary_wavelet",
    "steerable_pyramid",
    "union",
    "wavelet",
    "wavelet_packet",
]
