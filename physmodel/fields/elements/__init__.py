"""Solutions as polynomials on spectral elements."""
