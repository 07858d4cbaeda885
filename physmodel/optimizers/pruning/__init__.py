"""Weights that a trained network can do without: the optimal brain surgeon."""
