"""Step 3, architecture: term libraries, vector fields, integrators and simulated systems."""
