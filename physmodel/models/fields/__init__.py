"""Right-hand sides of equations of motion, with or without parameters."""
