"""Sparse solvers for ``y = A x``: each takes a matrix, a Gram or an operator and certifies."""
