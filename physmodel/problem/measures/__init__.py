"""Units, dimensions and constants: what numbers are measured in."""
