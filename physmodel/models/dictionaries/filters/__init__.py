"""Dictionaries of filters that halve: wavelets, packets, bandlets."""

from physmodel.errors import require

require("pywt", "wavelets")
