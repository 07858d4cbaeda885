"""Dictionaries of filters that halve: wavelets, packets, bandlets."""
