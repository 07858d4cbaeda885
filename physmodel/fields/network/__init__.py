"""Solutions as small networks."""
