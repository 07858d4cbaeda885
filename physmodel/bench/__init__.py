"""Reproducible benchmarks: our engine and its peers on the same data in the same run."""
