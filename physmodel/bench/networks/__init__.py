"""Suites of networks: fitted, tuned, pruned."""
