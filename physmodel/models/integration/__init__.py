"""Steps through time: adaptive, symplectic, constrained."""
