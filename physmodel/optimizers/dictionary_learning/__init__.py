"""Learning of dictionaries from signals: arrays in, unit atoms and sparse codes out."""

from physmodel.optimizers.dictionary_learning.coding import encode
from physmodel.optimizers.dictionary_learning.convolutional import (
    convolutional_dictionary_learning,
)
from physmodel.optimizers.dictionary_learning.k_svd import k_svd, method_of_optimal_directions
from physmodel.optimizers.dictionary_learning.online import online_dictionary_learning
from physmodel.optimizers.dictionary_learning.record import (
    ConvolutionalDictionary,
    LearnedDictionary,
    LearningStatus,
)

__all__ = [
    "ConvolutionalDictionary",
    "LearnedDictionary",
    "LearningStatus",
    "convolutional_dictionary_learning",
    "encode",
    "k_svd",
    "method_of_optimal_directions",
    "online_dictionary_learning",
]
