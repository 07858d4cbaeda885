"""Dictionaries of windows on the Fourier plane: curvelets, pyramids, stationary wavelets."""
